"""One person's work on a sequence of pictures: the editor's changes, and masks that a network predicts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cfr_icl.annotate.objects.compose import neighbour_clicks
from cfr_icl.annotate.objects.document import MAX_CLICKS, ActionError, Attribute, Document, Instance, Label
from cfr_icl.annotate.session.editor import Editor, edited
from cfr_icl.annotate.session.predicted import predict, predicted
from cfr_icl.annotate.session.previewed import previewed
from cfr_icl.annotate.session.repeated import likely_first, repeats, wholes_under, with_overlaps
from cfr_icl.annotate.session.suggestions import LITTLE_CLICKS, suggests_box, suggests_overlap
from cfr_icl.box import box_clicks
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction, PredictionError
from cfr_icl.predictor import Predictor
from cfr_icl.rectangle import Rectangle
from cfr_icl.sentences import Refusal

REDRAWN = 0.4
"""IoU from which on a box is taken for a correction of the one before. Boxes of objects side by side overlap
less."""


class Session(Editor):
    """An editor with a predictor: clicks, boxes, thresholds and CFR settings give masks.

    Args:
        predictor: predicts masks on the picture that is opened.
        cfr, labels, attributes: the settings, and the lists, that it begins with.
    """

    def __init__(
        self,
        predictor: Predictor,
        cfr: CascadeForward = CascadeForward(),
        labels: Sequence[Label] = (),
        attributes: Sequence[Attribute] = (),
    ) -> None:
        super().__init__(cfr, labels, attributes)
        self.predictor = predictor

    def open(
        self, picture: np.ndarray, name: str, document: Document | None = None, key: Hashable | None = None
    ) -> None:
        """Open a picture for the editor and the predictor; see `Editor.open`."""
        self.predictor.set_image(picture)
        super().open(picture, name, document, key)

    def reopen(self, document: Document) -> None:
        """Give the open picture a document that was saved elsewhere; what was before cannot be undone."""
        super().open(self.picture, self.name, document)

    def click(self, click: Click, may_overlap: bool = False) -> None:
        """Add a click to the active object, or start an object with it.

        Args:
            may_overlap: an object that it starts on the pixels of others may overlap these.

        Raises:
            ActionError: for a click outside the picture, or negative clicks with nothing to correct.
        """
        height, width = self.size
        try:
            click.check_inside(width, height)
        except Refusal as error:
            raise ActionError(error.sentence) from error
        document, instance = self.document.selected_or_new(self.size)
        if len(instance.clicks) >= MAX_CLICKS:
            raise ActionError("An object takes at most {max_clicks} clicks.", max_clicks=MAX_CLICKS)
        if instance.chosen_pass is not None:
            instance = replace(instance, initial_mask=instance.network_mask, chosen_pass=None)
        changed = replace(instance, clicks=(*instance.clicks, click), cfr=document.cfr, certainty=None)
        if not changed.is_predictable:
            raise ActionError("Start an object with a click on it; then mark what does not belong to it.")
        notices_before = len(self.notices)
        clicked = self._with_network_mask(changed)
        if len(clicked.clicks) == 1:
            clicked = self._unlike_others(document, clicked) or clicked
            if may_overlap and self.active is None:
                clicked = with_overlaps(document, clicked)
        clicked = self._composed(document, clicked)
        if len(clicked.clicks) == 1:
            clicked = replace(
                clicked, neighbour_clicks=neighbour_clicks(clicked, document.others(clicked.id))
            )
        self._commit(document.with_instance(clicked))
        if self.suggests_overlap:
            del self.notices[notices_before:]

    def _unlike_others(self, document: Document, clicked: Instance) -> Instance | None:
        """The object begun by another of the network's choices, if its mask repeats that of an object.

        A click on a labelled whole means a part of it. None if nothing is repeated, or all choices repeat it.
        """
        wholes = wholes_under(document, clicked)
        if not clicked.timing or not clicked.timing.choices or not repeats(clicked.network_mask, wholes):
            return None
        rough = None
        for number, mask in likely_first(self.predict(clicked), self.size):
            if repeats(mask, wholes):
                continue
            chosen = self._with_network_mask(replace(clicked, choice=number))
            if not repeats(chosen.network_mask, wholes):
                return chosen
            rough = rough or replace(clicked, choice=number, chosen_pass=0)
        return self._with_network_mask(rough) if rough else None  # refinements lead back to the whole

    def preview(self, click: Click, may_overlap: bool = False) -> Instance | None:
        """The object that the same arguments of `click` would roughly give; nothing changes.

        May run while another thread changes the session.
        """
        try:
            return previewed(self.predictor, self.document, self.size, click, may_overlap)
        except (ValueError, PredictionError):
            return None

    def box(self, left: int, top: int, right: int, bottom: int) -> None:
        """Start an object with a box around it; the four sides, in any order, are inclusive pixels.

        A box much like that of the active object replaces it, while the object has nothing else.

        Raises:
            ActionError: for a box that is too small, or of which other objects have all pixels.
        """
        height, width = self.size
        left, right = sorted((min(max(left, 0), width - 1), min(max(right, 0), width - 1)))
        top, bottom = sorted((min(max(top, 0), height - 1), min(max(bottom, 0), height - 1)))
        if right - left < 4 or bottom - top < 4:
            raise ActionError("A box has at least 5 pixels a side; zoom in and draw it larger, or click.")
        box = Rectangle(left, top, right + 1, bottom + 1)
        if self.active is not None and self._is_redrawn(self.active, box):
            document = self.document
            instance = replace(self.active, certainty=None, chosen_pass=None, choice=None)
        else:
            document, instance = self.document.new_instance(self.size)
        clicks = box_clicks(box, (height, width))
        notices_before = len(self.notices)
        boxed = self._predicted(document, replace(instance, box=box, clicks=clicks, cfr=document.cfr))
        if boxed.left_out and not boxed.mask.area:
            del self.notices[notices_before:]
            raise ActionError("Other objects have all pixels of this box's object; no object was made.")
        self._commit(document.with_instance(boxed))

    def _is_redrawn(self, instance: Instance, box: Rectangle) -> bool:
        """Whether a box is drawn again for an object that has only its box, no clicks or strokes yet."""
        old = instance.box
        if old is None or instance.locked or instance.initial_mask or instance.painted or instance.erased:
            return False
        return old.overlap(box) >= REDRAWN and instance.clicks == box_clicks(old, self.size)

    def overlap_clicked(self, id: int) -> None:
        """Let an object share pixels with those that it was clicked on."""
        self.edit(id, overlaps=with_overlaps(self.document, self.document.find(id)).overlaps)

    def edit(self, id: int, **changes: Any) -> None:
        """Change fields of an object: its colour, the switches, and the threshold of its prediction."""
        instance = self.document.find(id)
        changed = edited(instance, changes)
        if changed.threshold == instance.threshold or not instance.is_predictable:
            super().edit(id, **changes)
        else:
            instance.check_unlocked()
            self._commit_predicted(self.document, changed)

    def set_cascade(self, cfr: CascadeForward) -> None:
        """Change the CFR settings and predict the active object's mask again."""
        if cfr == self.document.cfr:
            return
        document = replace(self.document, cfr=cfr)
        instance = self.active
        if instance is not None and instance.is_predictable and not instance.locked:
            self._commit_predicted(document, replace(instance, cfr=cfr, chosen_pass=None))
        else:  # the setting of the next click, whatever is undone before
            self._history.update_all(cfr=cfr)

    def switch_predictor(self, predictor: Predictor) -> None:
        """Switch to another network: keep all clicks and predict the active object's mask again.

        Masks that another network made stay as they are, also those that undo and redo bring back. The
        network in use now predicts from the next click on, and for `keep_pass`, thresholds and Inspect.
        """
        if self.has_picture:
            predictor.set_image(self.picture)
        before, self.predictor = self.predictor, predictor
        instance = self.active
        if instance is not None and instance.is_predictable and not instance.locked:
            start = replace(instance, cfr=self.document.cfr, chosen_pass=None, choice=None)
            try:
                self._commit_predicted(self.document, start)
            except BaseException:
                self.predictor = before
                raise

    def keep_pass(self, number: int, prediction: str | None = None) -> None:
        """Use inner pass `number` (from 0) of the active object's last prediction as its mask.

        Args:
            prediction: the one that the passes are of, as `Instance.prediction`; None for the last one.

        Raises:
            ActionError: where there is no such pass, or when another prediction has come.
        """
        instance = self.active
        if instance is None or not instance.is_predictable:
            raise ActionError("Select an object with clicks to keep one of its passes.")
        instance.check_unlocked()
        if prediction not in (None, instance.prediction):
            raise ActionError("The pass was one of an earlier prediction; choose among the new ones.")
        if not 0 <= number < len(self.predict(instance).passes):
            raise ActionError("The last prediction has no pass {number}.", number=number)
        self._commit_predicted(self.document, replace(instance, chosen_pass=number))

    @property
    def has_choices(self) -> bool:
        """Whether the network offers masks for the one click on the active object."""
        instance = self.active
        return instance is not None and instance.timing is not None and instance.timing.choices > 0

    def choices(self) -> tuple[Instance, Prediction]:
        """The active object and its prediction, with the masks that the network offers for its one click.

        Raises:
            ActionError: where it offers none.
        """
        instance = self.active
        if instance is None or not self.has_choices:
            raise ActionError("Masks to choose from are there after an object's first click alone.")
        return instance, self.predict(instance)

    def choose(self, number: int, id: int | None = None) -> None:
        """Start the active object from the network's choice `number`, counted from 0.

        Args:
            id: the object that the choices are of; None for whichever is active.

        Raises:
            ActionError: where there is no such choice, or when another object is active.
        """
        instance, prediction = self.choices()
        if id not in (None, instance.id):
            raise ActionError("The masks to choose from belong to object {id}.", id=id)
        instance.check_unlocked()
        if not 0 <= number < len(prediction.choices):
            raise ActionError("There is no mask {number} to choose.", number=number + 1)
        if number != instance.choice:
            changed = replace(instance, choice=number, cfr=self.document.cfr, chosen_pass=None)
            self._commit_predicted(self.document, changed)

    @property
    def suggests_overlap(self) -> bool:
        """Whether the newest click of the active object is on a pixel that another object keeps."""
        return suggests_overlap(self.active)

    @property
    def suggests_box(self) -> bool:
        """Whether a box around the active object may tell the network more than another click."""
        return suggests_box(self._history.latest(LITTLE_CLICKS + 1))

    def predict(self, instance: Instance) -> Prediction:
        """Predict an object from its clicks, with the CFR settings of its mask.

        Recent predictions come from the cache; others are computed by the current network.
        """
        return predict(self.predictor, instance, self.document.cfr)

    def predicted(self, instance: Instance) -> Instance:
        """The object with the mask that its clicks, previous mask and settings give on this picture."""
        return self._predicted(self.document, instance)

    def _predicted(self, document: Document, instance: Instance) -> Instance:
        """The object with its mask, without the pixels of others; raises as `_with_network_mask`."""
        return self._composed(document, self._with_network_mask(instance))

    def _with_network_mask(self, instance: Instance) -> Instance:
        """The object with the network's mask; raises ActionError when the prediction is not finite."""
        try:
            return predicted(self.predictor, instance, self.document.cfr)[0]
        except PredictionError as error:
            raise ActionError("The network's output is not finite; its weights are damaged.") from error

    def _commit_predicted(self, document: Document, instance: Instance) -> None:
        self._commit(document.with_instance(self._predicted(document, instance)))
