"""Undo: a document for each step of a picture, a cursor, and the histories of pictures left before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.labels import merged

HISTORIES_KEPT, HISTORY_BYTES = 20, 32_000_000
"""Limits of the histories of pictures left before: their number, and the bytes of all their masks."""


class History:
    """The documents of the open picture, a cursor, and the histories of pictures that were closed.

    Steps change masks, labels or colours of objects. Selection, `visible`, `locked`, `done`, the list of
    labels and the next label are no steps: undo leaves them as they are, and changing them does not end redo.
    """

    def __init__(self, document: Document) -> None:
        self._documents = [document]
        self._cursor = 0
        self._key: Hashable | None = None
        self._closed: OrderedDict[Hashable, tuple[list[Document], int]] = OrderedDict()

    @property
    def document(self) -> Document:
        """The current document."""
        return self._documents[self._cursor]

    @property
    def position(self) -> int:
        """Number of steps before the current document."""
        return self._cursor

    @property
    def can_undo(self) -> bool:
        return self._cursor > 0

    @property
    def can_redo(self) -> bool:
        return self._cursor < len(self._documents) - 1

    def latest(self, count: int) -> Sequence[Document]:
        """The current document and those of up to `count` steps before it, oldest first."""
        return self._documents[max(0, self._cursor - count) : self._cursor + 1]

    def open(self, document: Document, key: Hashable | None = None) -> None:
        """Begin with a picture's document, or restore its history if that ends with the same objects.

        Args:
            key: identifies the picture; None if its history is not to be kept.
        """
        self._keep_closed()
        documents, cursor = self._closed.pop(key, ([], 0))
        if not documents or documents[cursor].instances != document.instances:
            documents, cursor = [document], 0
        self._key, self._documents, self._cursor = key, documents, cursor

    def append(self, document: Document) -> None:
        """Add a step; steps that were undone are dropped."""
        del self._documents[self._cursor + 1 :]
        self._documents.append(document)
        self._cursor += 1

    def update(self, **changes: Any) -> None:
        """Change fields of the current document without a step."""
        document = replace(self.document, **changes)
        if document != self.document:
            self._documents[self._cursor] = document

    def update_all(self, **changes: Any) -> None:
        """Change fields of all documents of the open picture without a step."""
        self._documents = [replace(each, **changes) for each in self._documents]

    def undo(self) -> None:
        """Go back one step; at the start nothing happens."""
        if self.can_undo:
            self._move(self._cursor - 1)

    def redo(self) -> None:
        """Take back one undo; at the end nothing happens."""
        if self.can_redo:
            self._move(self._cursor + 1)

    def _move(self, cursor: int) -> None:
        now, self._cursor = self.document, cursor
        shown = {instance.id: instance for instance in now.instances}
        used = {instance.label for instance in self.document.instances}
        self.update(
            instances=tuple(_shown_alike(each, shown.get(each.id)) for each in self.document.instances),
            # restored objects may have labels that were taken off the list meanwhile
            labels=tuple(merged(now.labels, (each for each in self.document.labels if each.name in used))),
            label=now.label,
            done=now.done,
            review=now.review,
            note=now.note,
            view=now.view,
            attributes=now.attributes,
        )

    def _keep_closed(self) -> None:
        """Keep the history of the picture that is closed, and drop the oldest histories."""
        if self._key is None or len(self._documents) < 2:
            return
        self._closed[self._key] = (self._documents, self._cursor)
        while len(self._closed) > HISTORIES_KEPT or self._kept_bytes() > HISTORY_BYTES:
            self._closed.popitem(last=False)

    def _kept_bytes(self) -> int:
        masks = {
            id(mask): len(mask.counts)
            for documents, _ in self._closed.values()
            for document in documents
            for instance in document.instances
            for mask in instance.masks
        }
        return sum(masks.values())


def _shown_alike(instance: Instance, now: Instance | None) -> Instance:
    """The object with the current values of `visible` and `locked`."""
    if now is None or (instance.visible, instance.locked) == (now.visible, now.locked):
        return instance
    return replace(instance, visible=now.visible, locked=now.locked)
