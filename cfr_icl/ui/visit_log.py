"""Who works on the open picture of a folder and for how long, and the pace since the page was opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cfr_icl.annotate.objects.document import Document
from cfr_icl.annotate.saved.visits import LONGEST_PAUSE, Visit, now

SHOWN = 20
"""Visits of a picture that the page shows."""


class VisitLog:
    """The visits of the open picture: those before, and the current one, which begins with a change.

    Args:
        clock: gives the time in seconds.

    Attributes:
        who: name of the person; empty if unknown.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.who = ""
        self._clock = clock
        self._last_action = clock()
        self._earlier: tuple[Visit, ...] = ()
        self._current = Visit("")
        self._objects_before = 0
        self._seconds = 0.0
        self._objects = 0
        """Time at work and objects of the pictures that were left."""

    def open(self, visits: Sequence[Visit], document: Document) -> None:
        """Go on to a picture with these visits and this document."""
        self._seconds += self._current.seconds
        self._objects += self._current.objects
        self._earlier, self._current = tuple(visits), Visit("")
        self._objects_before = len(document.instances)

    def count_time(self) -> None:
        """Count the time since the action before, unless it was a pause."""
        before, self._last_action = self._last_action, self._clock()
        passed = self._last_action - before
        if passed <= LONGEST_PAUSE:
            self._current = replace(self._current, seconds=round(self._current.seconds + passed, 1))

    def note_change(self, before: Document | None, after: Document) -> None:
        """Note the change that an action made; None for a picture without saved work."""
        self._current = replace(
            self._current,
            began=self._current.began or now(),
            objects=len(after.instances) - self._objects_before,
            who=self.who,
            **_verdict(before or Document(), after),
        )

    def sign(self) -> None:
        """Give the current visit the name that the person has now."""
        self._current = replace(self._current, who=self.who)

    @property
    def has_changes(self) -> bool:
        """Whether the picture was changed in the current visit."""
        return bool(self._current.began)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """All visits of the picture, the current one last."""
        return (*self._earlier, self._current) if self.has_changes else self._earlier

    @property
    def pace(self) -> list[int]:
        """Seconds at work and objects made since the page was opened."""
        return [
            round(self._seconds + self._current.seconds),
            max(0, self._objects + self._current.objects),
        ]

    def latest(self) -> list[dict[str, Any]]:
        """The last visits of the picture as `replies.FolderState.visits`, the latest first."""
        return [_described(visit) for visit in self.visits[: -SHOWN - 1 : -1]]


def _verdict(before: Document, after: Document) -> dict[str, Any]:
    """`outcome` and `note` of a visit where the picture was marked as done or open, or reviewed."""
    marks = [(document.done, document.review, document.note) for document in (before, after)]
    if marks[0] == marks[1]:
        return {}
    return {"outcome": after.review or ("done" if after.done else "open"), "note": after.note}


def _described(visit: Visit) -> dict[str, Any]:
    """The visit without empty fields, its time in minutes."""
    names = ("who", "began", "objects", "outcome", "note")
    fields = {name: getattr(visit, name) for name in names if getattr(visit, name)}
    return {"minutes": round(visit.seconds / 60), **fields}
