"""One person's work on a sequence of pictures: each action changes the document, most of them with undo.

A session holds a history of immutable documents (history.py). Functions on documents do what needs no network
(labels.py, drawing.py, compose.py, additions.py); the session predicts masks and appends the new document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cfr_icl.annotate import drawing, selection
from cfr_icl.annotate import labels as label_lists
from cfr_icl.annotate.additions import with_loaded, with_taken_over
from cfr_icl.annotate.attributes import Value, joined, with_value
from cfr_icl.annotate.compose import composed, neighbour_clicks
from cfr_icl.annotate.document import (
    ACCEPTED,
    MAX_CLICKS,
    ActionError,
    Attribute,
    Document,
    Instance,
    Label,
)
from cfr_icl.annotate.exports.picture import AnnotatedPicture, class_names
from cfr_icl.annotate.history import History
from cfr_icl.annotate.imports.loaded import LoadedMasks, LoadedObject
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.predicted import predict, predicted
from cfr_icl.annotate.suggestions import LITTLE_CLICKS, suggests_box
from cfr_icl.box import box_clicks
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import Predictor
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import PredictionError
from cfr_icl.sentences import Refusal, Sentence


class Session:
    """The work of one person: a picture at a time, its documents, and the predictor."""

    def __init__(
        self,
        segmenter: Predictor,
        cfr: CascadeForward = CascadeForward(),
        labels: Sequence[Label] = (),
        attributes: Sequence[Attribute] = (),
    ) -> None:
        self.segmenter = segmenter
        self._picture: np.ndarray | None = None
        self.name = ""
        self.notices: list[Sentence] = []
        """Messages for the user about the last actions; the caller that shows them empties the list."""
        label = labels[0].name if labels else Document.label
        self._history = History(
            Document(cfr=cfr, labels=tuple(labels), label=label, attributes=tuple(attributes))
        )
        self._classes: list[str] = [label.name for label in labels]
        self._load: int | None = None
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
        self.segmenter.set_image(picture)
        self._picture = picture
        self.name = name
        settings = self.document
        document = document or Document(cfr=settings.cfr, label=settings.label)
        self._history.open(document, key)
        self._load = None
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
        if self.active is None and not click.positive:
            raise ActionError("Start an object with a click on it; then mark what does not belong to it.")
        document, instance = self.document.selected_or_new(self.size)
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

    def preview(self, click: Click) -> Instance | None:
        """The object that a click would roughly give, from one coarse pass; nothing changes.

        None for a click that is not the first one on its object, for one that would be refused, and where the
        predictor cannot tell at once. May run while another thread changes the session.
        """
        document = self.document
        if document.active is None and not click.positive:
            return None
        try:
            size = self.size
            document, instance = document.selected_or_new(size)
            if instance.clicks or instance.size != size:
                return None
            prediction = self.segmenter.preview(click, instance.previous_mask)
        except (ValueError, PredictionError):
            return None
        runs = None if prediction is None else prediction.rle_above(instance.threshold)
        if runs is None or runs.sum() != size[0] * size[1]:  # of a picture that was opened meanwhile
            return None
        clicked = replace(instance, clicks=(click,), network_mask=Mask.of_runs(*size, runs))
        return composed(clicked, document.others(clicked.id))

    def box(self, left: int, top: int, right: int, bottom: int) -> None:
        """Start an object with a box around it; the four sides, in any order, are inclusive pixels."""
        height, width = self.size
        left, right = sorted((min(max(left, 0), width - 1), min(max(right, 0), width - 1)))
        top, bottom = sorted((min(max(top, 0), height - 1), min(max(bottom, 0), height - 1)))
        if right - left < 4 or bottom - top < 4:
            raise ActionError("Draw the box around the object, at least 5 pixels a side.")
        document, instance = self.document.new_instance(self.size)
        box = Rectangle(left, top, right + 1, bottom + 1)
        clicks = box_clicks(box, (height, width))
        self._commit_predicted(document, replace(instance, box=box, clicks=clicks, cfr=document.cfr))

    def paint(self, points: Sequence[tuple[float, float]], diameter: int, add: bool) -> None:
        """Add a brush stroke to the active object, or remove its pixels; see `drawing.painted`."""
        self._commit_composed(*drawing.painted(self.document, points, diameter, add, self.size))

    def lasso(self, points: Sequence[tuple[float, float]], add: bool) -> None:
        """Add the pixels inside of a closed line, or remove them; see `drawing.lassoed`."""
        self._commit_composed(*drawing.lassoed(self.document, points, add, self.size))

    def reshape(self, points: Sequence[tuple[float, float]]) -> None:
        """Replace a part of the active object's outline; see `drawing.reshaped`."""
        instance = drawing.reshaped(self.document, points)
        if instance is not None:
            self._commit_composed(self.document, instance)

    def fill_hole(self, x: int, y: int) -> None:
        """Fill the hole around pixel (x, y) of the active object."""
        self._commit_composed(self.document, drawing.hole_filled(self.document, x, y))

    def clear(self) -> None:
        """Delete the active object with its clicks and strokes."""
        instance = self.active
        if instance is not None:
            self.delete(instance.id)

    def finish(self) -> None:
        """Deselect the active object and take it as checked; the next click starts a new one."""
        document, instance = self.document, self.active
        if instance is not None and instance.certainty is not None:
            document = document.with_instance(replace(instance, certainty=None))
        self._history.update(instances=document.instances, active=None)

    def select(self, id: int) -> None:
        """Make an object active."""
        self.document.find(id)
        self._history.update(active=id)

    def delete(self, id: int) -> None:
        """Delete an object."""
        document = self.document
        document.find(id).check_unlocked()
        active = None if document.active == id else document.active
        self._commit(replace(document, instances=document.others(id), active=active))

    def duplicate(self, id: int) -> None:
        """Add a copy of an object, which may overlap the original, and make it active."""
        document, new = self.document.new_instance(self.size)
        copy = replace(
            document.find(id), id=new.id, colour=new.colour, overlap=True, locked=False, visible=True
        )
        self._commit_composed(document, copy)

    def edit(self, id: int, **changes: Any) -> None:
        """Change fields of an object: its colour, threshold and the switches."""
        document = self.document
        instance = document.find(id)
        changed = replace(instance, **changes)
        if set(changes) <= {"visible", "locked"}:
            self._history.update(instances=document.with_instance(changed).instances)
            return
        instance.check_unlocked()
        if changed.threshold != instance.threshold and changed.clicks:
            self._commit_predicted(document, changed)
        elif changed != instance:
            self._commit_composed(document, changed)

    def set_label(self, name: str, id: int | None = None) -> None:
        """Label an object, or, without `id`, future objects; a new name is added to the list of labels."""
        self._apply(label_lists.labelled(self.document, name, id))

    def delete_objects(self, ids: Collection[int]) -> None:
        """Delete several objects, as one step of undo; this and the next four are in selection.py."""
        self._apply(selection.without_objects(self.document, ids))

    def label_objects(self, ids: Collection[int], name: str) -> None:
        """Label several objects."""
        self._apply(selection.with_label(self.document, name, ids))

    def edit_objects(self, ids: Collection[int], **changes: bool | str) -> None:
        """Change `colour`, `visible` or `locked` of several objects; only the colour is a step of undo."""
        document = selection.with_changes(self.document, ids, **changes)
        if "colour" in changes:
            self._apply(document)
        else:
            self._history.update(instances=document.instances)

    def merge_objects(self, ids: Collection[int]) -> None:
        """Make one object of several."""
        self._apply(selection.with_merged(self.document, ids))

    def order_objects(self, ids: Collection[int], front: bool) -> None:
        """Move several objects in front of all others, or behind them."""
        self._apply(selection.with_order(self.document, ids, front))

    def relabel(self, change: Callable[[Document], Document]) -> None:
        """Change labels as `relabel.Change` does, as one step of undo."""
        self._apply(change(self.document))

    def set_labels(self, labels: Sequence[Label]) -> None:
        """Replace the list of labels; the labels of objects do not change."""
        self._apply(label_lists.with_labels(self.document, labels))

    def set_attributes(self, attributes: Sequence[Attribute]) -> None:
        """Replace the definitions of attributes; values do not change."""
        self._history.update(attributes=tuple(attributes))

    def set_attribute(self, name: str, value: Value | None, ids: Collection[int] | None = None) -> None:
        """Set an attribute of objects, or of the picture; one step of undo; see `attributes.with_value`."""
        self.size  # noqa: B018  raises without a picture
        document = with_value(self.document, name, value, ids)
        if document != self.document:
            self._commit(document)

    def rename_label(self, name: str, new: str) -> None:
        """Rename a label on the list and on all objects of the picture, as one step of undo.

        Raises:
            ActionError: for a name that is taken, or an object that is locked.
        """
        self._apply(label_lists.renamed(self.document, name, new))

    def remove_label(self, name: str) -> None:
        """Remove a label from the list; raises ActionError while an object has it."""
        self._apply(label_lists.without_label(self.document, name))

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
        if again and self._load is not None and self._load == self._history.position and self.can_undo:
            self.undo()
        self._commit(with_loaded(self.document, loaded, self.size))
        self._load = self._history.position
        self.notices += loaded.sentences

    def take_over(self, objects: Sequence[Instance], labels: Sequence[Label] = ()) -> None:
        """Add objects of another picture of equal size as one step of undo; see `with_taken_over`.

        Args:
            labels: join the list of labels.
        """
        document = with_taken_over(self.document, objects, labels, self.size)
        for added in document.instances[len(self.document.instances) :]:
            self._report_empty(added)
        self._commit(document)

    def set_done(self, done: bool) -> None:
        """Mark the picture as done or not done."""
        self.size  # noqa: B018  raises without a picture
        if done != self.document.done:
            review = {"review": "", "note": ""} if done or self.document.review == ACCEPTED else {}
            self._history.update(done=done, active=None if done else self.document.active, **review)

    def set_review(self, review: str, note: str = "") -> None:
        """Take the picture as ACCEPTED, or, with a note, as SENT_BACK, which makes it open again."""
        self.size  # noqa: B018  raises without a picture
        accepted = review == ACCEPTED
        self._history.update(done=accepted, active=None, review=review, note="" if accepted else note)

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
            self._commit_predicted(document, replace(instance, cfr=cfr, chosen_pass=None))
        else:  # the setting of the next click, whatever is undone before
            self._history.update_all(cfr=cfr)

    def use(self, segmenter: Predictor) -> None:
        """Switch to another network: keep all clicks and predict the active object's mask again.

        Masks that another network made stay as they are, also those that undo and redo bring back. The
        network in use now predicts from the next click on, and for `keep_pass`, thresholds and Inspect.
        """
        if self.has_picture:
            segmenter.set_image(self.picture)
        before, self.segmenter = self.segmenter, segmenter
        instance = self.active
        if instance is not None and instance.clicks and not instance.locked:
            start = replace(instance, cfr=self.document.cfr, chosen_pass=None, choice=None)
            try:
                self._commit_predicted(self.document, start)
            except BaseException:
                self.segmenter = before
                raise

    def keep_pass(self, number: int) -> None:
        """Use inner pass `number` (from 0) of the active object's last prediction as its mask."""
        instance = self.active
        if instance is None or not instance.clicks:
            raise ActionError("Select an object with clicks to keep one of its passes.")
        instance.check_unlocked()
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

    def choose(self, number: int) -> None:
        """Begin the active object with mask `number`, from 0, of those that the network offers."""
        instance, prediction = self.choices()
        instance.check_unlocked()
        if not 0 <= number < len(prediction.choices):
            raise ActionError("There is no mask {number} to choose.", number=number + 1)
        if number != instance.choice:
            changed = replace(instance, choice=number, cfr=self.document.cfr, chosen_pass=None)
            self._commit_predicted(self.document, changed)

    @property
    def suggests_box(self) -> bool:
        """Whether a box around the active object may tell the network more than another click."""
        return suggests_box(self._history.last(LITTLE_CLICKS + 1))

    def predict(self, instance: Instance) -> Prediction:
        """Predict an object from its clicks, with the CFR settings of its mask.

        Recent predictions come from the cache; others are computed by the present network.
        """
        return predict(self.segmenter, instance, self.document.cfr)

    def predicted(self, instance: Instance) -> Instance:
        """The object with the mask that its clicks, previous mask and settings give on this picture."""
        return self._predicted(self.document, instance)

    def _predicted(self, document: Document, instance: Instance) -> Instance:
        """Predict the object's mask from its clicks; raises ActionError when the prediction is not finite."""
        try:
            changed, _ = predicted(self.segmenter, instance, self.document.cfr)
        except PredictionError as error:
            raise ActionError("The network's output is not finite; its weights are damaged.") from error
        return self._composed(document, changed)

    def _commit_predicted(self, document: Document, instance: Instance) -> None:
        self._commit(document.with_instance(self._predicted(document, instance)))

    def _commit_composed(self, document: Document, instance: Instance) -> None:
        self._commit(document.with_instance(self._composed(document, instance)))

    def _composed(self, document: Document, instance: Instance) -> Instance:
        """The object with its mask composed anew; a notice says if it has no pixels left."""
        result = composed(instance, document.others(instance.id))
        self._report_empty(result)
        return result

    def _report_empty(self, instance: Instance) -> None:
        if instance.mask.area:
            return
        if instance.left_out:
            self.notices.append(
                Sentence(
                    "Other objects have all pixels of object {id}; let it overlap them, or delete it.",
                    id=instance.id,
                )
            )
        else:
            self.notices.append(
                Sentence("Object {id} has no pixels; it will not be exported.", id=instance.id)
            )

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
        self._load = None
