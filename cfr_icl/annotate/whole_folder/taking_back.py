"""Take the last change of a whole folder back: masks that were loaded, or a label that was changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import ACCEPTED, MAX_LABELS, Document, Instance, Label
from cfr_icl.annotate.pictures.listing import first_names
from cfr_icl.annotate.saved.object_json import instance_to_json
from cfr_icl.annotate.saved.visits import Visit, now
from cfr_icl.sentences import Refusal, Sentence

TAKEN_BACK = "taken_back"
"""Outcome of a visit that took a change of the whole folder back."""


@dataclass(frozen=True)
class PictureChange:
    """What a change did to a picture; small, because it is kept for each picture of the change."""

    added: Mapping[int, str]
    """Digest of all that a person can change of each object that came, by its id."""
    relabelled: Mapping[int, tuple[tuple[str, str], tuple[str, str]]]
    """Label and colour before and after the change, by id, of the objects where they differ."""
    labels: tuple[Sequence[Label], Sequence[Label]]
    """The picture's list of labels before and after."""
    label: tuple[str, str]
    """The label of the next object before and after."""
    review: tuple[str, str]
    """Result of the review before and after."""
    done: bool = False
    """Whether the picture was done before."""
    next_id: tuple[int, int] = (0, 0)
    """The id of the next object before and after."""

    @classmethod
    def between(cls, before: Document, after: Document) -> PictureChange:
        old = {each.id: (each.label, each.colour) for each in before.instances}
        new = {each.id: (each.label, each.colour) for each in after.instances}
        return cls(
            {each.id: _digest(each) for each in after.instances if each.id not in old},
            {id: (old[id], new[id]) for id in old if id in new and new[id] != old[id]},
            (before.labels, after.labels),
            (before.label, after.label),
            (before.review, after.review),
            before.done,
            (before.next_id, after.next_id),
        )

    def undone(self, document: Document) -> tuple[Document, int, int]:
        """The document without the change, and how many objects went back and how many stay.

        Objects stay as they are if a person changed since what the change had given them, and loaded ones
        if a person changed anything of them. A picture that was done with loaded objects alone is open again.
        """
        instances, back, stay = [], 0, 0
        for each in document.instances:
            before, given = self.relabelled.get(each.id, (None, None))
            if each.id in self.added and self.added[each.id] == _digest(each):
                back += 1
                continue
            if before is not None and given == (each.label, each.colour):
                each = replace(each, label=before[0], colour=before[1])
                back += 1
            elif each.id in self.added or before not in (None, (each.label, each.colour)):
                stay += 1
            instances.append(each)
        if document.instances and not instances and not self.done:
            review = "" if document.review == ACCEPTED else document.review
            document = replace(document, done=False, review=review)
        used = {each.label for each in instances}
        active = document.active if any(each.id == document.active for each in instances) else None
        unused = document.next_id == self.next_id[1] and not any(each.id in self.added for each in instances)
        reviewed = document.review == self.review[1] and not stay
        undone = replace(
            document,
            instances=tuple(instances),
            active=active,
            next_id=self.next_id[0] if unused else document.next_id,
            labels=tuple(_without_list_change(*self.labels, document.labels, used)),
            label=self.label[0] if document.label == self.label[1] else document.label,
            review=ACCEPTED if reviewed and self.review[0] == ACCEPTED else document.review,
        )
        return undone, back, stay


@dataclass
class TakenBack:
    """What became of a folder."""

    pictures: int = 0
    objects: int = 0
    changed_since: int = 0
    """Objects that a person changed since."""
    left_out: list[str] = field(default_factory=list)
    """Pictures that others work on, or whose work cannot be read or written."""

    def count(self, back: int, changed_since: int) -> None:
        """Count the objects of a picture that went back, and those that were changed since."""
        self.pictures += bool(back)
        self.objects += back
        self.changed_since += changed_since

    @property
    def sentences(self) -> list[Sentence]:
        """Messages for the user."""
        sentences = [
            Sentence(
                "Taken back; pictures: {pictures}, objects: {objects}.",
                pictures=self.pictures,
                objects=self.objects,
            )
        ]
        if self.changed_since:
            sentences.append(
                Sentence("Objects that were changed since stay: {number}.", number=self.changed_since)
            )
        if self.left_out:
            sentences.append(
                Sentence(
                    "Pictures that others work on, or that cannot be saved, stay: {names}.",
                    names=first_names(self.left_out),
                )
            )
        return sentences


@dataclass(frozen=True)
class FolderChange:
    """The last change of a whole folder that a page made."""

    outcome: str
    """As in `Visit.outcome`."""
    by_picture: Mapping[str, PictureChange]
    """By the names of the pictures."""
    classes: tuple[Sequence[Label], Sequence[Label]] | None = None
    """The folder's list of classes before and after, if the change was one of the list too."""

    def take_back(self, folder: Folder, holder: str, who: str, open_picture: str | None = None) -> TakenBack:
        """Change all saved work, one file after another, each atomically, then the list of classes.

        Args:
            holder, who: of the person, as in `Leases.take`.
            open_picture: this picture is left to the caller.
        """
        result = TakenBack()
        for name, change in self.by_picture.items():
            if name == open_picture:
                continue
            try:
                with folder.work.leases.held(name, holder, who):
                    work = folder.work.load(name)
                    undone, back, stay = change.undone(work.document)
                    added = len(undone.instances) - len(work.document.instances)
                    visit = Visit(now(), objects=added, who=who, outcome=TAKEN_BACK)
                    folder.save(name, undone, work.size, work.revision, (*work.visits, visit))
            except (Refusal, OSError):
                result.left_out.append(name)
                continue
            result.count(back, stay)
        if self.classes:
            before, after = self.classes
            used = {label for labels in folder.pictures.labels_of.values() for label in labels}
            folder.work.classes.change(lambda listed: _without_list_change(before, after, listed, used))
        return result


def _digest(instance: Instance) -> str:
    """A digest of an object as it is stored, but for what is computed beside its mask."""
    stored = instance_to_json(replace(instance, timing=None, left_out=0))
    return hashlib.sha256(json.dumps(stored).encode()).hexdigest()[:32]


def _without_list_change(
    before: Sequence[Label], after: Sequence[Label], listed: Sequence[Label], used: Collection[str]
) -> list[Label]:
    """The current list without a change: the other labels, and what others changed since, stay as they are.

    Labels keep their places, and so their numbers; one that objects still have comes back at the end.
    """
    old = {label.name: label for label in before}
    renamed = {label.name for label in after}
    there = {label.name for label in listed}
    changed = {}
    for place, label in enumerate(after):
        if label.name in old:
            changed[label.name] = (old[label.name], label)
        elif len(before) == len(after) and before[place].name not in renamed | there:
            changed[label.name] = (before[place], label)
    labels, kept = [], []
    for label in listed:
        if label.name in changed:
            was, became = changed[label.name]
            if was.name != label.name and label.name in used:
                kept.append(label)
            label = _without_change(label, was, became)
        elif label.name in renamed and len(before) < len(after) and label.name not in used:
            continue
        labels.append(label)
    return [*labels, *kept][:MAX_LABELS]


def _without_change(label: Label, before: Label, after: Label) -> Label:
    """The label with the values before a change where it still has those after it."""
    names = [each.name for each in fields(Label)]
    back = {name: getattr(before, name) for name in names if getattr(label, name) == getattr(after, name)}
    return replace(label, **back)
