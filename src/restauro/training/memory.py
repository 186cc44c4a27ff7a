"""Keeps freed memory in the process instead of handing it back to the system."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # from glibc's malloc.h


def keep_freed_memory() -> None:
    """Tells glibc's allocator to reuse large blocks; elsewhere does nothing.

    A training step frees and takes the same gigabytes again. By default every large block comes
    fresh from the system, which clears it page by page: on two shared cores that took more than
    half of the processor time of the report's model (docs/log.md, 2026-11-23).
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return  # another C library, such as musl
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, -1)
