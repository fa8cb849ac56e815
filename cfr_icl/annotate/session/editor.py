"""Changes of the open picture's objects and labels that need no network, most of them steps of undo.

Functions on documents do the work (`objects/`, `imports/additions.py`); the open picture (`open_picture.py`)
holds the history of documents, and takes the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cfr_icl.annotate.imports.additions import with_loaded, with_taken_over
from cfr_icl.annotate.imports.loaded import LoadedMasks
from cfr_icl.annotate.objects import drawing, selection
from cfr_icl.annotate.objects import labels as label_lists
from cfr_icl.annotate.objects.attributes import Value, with_value
from cfr_icl.annotate.objects.compose import composed
from cfr_icl.annotate.objects.document import (
    ACCEPTED,
    ActionError,
    Attribute,
    Document,
    Instance,
    Label,
)
from cfr_icl.annotate.session.open_picture import OpenPicture
from cfr_icl.sentences import Sentence


class Editor(OpenPicture):
    """An open picture and the changes that a person makes of its objects and labels."""

    def paint(self, points: Sequence[tuple[float, float]], diameter: int, add: bool) -> None:
        """Add a brush stroke to the active object, or remove its pixels; see `drawing.painted`."""
        self._commit_drawn(*drawing.painted(self.document, points, diameter, add, self.size))

    def lasso(self, points: Sequence[tuple[float, float]], add: bool) -> None:
        """Add the pixels inside of a closed line, or remove them; see `drawing.lassoed`."""
        self._commit_drawn(*drawing.lassoed(self.document, points, add, self.size))

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

    def go_to_unsure(self) -> None:
        """Finish the active object and select the next unsure one; the first one follows the last."""
        ids = [instance.id for instance in self.document.instances]
        start = ids.index(self.document.active) + 1 if self.document.active is not None else 0
        self.finish()
        for id in [*ids[start:], *ids[:start]]:
            if self.document.find(id).unsure:
                self.select(id)
                return

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
        original = document.find(id)
        copy = replace(
            original,
            id=new.id,
            colour=new.colour,
            overlaps=(*original.overlaps, id),
            locked=False,
            visible=True,
        )
        self._commit_composed(document, copy)

    def edit(self, id: int, **changes: Any) -> None:
        """Change fields of an object: its colour and the switches; see `edited`."""
        document = self.document
        instance = document.find(id)
        changed = edited(instance, changes)
        if set(changes) <= {"visible", "locked"}:
            self._history.update(instances=document.with_instance(changed).instances)
            return
        instance.check_unlocked()
        if changed != instance:
            self._commit_composed(document, changed)

    def set_label(self, name: str, id: int | None = None) -> None:
        """Label an object, or, without `id`, future objects; a new name is added to the list of labels."""
        self._apply(label_lists.labelled(self.document, name, id))

    def delete_objects(self, ids: Collection[int]) -> None:
        """Delete several objects, as one step of undo; see `objects/selection.py`, also for the next four."""
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
        self.check_open()
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

    def add_loaded(self, loaded: LoadedMasks, replace_last: bool = False) -> None:
        """Add the objects of a file; clicks correct them with their mask as previous mask.

        Their labels join the list of labels.

        Args:
            replace_last: first remove the objects of the last file, if nothing was done since; for reading
                the same file in another way.
        """
        if replace_last and self._loaded_at == self._history.position and self.can_undo:
            self.undo()
        self._commit(with_loaded(self.document, loaded, self.size))
        self._loaded_at = self._history.position
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
        self.check_open()
        if done != self.document.done:
            review = {"review": "", "note": ""} if done or self.document.review == ACCEPTED else {}
            self._history.update(done=done, active=None if done else self.document.active, **review)

    def set_review(self, review: str, note: str = "") -> None:
        """Take the picture as ACCEPTED, or, with a note, as SENT_BACK, which makes it open again."""
        self.check_open()
        accepted = review == ACCEPTED
        self._history.update(done=accepted, active=None, review=review, note="" if accepted else note)

    def restore(self, document: Document) -> None:
        """Replace the document by a saved one of this picture; can be undone."""
        self._commit(document)

    def _commit_composed(self, document: Document, instance: Instance) -> None:
        self._commit(document.with_instance(self._composed(document, instance)))

    def _commit_drawn(self, document: Document, instance: Instance) -> None:
        """Commit a drawn object; raises ActionError for a new one of which other objects have all pixels."""
        is_new = self.active is None
        if is_new and not composed(instance, document.others(instance.id)).mask.area:
            raise ActionError("Other objects have all these pixels; no object was made.")
        self._commit_composed(document, instance)

    def _composed(self, document: Document, instance: Instance) -> Instance:
        """Compose the object's mask again; add a notice if the object has no pixels left."""
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


def edited(instance: Instance, changes: Mapping[str, Any]) -> Instance:
    """The object with changed fields; `overlap`, which is about all other objects, replaces `overlaps`."""
    if "overlap" in changes:
        instance = replace(instance, overlaps=())
    return replace(instance, **changes)
