"""One person's work on one picture: objects, clicks, settings, and undo of everything.

A session is a list of immutable documents and a cursor. Every action appends one document, so
undo and redo move the cursor and cost the same however large the picture or the history is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from cfr_icl.annotate.compose import composed, neighbour_clicks
from cfr_icl.annotate.document import (
    COLOURS,
    MAX_CLICKS,
    MAX_ID,
    MAX_LABELS,
    ActionError,
    Document,
    Instance,
    Label,
    Timing,
)
from cfr_icl.annotate.masks import Mask
from cfr_icl.box import box_clicks
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import Predictor
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import AnswerError


class Session:
    """Pictures come one after another; the network is shared, everything else is the person's own."""

    def __init__(self, segmenter: Predictor, cfr: CascadeForward = CascadeForward()) -> None:
        self.segmenter = segmenter
        self.picture: np.ndarray | None = None
        self.name = ""
        self._documents = [Document(cfr=cfr)]
        self._cursor = 0

    def open(self, picture: np.ndarray, name: str, document: Document | None = None) -> None:
        """Start on a picture, uint8 (H, W, 3) RGB, with its saved document if there is one.

        Without one the settings stay, objects and history do not. The list of labels stays in any
        case, with those of the document after it: a label keeps its place from picture to picture.
        """
        self.segmenter.set_image(picture)
        self.picture = picture
        self.name = name
        settings = self.document
        document = document or Document(cfr=settings.cfr, label=settings.label)
        labels = {label.name: label for label in (*settings.labels, *document.labels)}
        if (known := tuple(labels.values())[:MAX_LABELS]) != document.labels:
            document = replace(document, labels=known)
        self._documents = [document]
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
        instances = [self.active] if self.active else self.document.instances
        return Mask.union([Mask.empty(*self.size), *(instance.mask for instance in instances)]).pixels

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
        self._check_unlocked(instance)
        if len(instance.clicks) >= MAX_CLICKS:
            raise ActionError(f"An object takes at most {MAX_CLICKS} clicks.")
        if instance.chosen_pass is not None:
            instance = replace(instance, initial_mask=instance.network_mask, chosen_pass=None)
        clicked = self._predicted(
            document, replace(instance, clicks=(*instance.clicks, click), cfr=document.cfr)
        )
        if len(clicked.clicks) == 1:
            clicked = replace(
                clicked, neighbour_clicks=neighbour_clicks(clicked, document.others(clicked.id))
            )
        self._commit(document.with_instance(clicked))

    def box(self, left: int, top: int, right: int, bottom: int) -> None:
        """Start an object with a box around it; all four pixels, in any order, belong to the box."""
        height, width = self.size
        left, right = sorted((min(max(left, 0), width - 1), min(max(right, 0), width - 1)))
        top, bottom = sorted((min(max(top, 0), height - 1), min(max(bottom, 0), height - 1)))
        if right - left < 4 or bottom - top < 4:
            raise ActionError("Draw the box around the object, at least 5 pixels a side.")
        document, instance = self._new_instance(self.document)
        box = Rectangle(left, top, right + 1, bottom + 1)
        instance = self._predicted(
            document, replace(instance, box=box, clicks=box_clicks(box, (height, width)), cfr=document.cfr)
        )
        self._commit(document.with_instance(instance))

    def paint(self, points: Sequence[tuple[float, float]], diameter: int, add: bool) -> None:
        """Add a brush stroke to the active object, or take it away; adding may start an object."""
        height, width = self.size
        document, instance = self.document, self.active
        if instance is None:
            if not add:
                raise ActionError("Select the object that the eraser is to work on.")
            document, instance = self._new_instance(document)
        self._check_unlocked(instance)
        stroke = np.zeros((height, width), np.uint8)
        path = np.round([points[0], *points]).astype(np.int32)  # a single point is a dot
        cv2.polylines(stroke, [path], False, 1, thickness=diameter)
        stroke = stroke.astype(bool)
        painted = instance.painted.pixels if instance.painted else np.zeros_like(stroke)
        erased = instance.erased.pixels if instance.erased else np.zeros_like(stroke)
        painted, erased = (
            (painted | stroke, erased & ~stroke) if add else (painted & ~stroke, erased | stroke)
        )
        instance = replace(instance, painted=Mask.of(painted), erased=Mask.of(erased))
        self._commit_composed(document, instance)

    def clear(self) -> None:
        """Take all clicks and strokes from the active object, and with them the object."""
        instance = self.active
        if instance is not None:
            self.delete(instance.id)

    def finish(self) -> None:
        """Leave the active object; the next click starts a new one."""
        if self.document.active is not None:
            self._commit(replace(self.document, active=None))

    def select(self, id: int) -> None:
        """Go back to an object to correct it."""
        self.document.find(id)
        if self.document.active != id:
            self._commit(replace(self.document, active=id))

    def delete(self, id: int) -> None:
        """Take an object away."""
        document = self.document
        self._check_unlocked(document.find(id))
        active = None if document.active == id else document.active
        self._commit(replace(document, instances=document.others(id), active=active))

    def duplicate(self, id: int) -> None:
        """Add a copy of an object, which may overlap the first, and work on it."""
        document, new = self._new_instance(self.document)
        copy = replace(
            document.find(id), id=new.id, colour=new.colour, overlap=True, locked=False, visible=True
        )
        self._commit_composed(document, copy)

    def edit(self, id: int, **changes: bool | str | float) -> None:
        """Change fields of an object: its colour, threshold and the switches."""
        document = self.document
        instance = document.find(id)
        if not set(changes) <= {"visible", "locked"}:
            self._check_unlocked(instance)
        changed = replace(instance, **changes)
        if changed == instance:
            return
        if changed.threshold != instance.threshold and changed.clicks:
            self._commit(document.with_instance(self._predicted(document, changed)))
        else:
            self._commit_composed(document, changed)

    def set_label(self, name: str, id: int | None = None) -> None:
        """Label an object, or without `id` the objects to come; a new name joins the list of labels."""
        if not name.strip():
            raise ActionError("A label needs a name.")
        document = replace(self.document, label=name)
        known = {label.name: label.colour for label in document.labels}
        instance = None if id is None else document.find(id)
        if name not in known:
            if len(known) >= MAX_LABELS:
                raise ActionError(f"A list of labels has 1 to {MAX_LABELS} entries.")
            wanted = [instance.colour] if instance else []
            free = [colour for colour in (*wanted, *COLOURS) if colour not in known.values()]
            known[name] = free[0] if free else COLOURS[len(known) % len(COLOURS)]
            document = replace(document, labels=(*document.labels, Label(name, known[name])))
        if instance is not None:
            self._check_unlocked(instance)
            document = document.with_instance(replace(instance, label=name, colour=known[name]))
        self._commit(document)

    def set_labels(self, labels: Sequence[Label]) -> None:
        """Replace the list of labels; objects keep theirs."""
        if labels:
            self._commit(replace(self.document, labels=tuple(labels), label=labels[0].name))

    def remove_label(self, name: str) -> None:
        """Take a label off the list; raises ActionError while an object has it."""
        document = self.document
        if any(instance.label == name for instance in document.instances):
            raise ActionError(f"Objects have the label {name!r}; give them another one first.")
        labels = tuple(label for label in document.labels if label.name != name)
        if labels != document.labels:
            first = labels[0].name if labels else Document.label
            label = first if document.label == name else document.label
            self._commit(replace(document, labels=labels, label=label))

    def add_masks(self, objects: Sequence[tuple[str | None, Mask]]) -> None:
        """Add objects that were made elsewhere; clicks correct them with the mask as previous mask."""
        document = self.document
        taken = Mask.union([Mask.empty(*self.size), *(other.mask for other in document.instances)])
        for label, mask in objects:
            document, instance = self._new_instance(document)
            overlaps = taken.overlaps(mask)
            taken = Mask.union([taken, mask])
            instance = replace(
                instance,
                label=label or instance.label,
                initial_mask=mask,
                network_mask=mask,
                mask=mask,
                overlap=overlaps,
            )
            document = document.with_instance(instance)
        self._commit(replace(document, active=None))

    def set_done(self, done: bool) -> None:
        """Say that the picture is finished, or that it is not."""
        self.size  # noqa: B018  raises without a picture
        if done != self.document.done:
            self._commit(replace(self.document, done=done, active=None if done else self.document.active))

    def restore(self, document: Document) -> None:
        """Go on from a document that was saved of this picture; can be undone."""
        self._commit(document)

    def set_cascade(self, cfr: CascadeForward) -> None:
        """Change the CFR settings and predict the active object's mask again."""
        if cfr == self.document.cfr:
            return
        document = replace(self.document, cfr=cfr)
        instance = self.active
        if instance is not None and instance.clicks and not instance.locked:
            changed = replace(instance, chosen_pass=None, cfr=cfr)
            document = document.with_instance(self._predicted(document, changed))
        self._commit(document)

    def use(self, segmenter: Predictor) -> None:
        """Switch to another network: keep all clicks and predict the active object's mask again."""
        if self.picture is not None:
            segmenter.set_image(self.picture)
        before, self.segmenter = self.segmenter, segmenter
        instance = self.active
        if instance is not None and instance.clicks and not instance.locked:
            try:
                changed = replace(instance, chosen_pass=None, cfr=self.document.cfr)
                changed = self._predicted(self.document, changed)
            except BaseException:
                self.segmenter = before
                raise
            self._commit(self.document.with_instance(changed))

    def keep_pass(self, number: int) -> None:
        """Use inner pass `number` (from 0) of the active object's last prediction as its mask."""
        instance = self.active
        if instance is None or not instance.clicks:
            raise ActionError("Select an object with clicks to keep one of its passes.")
        self._check_unlocked(instance)
        if not 0 <= number < len(self.predict(instance).passes):
            raise ActionError(f"The last answer has no pass {number}.")
        changed = self._predicted(self.document, replace(instance, chosen_pass=number))
        self._commit(self.document.with_instance(changed))

    def _new_instance(self, document: Document) -> tuple[Document, Instance]:
        number = document.next_id
        if number > MAX_ID:
            raise ActionError(f"A picture holds at most {MAX_ID} objects.")
        colours = {label.name: label.colour for label in document.labels}
        colour = colours.get(document.label, COLOURS[(number - 1) % len(COLOURS)])
        empty = Mask.empty(*self.size)
        instance = Instance(number, document.label, colour, empty, empty)
        return replace(document, active=number, next_id=number + 1), instance

    def _predicted(self, document: Document, instance: Instance) -> Instance:
        """Predict the object's mask from its clicks; raises ActionError when the prediction is not finite."""
        start = time.perf_counter()
        try:
            prediction = self.predict(instance)
        except AnswerError as error:
            raise ActionError("The network's answer is not finite; its weights are damaged.") from error
        timing = Timing(
            prediction.forwards,
            1000 * (time.perf_counter() - start),
            Rectangle(*prediction.window) if prediction.window else None,
        )
        # another network may answer in fewer passes
        chosen_pass = instance.chosen_pass if instance.chosen_pass in range(len(prediction.passes)) else None
        mask = Mask.of_runs(*self.size, prediction.runs_above(instance.threshold, chosen_pass))
        changed = replace(instance, network_mask=mask, timing=timing, chosen_pass=chosen_pass)
        return composed(changed, document.others(instance.id))

    def predict(self, instance: Instance) -> Prediction:
        """Return the network's prediction for an object's clicks, under the CFR settings of its mask.

        Predictions are cached; an old one is computed again, by the network in use now.
        """
        return self.segmenter.predict(
            instance.network_clicks,
            previous_mask=instance.previous_mask,
            cfr=instance.cfr or self.document.cfr,
        )

    def _commit_composed(self, document: Document, instance: Instance) -> None:
        self._commit(document.with_instance(composed(instance, document.others(instance.id))))

    def _check_unlocked(self, instance: Instance) -> None:
        if instance.locked:
            raise ActionError(f"Object {instance.id} is locked; unlock it to change it.")

    def _commit(self, document: Document) -> None:
        del self._documents[self._cursor + 1 :]
        self._documents.append(document)
        self._cursor += 1
