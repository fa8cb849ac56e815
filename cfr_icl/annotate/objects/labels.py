"""Lists of labels: joining two lists, and setting, renaming and removing the labels of a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from cfr_icl.annotate.objects.document import COLOURS, MAX_LABELS, ActionError, Document, Label


def merged(*lists: Iterable[Label]) -> list[Label]:
    """Join lists of labels in their order; a name in several lists has the entry of the first one."""
    labels: dict[str, Label] = {}
    for label in chain(*lists):
        labels.setdefault(label.name, label)
    return list(labels.values())[:MAX_LABELS]


def overlaid(*lists: Iterable[Label]) -> list[Label]:
    """Join lists of labels in their order; a name in several lists has the entry of the last one."""
    return list({label.name: label for label in chain(*lists)}.values())[:MAX_LABELS]


def free_colour(labels: Mapping[str, Label], *first: str) -> str:
    """A colour that none of the labels has, `first` if possible."""
    used = {label.colour for label in labels.values()}
    free = [colour for colour in (*first, *COLOURS) if colour not in used]
    return free[0] if free else COLOURS[len(labels) % len(COLOURS)]


def labelled(document: Document, name: str, id: int | None = None) -> Document:
    """Label object `id`, and new objects from now on; a new name is added to the list of labels.

    Raises:
        ActionError: for an empty name, a full list, or a locked object.
    """
    if not name.strip():
        raise ActionError("A label needs a name.")
    labels = {label.name: label for label in document.labels}
    instance = None if id is None else document.find(id)
    if name not in labels:
        if len(labels) >= MAX_LABELS:
            raise ActionError("A list of labels has 1 to {most} entries.", most=MAX_LABELS)
        labels[name] = Label(name, free_colour(labels, *([instance.colour] if instance else [])))
    if instance is not None:
        instance.check_unlocked()
        document = document.with_instance(replace(instance, label=name, colour=labels[name].colour))
    return replace(document, labels=tuple(labels.values()), label=name)


def with_labels(document: Document, labels: Sequence[Label]) -> Document:
    """Replace the list of labels unless `labels` is empty; the labels of objects do not change."""
    if not labels:
        return document
    listed = {label.name: label for label in document.labels}
    coloured = (replace(listed.get(label.name, label), colour=label.colour) for label in labels)
    return replace(document, labels=tuple(coloured), label=labels[0].name)


def renamed(document: Document, name: str, new: str) -> Document:
    """Rename a label on the list and on all objects.

    Raises:
        ActionError: for a name that is taken, or an object that is locked.
    """
    listed = {label.name for label in document.labels}
    if name not in listed or name == new:
        return document
    if not new.strip():
        raise ActionError("A label needs a name.")
    if new in listed:
        raise ActionError("There is a label {name!r} already.", name=new)
    for instance in document.instances:
        if instance.label == name:
            instance.check_unlocked()
            document = document.with_instance(replace(instance, label=new))
    labels = (replace(label, name=new) if label.name == name else label for label in document.labels)
    return replace(document, labels=tuple(labels), label=new if document.label == name else document.label)


def without_label(document: Document, name: str) -> Document:
    """Remove a label from the list; raises ActionError while an object has it."""
    if any(instance.label == name for instance in document.instances):
        raise ActionError("Objects have the label {name!r}; give them another one first.", name=name)
    labels = tuple(label for label in document.labels if label.name != name)
    if labels == document.labels or document.label != name:
        return replace(document, labels=labels)
    return replace(document, labels=labels, label=labels[0].name if labels else Document.label)
