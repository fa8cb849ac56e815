"""Rename a label, or change its colour, in all saved work of a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cfr_icl.annotate.document import Document, Label
from cfr_icl.annotate.folder import Folder
from cfr_icl.annotate.record import Visit, now
from cfr_icl.sentences import Refusal, Sentence

RELABELLED = "relabelled"
"""What a visit did that changed labels of a whole folder."""


@dataclass(frozen=True)
class Change:
    """A label's new name, which another label may have, and its new colour; None to keep that."""

    name: str
    new: str
    colour: str | None = None

    def of(self, labels: Sequence[Label]) -> list[Label]:
        """The list of labels after the change, in which all keep their places, and so their numbers.

        A label whose objects join those of another one stays, without objects.
        """
        joins = any(label.name == self.new for label in labels)
        renamed = self.new if joins else self.name
        return [
            replace(label, name=self.new, colour=self.colour or label.colour)
            if label.name == renamed
            else label
            for label in labels
        ]

    def applied(self, document: Document, colour: str | None = None) -> Document:
        """The document after the change, also on locked objects, whose masks stay.

        Args:
            colour: of the label in the folder's list, for objects that get the label of others.
        """
        given = self.colour or colour
        instances = tuple(
            replace(each, label=self.new, colour=given or each.colour) if each.label == self.name else each
            for each in document.instances
        )
        if self.colour:
            instances = tuple(
                replace(each, colour=self.colour) if each.label == self.new else each for each in instances
            )
        return replace(
            document,
            instances=instances,
            labels=tuple(self.of(document.labels)),
            label=self.new if document.label == self.name else document.label,
        )


@dataclass
class Found:
    """What a change affects, or affected."""

    pictures: int = 0
    objects: int = 0
    left_out: list[str] = field(default_factory=list)
    """Names of pictures that others work on, or whose work cannot be read."""

    @property
    def sentence(self) -> Sentence | None:
        """What was left out; None for nothing."""
        if not self.left_out:
            return None
        shown = ", ".join(self.left_out[:5]) + (" …" if len(self.left_out) > 5 else "")
        return Sentence(
            "Pictures that others work on, or whose work cannot be read, keep their labels: {names}.",
            names=shown,
        )


def count(folder: Folder, change: Change, holder: str) -> Found:
    """How many pictures and objects a change affects, and which pictures others work on."""
    found, taken = Found(), folder.leases.others(holder)
    for name, labels in list(folder.labels_of.items()):
        if change.name not in labels and not (change.colour and change.new in labels):
            continue
        if name in taken:
            found.left_out.append(name)
            continue
        try:
            document = folder.work(name).document
        except (Refusal, OSError):
            found.left_out.append(name)
            continue
        found.pictures += 1
        found.objects += sum(each.label == change.name for each in document.instances)
    return found


def relabel(
    folder: Folder,
    change: Change,
    holder: str,
    who: str = "",
    keep: Callable[[str], bool] = lambda name: False,
) -> Found:
    """Change all saved work, one file after another, each atomically.

    Args:
        holder, who: of the person, as in `Leases.take`.
        keep: whether a picture is the caller's to change.
    """
    found = Found()
    colour = next((label.colour for label in folder.labels if label.name == change.new), None)
    for name in list(folder.labels_of):
        if keep(name):
            continue
        try:
            work = folder.work(name)
            changed = change.applied(work.document, colour)
            if changed == work.document:
                continue
            folder.leases.take(name, holder, who)
            try:
                work = folder.work(name)  # as it is now that nobody else has it
                changed = change.applied(work.document, colour)
                visit = Visit(now(), who=who, did=RELABELLED)
                folder.save(name, changed, work.size, work.revision, (*work.visits, visit))
            finally:
                folder.leases.give_back(name, holder)
        except (Refusal, OSError):
            found.left_out.append(name)
            continue
        objects = sum(each.label == change.name for each in work.document.instances)
        found.pictures += bool(objects)
        found.objects += objects
    folder.classes.change(change.of)
    return found
