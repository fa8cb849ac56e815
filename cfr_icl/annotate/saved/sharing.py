"""A work folder that several processes save to at the same time, such as replicas of the page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from cfr_icl.files import file_stamp

LOOK_SECONDS = 5.0
"""Seconds between two checks for files that others saved."""

LOCK = ".cfr-icl-saving.lock"
"""Held while one process saves, or numbers classes, for milliseconds."""


class SharedFolder:
    """Stamps of the session files as this process knows them, to detect files that another one replaced.

    Args:
        paths: session files that exist, by the names of their pictures.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._stamps = {name: file_stamp(path) for name, path in paths.items()}
        self._last_look = time.monotonic()

    def changed(self, name: str, path: Path) -> bool:
        """Whether another process saved the picture since the last call; removing a file does not count."""
        stamp = file_stamp(path)
        if stamp is None or stamp == self._stamps.get(name):
            return False
        self._stamps[name] = stamp
        return True

    def remember(self, name: str, path: Path) -> None:
        """Note the stamp of a file that this process saved."""
        self._stamps[name] = file_stamp(path)

    def is_time_to_look(self) -> bool:
        """Whether LOOK_SECONDS passed since this was true; files may lie on a slow network."""
        now = time.monotonic()
        if now - self._last_look < LOOK_SECONDS:
            return False
        self._last_look = now
        return True
