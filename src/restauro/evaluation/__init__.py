"""Plots, reports and the reproduction of the reference system."""
