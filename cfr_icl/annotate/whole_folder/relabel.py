"""Rename a label, or change its colour, in all saved work of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import Document, Instance, Label
from cfr_icl.annotate.pictures.listing import first_names
from cfr_icl.annotate.saved.visits import Visit, now
from cfr_icl.annotate.whole_folder.taking_back import PictureChange
from cfr_icl.sentences import Refusal, Sentence

RELABELLED = "relabelled"
"""Outcome of a visit that changed labels of a whole folder."""


@dataclass(frozen=True)
class LabelChange:
    """A label's new name, which another label may have, and its new colour; None to keep that."""

    name: str
    new: str
    colour: str | None = None

    def in_list(self, labels: Sequence[Label]) -> list[Label]:
        """The list of labels after the change, in which all keep their places, and so their numbers.

        A label whose objects join those of another one stays, without objects.
        """
        joins = any(label.name == self.new for label in labels)
        changed = self.new if joins else self.name
        return [
            replace(label, name=self.new, colour=self.colour or label.colour)
            if label.name == changed
            else label
            for label in labels
        ]

    def in_document(self, document: Document, colour: str | None = None) -> Document:
        """The document after the change, also on locked objects, whose masks stay.

        Args:
            colour: of the label in the folder's list, for objects that get the label of others.
        """
        return replace(
            document,
            instances=tuple(self._of_object(instance, colour) for instance in document.instances),
            labels=tuple(self.in_list(document.labels)),
            label=self.new if document.label == self.name else document.label,
        )

    def _of_object(self, instance: Instance, colour: str | None) -> Instance:
        if instance.label == self.name:
            return replace(instance, label=self.new, colour=self.colour or colour or instance.colour)
        if instance.label == self.new and self.colour:
            return replace(instance, colour=self.colour)
        return instance

    def renames(self, document: Document) -> int:
        """How many objects get another label."""
        return sum(instance.label == self.name for instance in document.instances)


@dataclass
class Affected:
    """What a change affects, or affected."""

    pictures: int = 0
    objects: int = 0
    left_out: list[str] = field(default_factory=list)
    """Names of pictures that others work on, or whose work cannot be read."""
    by_picture: dict[str, PictureChange] = field(default_factory=dict)
    """What became of each picture, to take it back."""

    @property
    def sentence(self) -> Sentence | None:
        """What was left out; None for nothing."""
        if not self.left_out:
            return None
        return Sentence(
            "Pictures that others work on, or whose work cannot be read, keep their labels: {names}.",
            names=first_names(self.left_out),
        )


def count_affected(folder: Folder, change: LabelChange, holder: str) -> Affected:
    """How many pictures and objects a change affects, and which pictures others work on."""
    affected, taken = Affected(), folder.work.leases.others(holder)
    for name, labels in list(folder.pictures.labels_of.items()):
        if change.name not in labels and not (change.colour and change.new in labels):
            continue
        if name in taken:
            affected.left_out.append(name)
            continue
        try:
            document = folder.work.load(name).document
        except (Refusal, OSError):
            affected.left_out.append(name)
            continue
        affected.pictures += 1
        affected.objects += change.renames(document)
    return affected


def relabel(
    folder: Folder, change: LabelChange, holder: str, who: str = "", open_picture: str | None = None
) -> Affected:
    """Change all saved work, one file after another, each atomically.

    Args:
        holder, who: of the person, as in `Leases.take`.
        open_picture: a picture that the caller changes; None if there is none.
    """
    affected = Affected()
    colour = next((label.colour for label in folder.work.classes.labels if label.name == change.new), None)
    for name in list(folder.pictures.labels_of):
        if name == open_picture:
            continue
        try:
            work = folder.work.load(name)
            if change.in_document(work.document, colour) == work.document:
                continue
            with folder.work.leases.held(name, holder, who):
                work = folder.work.load(name)  # as it is now that nobody else has it
                changed = change.in_document(work.document, colour)
                visit = Visit(now(), who=who, outcome=RELABELLED)
                folder.save(name, changed, work.size, work.revision, (*work.visits, visit))
                affected.by_picture[name] = PictureChange.between(work.document, changed)
        except (Refusal, OSError):
            affected.left_out.append(name)
            continue
        objects = change.renames(work.document)
        affected.pictures += bool(objects)
        affected.objects += objects
    folder.work.classes.change(change.in_list)
    return affected
