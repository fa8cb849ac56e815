"""Leases of pictures: who works on which, so that two people do not work on the same one."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.saved.visits import MAX_TEXT
from cfr_icl.files import write_atomically

log = logging.getLogger(__name__)

LEASE_SECONDS = 180.0
"""Seconds after its holder's last action at which a lease ends, also where the holder's process died.

A tab that is closed gives its picture back; a browser that crashed cannot. A connection held open would end
with it, but also when a laptop sleeps for a moment, and each tab would occupy one of the six connections that
browsers make to a server: with six tabs no click would arrive.
"""

RENEWED_AFTER = 30.0
"""Age in seconds from which the next action renews a lease."""

LOOK_SECONDS = 2.0
"""Seconds between two looks at the leases of other processes."""

FOLDER = ".cfr-icl-taken"
"""Folder of the leases in a work folder that several processes share."""

TAKEN = "{who} is working on {name}; nothing was changed. Go to another picture."
TAKEN_BY_SOMEBODY = (
    "Somebody is working on {name}, perhaps you in another tab; nothing was changed. Go to another picture."
)


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

    Args:
        out: the work folder that several processes share; None for one process.
        exclusive: makes a context in which no other thread or process takes a picture or gives one back.
    """

    def __init__(
        self,
        out: Path | None = None,
        exclusive: Callable[[], AbstractContextManager[Any]] = nullcontext,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = out / FOLDER if out else None
        self._exclusive = exclusive
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._last_look = -LOOK_SECONDS

    def take(self, picture: str, holder: str, who: str) -> None:
        """Take a picture, so that nobody else changes it, or go on with it.

        The lease ends after LEASE_SECONDS, unless it is renewed. Where it cannot be written, a warning is
        logged, and the person may work all the same.

        Args:
            holder: names the browser's tab.
            who: the name of the person, which others are told.

        Raises:
            StoreError: when somebody else has the picture.
        """
        if self._is_fresh(picture, holder, who):
            return
        try:
            with self._exclusive():
                other = self._write(picture, holder, who)
        except OSError as error:
            log.warning("A picture cannot be taken: %s", error.strerror)
            return
        if other and other.who:
            raise StoreError(TAKEN, name=picture, who=other.who)
        if other:
            raise StoreError(TAKEN_BY_SOMEBODY, name=picture)

    def give_back(self, picture: str, holder: str) -> None:
        """End a lease if it is this holder's; where that fails, it ends by itself."""
        with suppress(OSError), self._exclusive():  # its lock is a file too
            lease = self._read(picture)
            if lease and lease.holder == holder:
                self._leases.pop(picture, None)
                if self._folder:
                    self._file(picture).unlink(missing_ok=True)

    @contextmanager
    def held(self, picture: str, holder: str, who: str) -> Iterator[None]:
        """A context in which a person has a picture; raises as `take`.

        A picture that the person had before stays theirs.
        """
        before = self._read(picture)
        had = before is not None and before.holder == holder and before.until > self._clock()
        self.take(picture, holder, who)
        try:
            yield
        finally:
            if not had:
                self.give_back(picture, holder)

    def others(self, holder: str) -> dict[str, str]:
        """Names of the people who work on pictures, by picture, but for this holder; "" if unknown."""
        now = self._clock()
        if self._folder and not 0 <= now - self._last_look < LOOK_SECONDS:
            self._last_look = now
            files = self._folder.glob("*.json") if self._folder.is_dir() else ()
            read = (_lease(file) for file in files)
            self._leases = {lease.picture: lease for lease in read if lease}
        return {
            lease.picture: lease.who
            for lease in list(self._leases.values())
            if lease.holder != holder and lease.until > now
        }

    def _is_fresh(self, picture: str, holder: str, who: str) -> bool:
        """Whether this person has a lease on the picture that is younger than RENEWED_AFTER."""
        lease = self._leases.get(picture)
        mine = lease is not None and (lease.holder, lease.who) == (holder, who)
        return mine and lease.until > self._clock() + LEASE_SECONDS - RENEWED_AFTER

    def _write(self, picture: str, holder: str, who: str) -> Lease | None:
        """Write a lease, unless somebody else has one, which is returned; raises OSError."""
        now = self._clock()
        lease = self._read(picture)
        if lease and lease.holder != holder and lease.until > now:
            self._leases[picture] = lease
            return lease
        lease = self._leases[picture] = Lease(picture, holder, who, now + LEASE_SECONDS)
        if self._folder:
            write_atomically(self._file(picture), json.dumps(asdict(lease)))
        return None

    def _read(self, picture: str) -> Lease | None:
        return _lease(self._file(picture)) if self._folder else self._leases.get(picture)

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
