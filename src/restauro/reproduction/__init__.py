"""Trains and scores the networks of the Catania paper again, and writes how they compare."""
