"""Seeds for everything random, derived from what it is drawn for."""

from __future__ import annotations

import zlib

import numpy as np


def seed_of(seed: int, step: int, purpose: str, rank: int = 0) -> int:
    """A 63-bit seed that depends on all four, so that no two purposes share their randomness."""
    words = [seed, step, zlib.crc32(purpose.encode()), rank]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))
