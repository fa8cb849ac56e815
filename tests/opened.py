"""Which files are opened, by whatever function of Python."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_listeners: list[list[Path]] = []


@contextmanager
def opened_below(folder: Path) -> Iterator[list[Path]]:
    """The files of a folder that are opened meanwhile, by `open`, `io.FileIO`, `os.open` or any other way."""
    files: list[Path] = []
    _listeners.append(files)
    try:
        yield files
    finally:
        _listeners.remove(files)
        files[:] = [path for path in files if path.is_relative_to(folder)]


def _note(event: str, arguments: tuple) -> None:
    if event == "open" and not isinstance(arguments[0], int | None):  # else a file that is open already
        for files in _listeners:
            files.append(Path(os.fsdecode(arguments[0])))


sys.addaudithook(_note)  # stays for as long as the process does
