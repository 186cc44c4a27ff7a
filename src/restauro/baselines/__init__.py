"""Peers: every method that is not ours, each behind the type `Inpaint`."""

from restauro.baselines.opencv import navier_stokes, telea

__all__ = ["navier_stokes", "telea"]
