"""A page's position in a folder of pictures: the open picture, and saving its work."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from cfr_icl.annotate.document import ActionError, Document
from cfr_icl.annotate.fill import FILLED, Source, fill
from cfr_icl.annotate.folder import Folder, Opened
from cfr_icl.annotate.record import LONGEST_PAUSE, Visit, now
from cfr_icl.annotate.relabel import RELABELLED, Affected, Change, count, relabel
from cfr_icl.annotate.session import Session
from cfr_icl.annotate.store import StoreError
from cfr_icl.annotate.taking_back import FolderChange, Trace
from cfr_icl.sentences import Sentence

SHOWN = 20
"""Visits of a picture that the page shows."""


class FolderPlace:
    """Saves a session's work on a picture of the folder after each action."""

    def __init__(
        self,
        folder: Folder,
        session: Session,
        clock: Callable[[], float] = time.monotonic,
        own: bool = False,
    ) -> None:
        self.folder = folder
        self.session = session
        self.own = own
        """Whether the folder is the page's own, made of files that it was sent."""
        self.name: str | None = None
        """The picture that is open; None before the first."""
        self._saved: Document | None = None
        self._revision = 0
        self._told: dict[str, Any] = {}
        self._clock = clock
        self._last_action = clock()
        self._visits: tuple[Visit, ...] = ()
        """Those of others, and earlier ones."""
        self._visit = Visit("")
        """The present one; it begins with the first change."""
        self._objects_before = 0
        self._who = ""
        self._holder = secrets.token_hex(8)
        self._seconds = 0.0
        self._objects = 0
        """Time at work and objects of the pictures that were left."""
        self._change: FolderChange | None = None
        """The last change of the whole folder, until it is taken back."""

    @property
    def index(self) -> int | None:
        """Place of the picture in the list, from 0."""
        names = self.folder.pictures.names
        return names.index(self.name) if self.name in names else None

    @property
    def outdated(self) -> bool:
        """Whether the work on the present picture was saved elsewhere since it was opened."""
        return self.name is not None and self.folder.work.revisions[self.name] != self._revision

    def find(self, name: str) -> str:
        """The name, if the folder has a picture of it; raises ActionError."""
        if name not in self.folder.pictures.states:
            raise ActionError("There is no such picture in the folder.")
        return name

    def introduce(self, who: str, tab: str) -> None:
        """Set who works here, and how their browser's tab is named, if it has a name."""
        renamed, self._who = who != self._who, who
        self._holder = tab or self._holder
        if renamed and self._visit.began:
            with suppress(StoreError):  # somebody else has the picture by now
                self.take()

    @property
    def taken(self) -> dict[str, str]:
        """Names of others, by the pictures that they work on."""
        return {} if self.own else self.folder.work.leases.others(self._holder)

    def take(self) -> None:
        """Take the picture for as long as it is worked on; raises StoreError when somebody else has it."""
        if self.name is not None and not self.own:
            self.folder.work.leases.take(self.name, self._holder, self._who)

    def give_back(self) -> None:
        """Let others work on the picture."""
        self._give_back(self.name)

    def _give_back(self, name: str | None) -> None:
        if name is not None and not self.own:
            self.folder.work.leases.give_back(name, self._holder)

    def arrive(self, opened: Opened) -> None:
        """Set the present picture, which the session has opened, and give the one before back."""
        # First all that belongs together: work is saved under the name.
        before, self.name = self.name, opened.name
        self._saved = self.session.document
        self._revision = opened.revision
        self._seconds += self._visit.seconds
        self._objects += self._visit.objects
        self._visits, self._visit = tuple(opened.visits), Visit("")
        self._objects_before = len(self.session.document.instances)
        if before != opened.name:
            self._give_back(before)
        self.read_ahead()

    def read_ahead(self) -> None:
        """Decode the next picture that is to be done, or else the next, and name it to the predictor."""
        name = self.name
        if name is None:
            return
        following = self.folder.pictures.next_to_do(name) or self.folder.pictures.next(name)
        if following is None:
            return

        def expect(pixels: np.ndarray) -> None:
            if self.name == name:
                self.session.segmenter.expect(pixels)

        self.folder.read_ahead(following, expect)

    def save(self) -> None:
        """Save the session's document if it changed; raises StoreError on failure; the next call retries."""
        document = self.session.document
        self._count_time()
        if self.name is None or document is self._saved:
            return
        self._visit = replace(
            self._visit,
            began=self._visit.began or now(),
            objects=len(document.instances) - self._objects_before,
            who=self._who,
            **_became(self._saved, document),
        )
        before, self._saved = self._saved, document
        try:
            self._revision = self.folder.save(
                self.name, document, self.session.size, self._revision, (*self._visits, self._visit)
            )
        except OSError as error:
            self._saved = before
            raise StoreError(
                "The work on {name} cannot be saved ({reason}); it goes on here, every action "
                "tries again, and the session can be exported.",
                name=self.name,
                reason=error.strerror,
            ) from error

    def fill(self, source: Source, add: bool) -> list[Sentence]:
        """Load masks of files into the folder; messages for the user about it."""
        filled = fill(self.folder, source, self._holder, self._who, add)
        self._remember(FolderChange(FILLED, filled.traces))
        return filled.sentences

    def count_labels(self, change: Change) -> Affected:
        """What a change of a label in the whole folder affects."""
        return count(self.folder, change, self._holder)

    def relabel(self, change: Change) -> Affected:
        """Change a label in the whole folder; on the open picture, if it is free, as one step of undo."""
        free = self.name if self.name not in self.taken else None
        classes = tuple(self.folder.work.classes.labels)
        affected = relabel(self.folder, change, self._holder, self._who, open_picture=free)
        after = tuple(self.folder.work.classes.labels)
        try:
            if free is not None:
                before = self.session.document
                objects = change.renames(before)
                self.take()
                colours = (label.colour for label in after if label.name == change.new)
                colour = next(colours, None)
                self.session.relabel(lambda document: change.in_document(document, colour))
                affected.traces[free] = Trace.between(before, self.session.document)
                self.save()
                affected.pictures += bool(objects)
                affected.objects += objects
        finally:  # the other pictures are changed already
            self._remember(FolderChange(RELABELLED, affected.traces, (classes, after)))
        return affected

    def take_back(self) -> list[Sentence]:
        """Take the last change of the whole folder back; messages for the user about it.

        On the open picture, if it is free, it is one step of undo. What cannot be saved, or is taken by
        others, can be taken back later. Raises ActionError without a change, StoreError where the open
        picture's work cannot be saved.
        """
        change = self._change
        if change is None:
            raise ActionError("There is no change of the whole folder to take back.")
        free = self.name if self.name in change.traces and self.name not in self.taken else None
        if free is not None:
            self.take()
            undone, back, stay = change.traces[free].undone(self.session.document)
            self.session.relabel(lambda document: undone)
            self.save()
        result = change.take_back(self.folder, self._holder, self._who, open_picture=free)
        if free is not None:
            result.count(back, stay)
        left = {name: change.traces[name] for name in result.left_out}
        self._change = FolderChange(change.did, left) if left else None
        return result.sentences

    def _remember(self, change: FolderChange) -> None:
        if change.traces:
            self._change = change

    def _count_time(self) -> None:
        """Count the time since the action before, unless it was a pause."""
        before, self._last_action = self._last_action, self._clock()
        passed = self._last_action - before
        if passed <= LONGEST_PAUSE:
            self._visit = replace(self._visit, seconds=round(self._visit.seconds + passed, 1))

    @property
    def pace(self) -> list[int]:
        """Seconds at work and objects made since the page was opened."""
        return [
            round(self._seconds + self._visit.seconds),
            max(0, self._objects + self._visit.objects),
        ]

    def _latest(self) -> list[dict[str, Any]]:
        """The last visits of the picture, the latest first, as in its session file."""
        visits = (*self._visits, *([self._visit] if self._visit.began else []))
        return [{"minutes": round(visit.seconds / 60), **_told(visit)} for visit in visits[: -SHOWN - 1 : -1]]

    def state(self, heard: bool) -> dict[str, Any]:
        """The position as `replies.FolderState`.

        Args:
            heard: whether the page received the last state; if so, only changes are sent.
        """
        pictures = self.folder.pictures
        names = tuple(pictures.names)
        labels = dict(pictures.labels_of)
        lists = {
            "names": names,
            "states": tuple(pictures.states[name] for name in names),
            "certainties": dict(pictures.certainty_of),
            "pace": self.pace,
            "taken": self.taken,
            "reviews": dict(pictures.review_of),
            "people": dict(pictures.people_of),
            "visits": self._latest(),
            "change": self._change.did if self._change else None,
        }
        told, self._told = self._told if heard else {}, {**lists, "labels": labels}
        never = object()  # a change to None is sent too
        changed: dict[str, Any] = {key: now for key, now in lists.items() if told.get(key, never) != now}
        labelled = told.get("labels", {})
        if relabelled := {name: list(now) for name, now in labels.items() if labelled.get(name) != now}:
            changed["labels"] = relabelled
        if self.own:
            changed["own"] = True
            saved = {name: number for name, number in dict(self.folder.work.revisions).items() if number}
            self._told["saved"] = saved
            before = told.get("saved", {})
            if newly := [name for name, number in saved.items() if before.get(name) != number]:
                changed["saved"] = newly
        return {"index": self.index, **changed}


def _became(before: Document | None, now: Document) -> dict[str, Any]:
    """What an action made of the picture, as fields of a visit; empty if nothing."""
    states = [(document.done, document.review, document.note) for document in (before or Document(), now)]
    if states[0] == states[1]:
        return {}
    return {"did": now.review or ("done" if now.done else "open"), "note": now.note}


def _told(visit: Visit) -> dict[str, Any]:
    fields = ("who", "began", "objects", "did", "note")
    return {name: getattr(visit, name) for name in fields if getattr(visit, name)}
