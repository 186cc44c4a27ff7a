"""Peers: every method that is not ours, each behind the type `Inpaint`."""

from restauro.baselines.biharmonic import biharmonic
from restauro.baselines.mean import mean_colour
from restauro.baselines.onnx_peer import OnnxPeer
from restauro.baselines.opencv import navier_stokes, telea
from restauro.baselines.patch_match import patch_match
from restauro.baselines.peer_description import PEERS, PeerDescription, read_peer

__all__ = [
    "PEERS",
    "OnnxPeer",
    "PeerDescription",
    "biharmonic",
    "mean_colour",
    "navier_stokes",
    "patch_match",
    "read_peer",
    "telea",
]
