"""One person's work on one picture: objects, clicks, settings, and undo of everything.

A session is a list of immutable documents and a cursor. Every action appends one document, so
undo and redo move the cursor and cost the same however large the picture or the history is.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from cfr_icl.annotate.masks import Mask
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Prediction, Segmenter

COLOURS = (
    "#3b82f6",
    "#f59e0b",
    "#10b981",
    "#ec4899",
    "#8b5cf6",
    "#06b6d4",
    "#f97316",
    "#84cc16",
    "#ef4444",
    "#14b8a6",
    "#a855f7",
    "#eab308",
)
"""Colours that new objects take in turn."""


class ActionError(ValueError):
    """An action that cannot be done now; the message is one sentence for the person."""


@dataclass(frozen=True)
class Answer:
    """What the network did for the last click of an object."""

    forwards: int
    milliseconds: float
    window: tuple[int, int, int, int] | None
    """Zoom window as top, bottom, left, right; None when the whole picture was seen."""


@dataclass(frozen=True)
class Instance:
    """One object of a picture."""

    id: int
    label: str
    colour: str
    mask: Mask
    clicks: tuple[Click, ...] = ()
    answer: Answer | None = None


@dataclass(frozen=True)
class Document:
    """All that undo brings back."""

    instances: tuple[Instance, ...] = ()
    active: int | None = None
    """Id of the object that clicks go to; None when the next click starts a new one."""
    cfr: CascadeForward = field(default_factory=CascadeForward)
    next_id: int = 1

    def find(self, id: int) -> Instance:
        """The object with this id; raises ActionError when there is none."""
        for instance in self.instances:
            if instance.id == id:
                return instance
        raise ActionError(f"There is no object {id}.")

    def with_instance(self, instance: Instance) -> Document:
        """The document with this object in place of the one with its id, or after all others."""
        if any(old.id == instance.id for old in self.instances):
            instances = tuple(instance if old.id == instance.id else old for old in self.instances)
        else:
            instances = (*self.instances, instance)
        return replace(self, instances=instances)


class Session:
    """Pictures come one after another; the network is shared, everything else is the person's own."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self.picture: np.ndarray | None = None
        self.name = ""
        self._documents = [Document(cfr=segmenter.cfr)]
        self._cursor = 0

    def open(self, picture: np.ndarray, name: str) -> None:
        """Start on a picture, uint8 (H, W, 3) RGB; settings stay, objects and history do not."""
        self.segmenter.set_image(picture)
        self.picture = picture
        self.name = name
        self._documents = [Document(cfr=self.document.cfr)]
        self._cursor = 0

    @property
    def document(self) -> Document:
        return self._documents[self._cursor]

    @property
    def active(self) -> Instance | None:
        """The object that clicks go to."""
        document = self.document
        return None if document.active is None else document.find(document.active)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture; raises ActionError when there is none."""
        if self.picture is None:
            raise ActionError("Open a picture first.")
        return self.picture.shape[:2]

    @property
    def mask(self) -> np.ndarray:
        """The active object's pixels, bool (H, W), or those of all objects when none is active."""
        mask = np.zeros(self.size, bool)
        for instance in [self.active] if self.active else self.document.instances:
            mask |= instance.mask.pixels
        return mask

    @property
    def can_undo(self) -> bool:
        return self._cursor > 0

    @property
    def can_redo(self) -> bool:
        return self._cursor < len(self._documents) - 1

    def undo(self) -> None:
        """Go back one action; at the start nothing happens."""
        self._cursor = max(0, self._cursor - 1)

    def redo(self) -> None:
        """Take back one undo; at the end nothing happens."""
        self._cursor = min(len(self._documents) - 1, self._cursor + 1)

    def click(self, click: Click) -> None:
        """Add a click to the active object, or start an object with it.

        Raises:
            ActionError: for a click outside the picture or a negative one without an object.
        """
        height, width = self.size
        try:
            click.check_inside(width, height)
        except ValueError as error:
            raise ActionError(str(error)) from error
        instance = self.active
        document = self.document
        if instance is None:
            if not click.positive:
                raise ActionError("Start an object with a click on it; then mark what does not belong to it.")
            document, instance = self._new_instance(document)
        self._commit_answered(document, replace(instance, clicks=(*instance.clicks, click)))

    def clear(self) -> None:
        """Take all clicks from the active object."""
        instance = self.active
        if instance is None or not instance.clicks:
            return
        document = self.document
        rest = tuple(other for other in document.instances if other.id != instance.id)
        self._commit(replace(document, instances=rest, active=None))

    def set_cascade(self, cfr: CascadeForward) -> None:
        """Change the refinement; the active object is answered anew at once."""
        if cfr == self.document.cfr:
            return
        document = replace(self.document, cfr=cfr)
        instance = self.active
        if instance is None or not instance.clicks:
            self._commit(document)
        else:
            self._commit_answered(document, instance)

    def _new_instance(self, document: Document) -> tuple[Document, Instance]:
        number = document.next_id
        colour = COLOURS[(number - 1) % len(COLOURS)]
        instance = Instance(number, f"object {number}", colour, Mask.empty(*self.size))
        return replace(document, active=number, next_id=number + 1), instance

    def _commit_answered(self, document: Document, instance: Instance) -> None:
        """Commit the document with the network's answer to the object's clicks."""
        prediction, milliseconds = self._predict(document.cfr, instance.clicks)
        answer = Answer(
            prediction.forwards,
            milliseconds,
            tuple(prediction.window) if prediction.window else None,
        )
        self._commit(document.with_instance(replace(instance, mask=Mask.of(prediction.mask), answer=answer)))

    def _predict(self, cfr: CascadeForward, clicks: Iterable[Click]) -> tuple[Prediction, float]:
        self.segmenter.cfr = cfr
        start = time.perf_counter()
        prediction = self.segmenter.predict(tuple(clicks))
        return prediction, 1000 * (time.perf_counter() - start)

    def _commit(self, document: Document) -> None:
        del self._documents[self._cursor + 1 :]
        self._documents.append(document)
        self._cursor += 1
