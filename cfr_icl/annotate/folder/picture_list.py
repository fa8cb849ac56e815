"""The list of the pictures of a folder: their order, and for each its state and the summary of its work."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from cfr_icl.annotate.folder.picture_files import Stamp
from cfr_icl.annotate.pictures.listing import natural_key
from cfr_icl.annotate.saved.session_files import DONE, OPEN, WORK, Summary

UNREADABLE, GONE = "unreadable", "gone"
"""States of pictures that cannot be opened: damaged or with work of another size, and not there any more."""


class PictureList:
    """Pictures in natural order, with the states OPEN, WORK, DONE, UNREADABLE and GONE.

    Attributes:
        names: of the pictures.
        states: by name.
        labels_of: labels of the objects of each picture with saved work.
        certainty_of: lowest certainty of each picture with objects that a person has not checked yet.
        review_of: result of the review of each picture that has one.
        people_of: names of those who worked on each picture.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.states = dict.fromkeys(names, OPEN)
        self.labels_of: dict[str, tuple[str, ...]] = {}
        self.certainty_of: dict[str, float] = {}
        self.review_of: dict[str, str] = {}
        self.people_of: dict[str, tuple[str, ...]] = {}
        self._work: dict[str, str] = {}
        """State of the saved work of each picture that has some."""
        self._problems: dict[str, Stamp | None] = {}
        """Pictures that could not be opened, as their files were then."""

    def add(self, names: Iterable[str]) -> None:
        """Insert pictures in the list's order."""
        added = dict.fromkeys(names, OPEN)
        if added:
            self.states.update(added)
            self.names = sorted([*self.names, *added], key=natural_key)

    def refresh(self, present: Container[str], stamp: Callable[[str], Stamp | None]) -> None:
        """Set all states anew.

        Args:
            present: names of the pictures that are in the folder now.
            stamp: gives the current stamp of a picture's file; a changed file may be readable again.
        """
        for name in self.names:
            if name not in present:
                self.states[name] = GONE
            elif name in self._problems and self._problems[name] == stamp(name):
                self.states[name] = UNREADABLE
            else:
                self.set_readable(name)

    def set_readable(self, name: str) -> None:
        """The picture was opened: its state is that of its work."""
        self._problems.pop(name, None)
        self._show(name)

    def set_problem(self, name: str, stamp: Stamp | None) -> None:
        """The picture with this stamp cannot be opened; None if there is no file."""
        self._problems[name] = stamp
        if name in self.states:
            self.states[name] = GONE if stamp is None else UNREADABLE

    def set_summary(self, name: str, summary: Summary) -> None:
        """Take in the work on a picture; `states` follows at the next `refresh` or `set_readable`."""
        self._work[name] = summary.state
        self.labels_of[name] = summary.labels
        entries: tuple[tuple[dict, Any], ...] = (
            (self.certainty_of, summary.certainty),
            (self.review_of, summary.review or None),
            (self.people_of, summary.people or None),
        )
        for table, value in entries:
            if value is None:
                table.pop(name, None)
            else:
                table[name] = value

    def set_saved(self, name: str, summary: Summary) -> None:
        """Take in work that was saved here; its state follows unless the picture is not there any more."""
        self.set_summary(name, summary)
        if self.states.get(name) != GONE:
            self._show(name)

    def _show(self, name: str) -> None:
        if name in self.states:
            self.states[name] = self._work.get(name, OPEN)

    def first_open(self, taken: Container[str] = ()) -> int:
        """Index of the first picture that is not done, not taken, and can be opened; 0 when there is none."""
        free = (
            i for i, name in enumerate(self.names) if self.states[name] in (OPEN, WORK) and name not in taken
        )
        return next(free, 0)

    def next(self, name: str, step: int = 1) -> str | None:
        """The picture after this one that can be opened, or with `step` -1 before it; None at the end."""
        return self._first(self._around(name, step)[0], (OPEN, WORK, DONE))

    def next_to_do(self, name: str, step: int = 1) -> str | None:
        """The picture after this one that is to be done, around the list; None when there is none."""
        following, others = self._around(name, step)
        return self._first([*following, *others], (OPEN, WORK))

    def _around(self, name: str, step: int) -> tuple[list[str], list[str]]:
        """Pictures after this one, and those before it in the order in which they follow the last."""
        names = self.names if step > 0 else self.names[::-1]
        place = names.index(name) if name in names else -1 if step > 0 else len(names)
        return names[place + 1 :], names[: max(place, 0)]

    def _first(self, names: Iterable[str], states: tuple[str, ...]) -> str | None:
        return next((name for name in names if self.states[name] in states), None)
