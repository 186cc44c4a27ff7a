"""Trains and scores the networks of the Catania paper again, and writes how they compare with it.

The paper is the reference system of docs/reference.md.
"""
