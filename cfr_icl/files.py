"""Replace files atomically: a kill at any moment leaves the old file or the new one, never a partial file."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX, SUFFIX = ".cfr-icl-", ".part"
"""Beginning and end of the names of unfinished files."""
FULL_BELOW = 1 << 20
"""A disk with fewer free bytes counts as full."""
UNCHANGED = 3600.0
"""Seconds without a change after which an unfinished file has no process any more."""


FileStamp = tuple[int, int, int]
"""Time of the last change, bytes and inode of a file; a changed or replaced file has another stamp."""


def file_stamp(path: Path) -> FileStamp | None:
    """The stamp of a file; None where there is none, or it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary file in the same folder; at the end of the block, rename it to `path`.

    When the block raises, `path` is not changed and the temporary file is removed; an OSError names `path`.

    Raises:
        OSError: when the folder cannot be made or the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}")
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())  # the content must be on the disk before the name is
        os.replace(unfinished, path)
    except BaseException as error:
        with suppress(OSError):  # a folder that cannot be written to; the first error tells
            unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(unfinished):
            error.filename = str(path)
        raise


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a library's own error about a failed write into an OSError with the system's reason.

    PyTorch raises one without the reason (tried on 2.14), and safetensors (0.8) names it in the text.

    Args:
        folder: where the library writes.
    """
    try:
        yield
    except (OSError, ValueError):
        raise
    except Exception as error:
        reason = re.search(r"\(os error (\d+)\)", str(error))
        full = shutil.disk_usage(folder).free < FULL_BELOW
        code = int(reason[1]) if reason else errno.ENOSPC if full else errno.EIO
        raise OSError(code, os.strerror(code)) from error


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write a whole file, text as UTF-8; raises OSError like `replacing`."""
    with replacing(path) as unfinished:
        unfinished.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def cache_folder() -> Path:
    """The cache folder: CFR_ICL_CACHE if set, else that of the user. Its files may be deleted at any time."""
    if named := os.environ.get("CFR_ICL_CACHE"):
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / "cfr-icl"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "cfr-icl" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "cfr-icl"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "cfr-icl"


def remove_unfinished(folder: Path, unchanged: float = 0.0) -> None:
    """Remove temporary files of killed processes from a folder and the folders in it.

    Args:
        unchanged: seconds since a file's last change from which on it is removed. Where other processes may
            be writing, UNCHANGED keeps what they write.
    """
    for leftover in folder.rglob(f"{PREFIX}*{SUFFIX}"):
        with suppress(FileNotFoundError):  # its process may finish it now
            if time.time() - leftover.stat().st_mtime >= unchanged:
                leftover.unlink()
