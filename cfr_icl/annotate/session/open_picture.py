"""The open picture with its document: opening, undo and redo, and taking a changed document."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from cfr_icl.annotate.objects import labels as label_lists
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture, class_names
from cfr_icl.annotate.objects.attributes import joined
from cfr_icl.annotate.objects.document import ACCEPTED, ActionError, Attribute, Document, Instance, Label
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.session.history import History
from cfr_icl.cfr import CascadeForward
from cfr_icl.sentences import Sentence


class OpenPicture:
    """The picture that a person has open, its document, and the history of documents.

    Pictures are opened one after another in the same object.
    """

    def __init__(
        self,
        cfr: CascadeForward = CascadeForward(),
        labels: Sequence[Label] = (),
        attributes: Sequence[Attribute] = (),
    ) -> None:
        self._picture: np.ndarray | None = None
        self.name = ""
        self.notices: list[Sentence] = []
        """Messages for the user about the last actions; the caller that shows them empties the list."""
        label = labels[0].name if labels else Document.label
        self._history = History(
            Document(cfr=cfr, labels=tuple(labels), label=label, attributes=tuple(attributes))
        )
        self._classes: list[str] = [label.name for label in labels]
        self._loaded_at: int | None = None
        """Position in the history after the last file of masks was loaded; None if a step followed."""

    def open(
        self, picture: np.ndarray, name: str, document: Document | None = None, key: Hashable | None = None
    ) -> None:
        """Open a picture, uint8 (H, W, 3) RGB, with its saved document if there is one.

        Without a saved document the settings are kept and there are no objects. The list of labels is kept
        in any case; labels of the document are appended, so that each label keeps its number.

        Args:
            key: identifies the picture. If a picture with this key was open before and its document is still
                the saved one, its history is restored (history.py has the limits).
        """
        self._picture = picture
        self.name = name
        settings = self.document
        document = document or Document(cfr=settings.cfr, label=settings.label)
        self._history.open(document, key)
        self._loaded_at = None
        listed = label_lists.overlaid(settings.labels, document.labels)
        defined = joined(settings.attributes, document.attributes)
        self._history.update(labels=tuple(listed), attributes=defined, done=document.done, view=document.view)
        self._history.update(review=document.review, note=document.note)

    @property
    def document(self) -> Document:
        return self._history.document

    @property
    def active(self) -> Instance | None:
        """The object that clicks go to."""
        return self.document.selected

    @property
    def has_picture(self) -> bool:
        return self._picture is not None

    @property
    def picture(self) -> np.ndarray:
        """The open picture, uint8 (H, W, 3) RGB; raises ActionError when there is none."""
        if self._picture is None:
            raise ActionError("Open a picture first.")
        return self._picture

    def check_open(self) -> None:
        """Raise ActionError when no picture is open."""
        if self._picture is None:
            raise ActionError("Open a picture first.")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture; raises ActionError when there is none."""
        height, width = self.picture.shape[:2]
        return height, width

    @property
    def mask(self) -> np.ndarray:
        """The active object's pixels, bool (H, W), or those of all objects when none is active."""
        instances = [self.active] if self.active else self.document.instances
        return Mask.union([Mask.empty(*self.size), *(instance.mask for instance in instances)]).pixels

    def number_classes(self, pictures: Sequence[AnnotatedPicture]) -> list[str]:
        """The labels in the order of their numbers in exports, which later exports of the session keep."""
        self._classes = class_names(pictures, self._classes)
        return self._classes

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo

    def undo(self) -> None:
        """Go back one step, as `History` defines it; at the start nothing happens."""
        self._history.undo()

    def redo(self) -> None:
        """Take back one undo; at the end nothing happens."""
        self._history.redo()

    def _apply(self, document: Document) -> None:
        """Take a changed document; it is a step of undo if objects changed."""
        if document.instances != self.document.instances:
            self._commit(document)
        else:
            self._history.update(labels=document.labels, label=document.label)

    def _commit(self, document: Document) -> None:
        if document.review == ACCEPTED:  # of other masks
            document = replace(document, review="")
        self._history.append(document)
        self._loaded_at = None
