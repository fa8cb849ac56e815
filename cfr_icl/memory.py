"""Settings of the C library's memory allocator."""

from __future__ import annotations

import ctypes
import sys


def keep_freed_memory(most: int = 2**28) -> None:
    """Let glibc keep freed blocks of memory of up to `most` bytes instead of returning them to the system.

    The system clears every page before it hands it out again, which takes a third of a network's time on a
    CPU. With another C library this function does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(trim_threshold, most)
        mallopt(mmap_threshold, most)
