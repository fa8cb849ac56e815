"""One person's work on a sequence of pictures: objects, clicks, settings, and undo.

A session is a list of immutable documents and a cursor. Every action that changes the result appends one
document, so undo and redo move the cursor and cost the same however large the picture or the history is.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

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
from cfr_icl.annotate.exports.picture import AnnotatedPicture, class_names
from cfr_icl.annotate.imports.loaded import LoadedMasks, LoadedObject
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.outline import filled, hole_at
from cfr_icl.box import box_clicks
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import Predictor
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import PredictionError
from cfr_icl.sentences import Refusal, Sentence

HISTORIES_KEPT, HISTORY_BYTES = 20, 32_000_000
"""Pictures whose undo goes on after they were left, and how much their masks may take together."""

LITTLE_CLICKS, LITTLE_CHANGE = 3, 0.02
"""A box is suggested after so many clicks that each changed at most this share of the mask."""


class Session:
    """The work of one person: a picture at a time, its documents, and the predictor."""

    def __init__(
        self,
        segmenter: Predictor,
        cfr: CascadeForward = CascadeForward(),
        labels: Sequence[Label] = (),
    ) -> None:
        self.segmenter = segmenter
        self.picture: np.ndarray | None = None
        self.name = ""
        self.notices: list[str] = []
        """Messages for the user about the last actions; the caller that shows them empties the list."""
        label = labels[0].name if labels else Document.label
        self._documents = [Document(cfr=cfr, labels=tuple(labels), label=label)]
        self._cursor = 0
        self._classes: list[str] = [label.name for label in labels]
        self._key: Hashable | None = None
        self._load: int | None = None
        """Where in the history the last file of masks was loaded, if nothing was done since."""
        self._histories: OrderedDict[Hashable, tuple[list[Document], int]] = OrderedDict()

    def open(
        self, picture: np.ndarray, name: str, document: Document | None = None, key: Hashable | None = None
    ) -> None:
        """Open a picture, uint8 (H, W, 3) RGB, with its saved document if there is one.

        Without a saved document the settings are kept and there are no objects. The list of labels is kept
        in any case; labels of the document are appended, so that each label keeps its number.

        Args:
            key: identifies the picture. If a picture with this key was open before and its document is still
                the saved one, its history is restored (up to HISTORIES_KEPT and HISTORY_BYTES).
        """
        self.segmenter.set_image(picture)
        self._leave()
        self.picture = picture
        self.name = name
        settings = self.document
        documents, cursor = self._histories.pop(key, ([], 0)) if key is not None else ([], 0)
        document = document or Document(cfr=settings.cfr, label=settings.label)
        if not documents or documents[cursor].instances != document.instances:
            documents, cursor = [document], 0
        self._key, self._documents, self._cursor, self._load = key, documents, cursor, None
        labels = {label.name: label for label in (*settings.labels, *document.labels)}
        self._update(labels=tuple(labels.values())[:MAX_LABELS], done=document.done, view=document.view)

    def _leave(self) -> None:
        """Keep the history of the picture that is closed, and drop the oldest histories."""
        if self._key is None or len(self._documents) < 2:
            return
        self._histories[self._key] = (self._documents, self._cursor)
        while len(self._histories) > HISTORIES_KEPT or self._kept_bytes() > HISTORY_BYTES:
            self._histories.popitem(last=False)

    def _kept_bytes(self) -> int:
        masks = {
            id(mask): len(mask.counts)
            for documents, _ in self._histories.values()
            for document in documents
            for instance in document.instances
            for mask in instance.masks
        }
        return sum(masks.values())

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

    def number_classes(self, pictures: Sequence[AnnotatedPicture]) -> list[str]:
        """The labels in the order of their numbers in exports, which later exports of the session keep."""
        self._classes = class_names(pictures, self._classes)
        return self._classes

    @property
    def can_undo(self) -> bool:
        return self._cursor > 0

    @property
    def can_redo(self) -> bool:
        return self._cursor < len(self._documents) - 1

    def undo(self) -> None:
        """Go back to the picture's result before the last step; at the start nothing happens.

        Steps change masks, labels or colours of objects. What is selected, hidden, locked or done, the
        list of labels and the next label are no steps: they stay as they are and do not end redo.
        """
        if self.can_undo:
            self._move(self._cursor - 1)

    def redo(self) -> None:
        """Take back one undo; at the end nothing happens."""
        if self.can_redo:
            self._move(self._cursor + 1)

    def _move(self, cursor: int) -> None:
        now = self.document
        self._cursor = cursor
        shown = {instance.id: instance for instance in now.instances}
        labels = {label.name: label for label in now.labels}
        listed = {label.name: label for label in self.document.labels}
        for instance in self.document.instances:  # a label that was taken off the list meanwhile
            if instance.label in listed:
                labels.setdefault(instance.label, listed[instance.label])
        self._update(
            instances=tuple(_shown_alike(each, shown.get(each.id)) for each in self.document.instances),
            labels=tuple(labels.values())[:MAX_LABELS],
            label=now.label,
            done=now.done,
            view=now.view,
        )

    def _update(self, **changes: Any) -> None:
        """Change the present document in place, for changes that are not undo steps."""
        document = replace(self.document, **changes)
        if document != self.document:
            self._documents[self._cursor] = document

    def click(self, click: Click) -> None:
        """Add a click to the active object, or start an object with it.

        Raises:
            ActionError: for a click outside the picture or a negative one without an object.
        """
        height, width = self.size
        try:
            click.check_inside(width, height)
        except Refusal as error:
            raise ActionError(error.sentence) from error
        instance = self.active
        document = self.document
        if instance is None:
            if not click.positive:
                raise ActionError("Start an object with a click on it; then mark what does not belong to it.")
            document, instance = self._new_instance(document)
        self._check_unlocked(instance)
        if len(instance.clicks) >= MAX_CLICKS:
            raise ActionError("An object takes at most {max_clicks} clicks.", max_clicks=MAX_CLICKS)
        if instance.chosen_pass is not None:
            instance = replace(instance, initial_mask=instance.network_mask, chosen_pass=None)
        changed = replace(instance, clicks=(*instance.clicks, click), cfr=document.cfr, certainty=None)
        clicked = self._predicted(document, changed)
        if len(clicked.clicks) == 1:
            clicked = replace(
                clicked, neighbour_clicks=neighbour_clicks(clicked, document.others(clicked.id))
            )
        self._commit(document.with_instance(clicked))

    def box(self, left: int, top: int, right: int, bottom: int) -> None:
        """Start an object with a box around it; the four sides, in any order, are inclusive pixels."""
        height, width = self.size
        left, right = sorted((min(max(left, 0), width - 1), min(max(right, 0), width - 1)))
        top, bottom = sorted((min(max(top, 0), height - 1), min(max(bottom, 0), height - 1)))
        if right - left < 4 or bottom - top < 4:
            raise ActionError("Draw the box around the object, at least 5 pixels a side.")
        document, instance = self._new_instance(self.document)
        box = Rectangle(left, top, right + 1, bottom + 1)
        clicks = box_clicks(box, (height, width))
        instance = self._predicted(document, replace(instance, box=box, clicks=clicks, cfr=document.cfr))
        self._commit(document.with_instance(instance))

    def paint(self, points: Sequence[tuple[float, float]], diameter: int, add: bool) -> None:
        """Add a brush stroke to the active object, or remove its pixels; adding may start an object."""
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
        if not stroke.any():
            raise ActionError("The stroke lies outside the picture.")
        nothing = np.zeros_like(stroke)
        self._retouch(document, instance, *((stroke, nothing) if add else (nothing, stroke)))

    def lasso(self, points: Sequence[tuple[float, float]], add: bool) -> None:
        """Add what a closed line surrounds to the active object, or take it away; adding may start one.

        Args:
            points: as `outline.filled` takes them.
        """
        document, instance = self.document, self.active
        if instance is None:
            if not add:
                raise ActionError("Select the object that the lasso is to take from.")
            document, instance = self._new_instance(document)
        self._check_unlocked(instance)
        area = filled(points, self.size)
        if not area.any():
            raise ActionError("The lasso surrounds no pixel of the picture.")
        nothing = np.zeros_like(area)
        self._retouch(document, instance, *((area, nothing) if add else (nothing, area)))

    def reshape(self, points: Sequence[tuple[float, float]]) -> None:
        """Turn what lies between the active object's outline and a new one over: to the object, or from it.

        Args:
            points: along a part of the outline and back along its replacement, as `outline.filled` takes
                them.
        """
        instance = self.active
        if instance is None:
            raise ActionError("Select the object whose corners are to be moved.")
        self._check_unlocked(instance)
        area, mask = filled(points, self.size, crossed=False), instance.mask.pixels
        if area.any():
            self._retouch(self.document, instance, area & ~mask, area & mask)

    def fill_hole(self, x: int, y: int) -> None:
        """Add the hole of the active object that holds a pixel."""
        height, width = self.size
        instance = self.active
        if instance is None:
            raise ActionError("Select the object whose hole is to be filled.")
        self._check_unlocked(instance)
        inside = 0 <= x < width and 0 <= y < height
        hole = hole_at(instance.mask.pixels, x, y) if inside else None
        if hole is None:
            raise ActionError("There is no hole of the object here.")
        self._retouch(self.document, instance, hole, np.zeros_like(hole))

    def _retouch(
        self, document: Document, instance: Instance, painted: np.ndarray, erased: np.ndarray
    ) -> None:
        """Paint and erase pixels of an object, bool (H, W) each, over what was painted and erased before."""
        if instance.painted:
            painted = painted | (instance.painted.pixels & ~erased)
        if instance.erased:
            erased = erased | (instance.erased.pixels & ~painted)
        changed = replace(instance, painted=Mask.of(painted), erased=Mask.of(erased), certainty=None)
        self._commit_composed(document, changed)

    def clear(self) -> None:
        """Delete the active object with its clicks and strokes."""
        instance = self.active
        if instance is not None:
            self.delete(instance.id)

    def finish(self) -> None:
        """Leave the active object, which was looked at then; the next click starts a new one."""
        document, instance = self.document, self.active
        if instance is not None and instance.certainty is not None:
            document = document.with_instance(replace(instance, certainty=None))
        self._update(instances=document.instances, active=None)

    def select(self, id: int) -> None:
        """Make an object active."""
        self.document.find(id)
        self._update(active=id)

    def delete(self, id: int) -> None:
        """Delete an object."""
        document = self.document
        self._check_unlocked(document.find(id))
        active = None if document.active == id else document.active
        self._commit(replace(document, instances=document.others(id), active=active))

    def duplicate(self, id: int) -> None:
        """Add a copy of an object, which may overlap the original, and make it active."""
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
        if set(changes) <= {"visible", "locked"}:
            self._update(instances=document.with_instance(changed).instances)
            return
        if changed == instance:
            return
        if changed.threshold != instance.threshold and changed.clicks:
            self._commit(document.with_instance(self._predicted(document, changed)))
        else:
            self._commit_composed(document, changed)

    def set_label(self, name: str, id: int | None = None) -> None:
        """Label an object, or, without `id`, future objects; a new name is added to the list of labels."""
        if not name.strip():
            raise ActionError("A label needs a name.")
        document = self.document
        labels = {label.name: label for label in document.labels}
        instance = None if id is None else document.find(id)
        if name not in labels:
            if len(labels) >= MAX_LABELS:
                raise ActionError("A list of labels has 1 to {most} entries.", most=MAX_LABELS)
            colour = self._free_colour(labels, *([instance.colour] if instance else []))
            labels[name] = Label(name, colour)
            document = replace(document, labels=tuple(labels.values()))
        document = replace(document, label=name)
        if instance is not None:
            self._check_unlocked(instance)
            labelled = replace(instance, label=name, colour=labels[name].colour)
            if labelled != instance:
                self._commit(document.with_instance(labelled))
                return
        self._update(labels=document.labels, label=name)

    def set_labels(self, labels: Sequence[Label]) -> None:
        """Replace the list of labels; the labels of objects do not change."""
        if labels:
            listed = {label.name: label for label in self.document.labels}
            merged = (replace(listed.get(label.name, label), colour=label.colour) for label in labels)
            self._update(labels=tuple(merged), label=labels[0].name)

    def rename_label(self, name: str, new: str) -> None:
        """Rename a label on the list and on all objects of the picture, as one step of undo.

        Raises:
            ActionError: for a name that is taken, or an object that is locked.
        """
        document = self.document
        listed = {label.name for label in document.labels}
        if name not in listed or name == new:
            return
        if not new.strip():
            raise ActionError("A label needs a name.")
        if new in listed:
            raise ActionError("There is a label {name!r} already.", name=new)
        renamed = [instance for instance in document.instances if instance.label == name]
        for instance in renamed:
            self._check_unlocked(instance)
            document = document.with_instance(replace(instance, label=new))
        labels = tuple(replace(label, name=new) if label.name == name else label for label in document.labels)
        changes: dict[str, Any] = {
            "labels": labels,
            "label": new if document.label == name else document.label,
        }
        if renamed:
            self._commit(replace(document, **changes))
        else:
            self._update(**changes)

    def remove_label(self, name: str) -> None:
        """Remove a label from the list; raises ActionError while an object has it."""
        document = self.document
        if any(instance.label == name for instance in document.instances):
            raise ActionError("Objects have the label {name!r}; give them another one first.", name=name)
        labels = tuple(label for label in document.labels if label.name != name)
        if labels != document.labels:
            first = labels[0].name if labels else Document.label
            label = first if document.label == name else document.label
            self._update(labels=labels, label=label)

    def add_masks(self, objects: Sequence[tuple[str | None, Mask]]) -> None:
        """Add objects that were made elsewhere, as labels and masks; see `add_loaded`."""
        self.add_loaded(LoadedMasks([LoadedObject(mask, label) for label, mask in objects]))

    def add_loaded(self, loaded: LoadedMasks, again: bool = False) -> None:
        """Add the objects of a file; clicks correct them with their mask as previous mask.

        Their labels join the list of labels.

        Args:
            again: first remove the objects of the last file, if nothing was done since; used to read the
                same file in another way.
        """
        if again and self._load is not None and self._load == self._cursor and self.can_undo:
            self.undo()
        document = self.document
        taken = Mask.union([Mask.empty(*self.size), *(other.mask for other in document.instances)])
        labels = {label.name: label for label in document.labels}
        for listed in loaded.labels:
            if listed.name not in labels and len(labels) < MAX_LABELS:
                colour = self._free_colour(labels)
                labels[listed.name] = Label(listed.name, colour, listed.category_id, listed.supercategory)
        instances = list(document.instances)
        for entry in loaded.objects:
            document, instance = self._new_instance(document)
            name = entry.label or instance.label
            if entry.label and name not in labels and len(labels) < MAX_LABELS:
                colour = self._free_colour(labels)
                labels[name] = Label(name, colour, entry.category_id, entry.supercategory)
            overlaps = taken.overlaps(entry.mask)
            taken = Mask.union([taken, entry.mask])
            instances.append(
                replace(
                    instance,
                    label=name,
                    colour=labels[name].colour if name in labels else instance.colour,
                    initial_mask=entry.mask,
                    network_mask=entry.mask,
                    mask=entry.mask,
                    overlap=overlaps,
                    foreign=entry.foreign,
                )
            )
        self._commit(
            replace(
                document,
                instances=tuple(instances),
                labels=tuple(labels.values()),
                active=None,
                foreign=loaded.foreign or document.foreign,
            )
        )
        self._load = self._cursor
        self.notices += loaded.sentences

    def take_over(self, objects: Sequence[Instance], labels: Sequence[Label] = ()) -> None:
        """Add objects of another picture, whose masks have this picture's size; one step of undo.

        They keep their ids where these are free, give way to the objects that are there and to those
        before them, and stand in the list by their certainty, least first. The first unsure one is selected.

        Args:
            labels: join the list of labels.
        """
        document = self.document
        listed = {label.name: label for label in (*document.labels, *labels)}
        document = replace(document, labels=tuple(listed.values())[:MAX_LABELS])
        added = []
        for entry in objects:
            if any(entry.id == other.id for other in document.instances):
                document, new = self._new_instance(document)
                entry = replace(entry, id=new.id)
            entry = self._composed(document, entry)
            document = replace(
                document.with_instance(entry), next_id=max(document.next_id, entry.id + 1), active=None
            )
            added.append(entry)
        added.sort(key=lambda entry: (not entry.unsure, entry.certainty or 0 if entry.unsure else 0))
        first = added[0].id if added and added[0].unsure else None
        self._commit(replace(document, instances=(*self.document.instances, *added), active=first))

    @staticmethod
    def _free_colour(labels: Mapping[str, Label], *first: str) -> str:
        """A colour that no label has, `first` if possible."""
        used = {label.colour for label in labels.values()}
        free = [colour for colour in (*first, *COLOURS) if colour not in used]
        return free[0] if free else COLOURS[len(labels) % len(COLOURS)]

    def set_done(self, done: bool) -> None:
        """Mark the picture as done or not done."""
        self.size  # noqa: B018  raises without a picture
        if done != self.document.done:
            self._update(done=done, active=None if done else self.document.active)

    def restore(self, document: Document) -> None:
        """Replace the document by a saved one of this picture; can be undone."""
        self._commit(document)

    def set_cascade(self, cfr: CascadeForward) -> None:
        """Change the CFR settings and predict the active object's mask again."""
        if cfr == self.document.cfr:
            return
        document = replace(self.document, cfr=cfr)
        instance = self.active
        if instance is not None and instance.clicks and not instance.locked:
            changed = self._predicted(document, replace(instance, cfr=cfr, chosen_pass=None))
            self._commit(document.with_instance(changed))
        else:  # the setting of the next click, whatever is undone before
            self._documents = [replace(each, cfr=cfr) for each in self._documents]

    def use(self, segmenter: Predictor) -> None:
        """Switch to another network: keep all clicks and predict the active object's mask again.

        Masks that another network made stay as they are, also those that undo and redo bring back. The
        network in use now predicts from the next click on, and for `keep_pass`, thresholds and Inspect.
        """
        if self.picture is not None:
            segmenter.set_image(self.picture)
        before, self.segmenter = self.segmenter, segmenter
        instance = self.active
        if instance is not None and instance.clicks and not instance.locked:
            try:
                cfr = self.document.cfr
                start = replace(instance, cfr=cfr, chosen_pass=None, choice=None)
                changed = self._predicted(self.document, start)
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
            raise ActionError("The last prediction has no pass {number}.", number=number)
        changed = self._predicted(self.document, replace(instance, chosen_pass=number))
        self._commit(self.document.with_instance(changed))

    def choices(self) -> tuple[Instance, Prediction]:
        """The active object and its prediction, with the masks that the network offers for its one click.

        Raises:
            ActionError: where it offers none.
        """
        instance = self.active
        if instance is None or instance.timing is None or not instance.timing.choices:
            raise ActionError("Masks to choose from are there after an object's first click alone.")
        return instance, self.predict(instance)

    def choose(self, number: int) -> None:
        """Begin the active object with mask `number`, from 0, of those that the network offers."""
        instance, prediction = self.choices()
        self._check_unlocked(instance)
        if not 0 <= number < len(prediction.choices):
            raise ActionError("There is no mask {number} to choose.", number=number + 1)
        if number != instance.choice:
            changed = replace(instance, choice=number, cfr=self.document.cfr, chosen_pass=None)
            self._commit(self.document.with_instance(self._predicted(self.document, changed)))

    @property
    def suggests_box(self) -> bool:
        """Whether the last LITTLE_CLICKS clicks, and none before them, changed little of the active object.

        A box around it may then tell the network more than another click.
        """
        instance = self.active
        if instance is None or instance.box or not self._clicks_changed_little(LITTLE_CLICKS):
            return False
        return not self._clicks_changed_little(LITTLE_CLICKS + 1)

    def _clicks_changed_little(self, count: int) -> bool:
        """Whether the last `count` steps each added a click to the active object that changed little."""
        steps = self._documents[max(0, self._cursor - count) : self._cursor + 1]
        objects = [
            next((each for each in step.instances if each.id == self.document.active), None) for step in steps
        ]
        if len(objects) <= count or any(each is None for each in objects):
            return False
        for before, after in pairwise(objects):
            if not before.clicks or before.clicks != after.clicks[:-1]:
                return False
            common = before.network_mask.common(after.network_mask).area
            changed = before.network_mask.area + after.network_mask.area - 2 * common
            if changed > LITTLE_CHANGE * after.network_mask.area:
                return False
        return True

    def _new_instance(self, document: Document) -> tuple[Document, Instance]:
        number = document.next_id
        if number > MAX_ID:
            raise ActionError("A picture holds at most {max_id} objects.", max_id=MAX_ID)
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
        except PredictionError as error:
            raise ActionError("The network's output is not finite; its weights are damaged.") from error
        timing = Timing(
            prediction.forwards,
            1000 * (time.perf_counter() - start),
            Rectangle(*prediction.window) if prediction.window else None,
            len(prediction.passes),
            prediction.last_change(instance.threshold),
            len(prediction.choices) if len(instance.clicks) == 1 else 0,
        )
        # another network may need fewer passes
        chosen_pass = instance.chosen_pass if instance.chosen_pass in range(len(prediction.passes)) else None
        mask = Mask.of_runs(*self.size, prediction.rle_above(instance.threshold, chosen_pass))
        changed = replace(instance, network_mask=mask, timing=timing, chosen_pass=chosen_pass)
        return self._composed(document, changed)

    def predicted(self, instance: Instance) -> Instance:
        """The object with the mask that its clicks, previous mask and settings give on this picture."""
        return self._predicted(self.document, instance)

    def predict(self, instance: Instance) -> Prediction:
        """Predict an object from its clicks, with the CFR settings of its mask.

        Recent predictions come from the cache; others are computed by the present network.
        """
        return self.segmenter.predict(
            instance.network_clicks,
            previous_mask=instance.previous_mask,
            box=None if instance.initial_mask else instance.box,
            choice=instance.choice,
            cfr=instance.cfr or self.document.cfr,
        )

    def _commit_composed(self, document: Document, instance: Instance) -> None:
        self._commit(document.with_instance(self._composed(document, instance)))

    def _composed(self, document: Document, instance: Instance) -> Instance:
        """The object with its mask composed anew; says so when no pixel is left of it."""
        result = composed(instance, document.others(instance.id))
        if not result.mask.area and result.left_out:
            self.notices.append(
                Sentence(
                    "Other objects have all pixels of object {id}; let it overlap them, or delete it.",
                    id=result.id,
                )
            )
        elif not result.mask.area:
            self.notices.append(Sentence("Object {id} has no pixels; it will not be exported.", id=result.id))
        return result

    def _check_unlocked(self, instance: Instance) -> None:
        if instance.locked:
            raise ActionError("Object {id} is locked; unlock it to change it.", id=instance.id)

    def _commit(self, document: Document) -> None:
        del self._documents[self._cursor + 1 :]
        self._documents.append(document)
        self._cursor += 1
        self._load = None


def _shown_alike(instance: Instance, now: Instance | None) -> Instance:
    """The object with the present values of `visible` and `locked`."""
    if now is None or (instance.visible, instance.locked) == (now.visible, now.locked):
        return instance
    return replace(instance, visible=now.visible, locked=now.locked)
