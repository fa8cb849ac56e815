"""Memory that the process keeps."""

from __future__ import annotations

import ctypes
import sys


def keep_freed_memory(most: int = 2**28) -> None:
    """Tell glibc to keep freed blocks of up to so many bytes instead of handing them back.

    The system clears every page that it gives anew, which costs a third of a network's time on a CPU.
    Other systems do this in their own ways; there nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(trim_threshold, most)
        mallopt(mmap_threshold, most)
