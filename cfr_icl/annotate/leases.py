"""Leases of pictures: who works on which, so that two people do not work on the same one."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cfr_icl.annotate.record import MAX_TEXT
from cfr_icl.files import write_atomically

LASTS = 180.0
"""Seconds after its holder's last action at which a lease ends, also where the holder's process died."""

RENEWED_AFTER = 30.0
"""Age in seconds from which the next action renews a lease."""

LOOK_SECONDS = 2.0
"""Seconds between two looks at the leases of other processes."""

FOLDER = ".cfr-icl-taken"
"""Folder of the leases in a work folder that several processes share."""


@dataclass(frozen=True)
class Lease:
    """A picture that somebody works on."""

    picture: str
    holder: str
    """Names the browser's tab, or the page."""
    who: str
    """Name of the person; empty if unknown."""
    until: float
    """Time at which it ends, in seconds since 1970."""


class Leases:
    """The leases of a folder's pictures, in memory, or as files for several processes.

    Calls that take a lease must not run at the same time, in any of the processes.

    Args:
        out: the work folder that several processes share; None for one process.
    """

    def __init__(self, out: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._folder = out / FOLDER if out else None
        self._clock = clock
        self._known: dict[str, Lease] = {}
        self._looked = -LOOK_SECONDS

    def holds(self, picture: str, holder: str, who: str) -> bool:
        """Whether this person has a lease on the picture that is younger than RENEWED_AFTER."""
        lease = self._known.get(picture)
        mine = lease is not None and (lease.holder, lease.who) == (holder, who)
        return mine and lease.until > self._clock() + LASTS - RENEWED_AFTER

    def take(self, picture: str, holder: str, who: str) -> Lease | None:
        """Take a picture, or go on with it; returns the lease of somebody else who has it, else None.

        Raises:
            OSError: when the lease cannot be written.
        """
        now = self._clock()
        lease = self._read(picture)
        if lease and lease.holder != holder and lease.until > now:
            self._known[picture] = lease
            return lease
        lease = self._known[picture] = Lease(picture, holder, who, now + LASTS)
        if self._folder:
            write_atomically(self._file(picture), json.dumps(asdict(lease)))
        return None

    def give_back(self, picture: str, holder: str) -> None:
        """End a lease if it is this holder's."""
        lease = self._read(picture)
        if lease and lease.holder == holder:
            self._known.pop(picture, None)
            if self._folder:
                self._file(picture).unlink(missing_ok=True)

    def others(self, holder: str) -> dict[str, str]:
        """Names of the people who work on pictures, by picture, but for this holder."""
        now = self._clock()
        if self._folder and not 0 <= now - self._looked < LOOK_SECONDS:
            self._looked = now
            files = self._folder.glob("*.json") if self._folder.is_dir() else ()
            read = (_lease(file) for file in files)
            self._known = {lease.picture: lease for lease in read if lease}
        return {
            lease.picture: lease.who
            for lease in list(self._known.values())
            if lease.holder != holder and lease.until > now
        }

    def _read(self, picture: str) -> Lease | None:
        return _lease(self._file(picture)) if self._folder else self._known.get(picture)

    def _file(self, picture: str) -> Path:
        assert self._folder
        digest = hashlib.sha256(picture.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / f"{digest}.json"


def _lease(file: Path) -> Lease | None:
    """The lease in a file, which another version may have written; None without a valid one."""
    try:
        lease = Lease(**json.loads(file.read_text(encoding="utf-8")))
        texts = (lease.picture, lease.holder, lease.who)
        valid = all(isinstance(text, str) for text in texts) and len(lease.who) <= MAX_TEXT
        return lease if valid and type(lease.until) in (int, float) else None
    except (OSError, ValueError, TypeError):
        return None
