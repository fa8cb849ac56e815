"""Changes of several objects of a document at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from cfr_icl.annotate.objects.document import ActionError, Document, Instance
from cfr_icl.annotate.objects.labels import labelled
from cfr_icl.annotate.objects.masks import Mask


def chosen(document: Document, ids: Collection[int], locked: bool = False) -> tuple[Instance, ...]:
    """The objects with these ids, in the order of the document.

    Args:
        locked: whether locked objects may be among them.

    Raises:
        ActionError: for an unknown id, or a locked object.
    """
    ids = set(ids)
    selected = tuple(instance for instance in document.instances if instance.id in ids)
    if unknown := ids - {instance.id for instance in selected}:
        document.find(unknown.pop())
    for instance in () if locked else selected:
        instance.check_unlocked()
    return selected


def without_objects(document: Document, ids: Collection[int]) -> Document:
    """Delete objects; raises as `chosen`."""
    deleted = {instance.id for instance in chosen(document, ids)}
    rest = tuple(instance for instance in document.instances if instance.id not in deleted)
    return replace(document, instances=rest, active=None if document.active in deleted else document.active)


def with_label(document: Document, name: str, ids: Collection[int]) -> Document:
    """Label objects; a new name is added to the list of labels. Raises as `chosen` and `labelled`."""
    for instance in chosen(document, ids):
        document = labelled(document, name, instance.id)
    return document


def with_changes(document: Document, ids: Collection[int], **changes: Any) -> Document:
    """Change `colour`, `visible` or `locked`; raises as `chosen`, for locked objects only `colour`."""
    for instance in chosen(document, ids, locked="colour" not in changes):
        document = document.with_instance(replace(instance, **changes))
    return document


def with_merged(document: Document, ids: Collection[int]) -> Document:
    """Make one object of several: all their pixels, with number, label and colour of the first of the list.

    A click refines the merged mask, which is the previous mask then.

    Raises:
        ActionError: as `chosen`, or for fewer than two objects.
    """
    parts = chosen(document, ids)
    if len(parts) < 2:
        raise ActionError("Select two objects or more to merge them.")
    first, rest = parts[0], {instance.id for instance in parts[1:]}
    mask = Mask.union([instance.mask for instance in parts])
    merged = Instance(
        first.id,
        first.label,
        first.colour,
        mask,
        mask,
        initial_mask=mask,
        overlap=any(instance.overlap for instance in parts),
        overlaps=tuple({id: None for instance in parts for id in instance.overlaps if id not in ids}),
        visible=first.visible,
        foreign=first.foreign,
    )
    document = without_objects(document, rest).with_instance(merged)
    numbers = dict.fromkeys(rest, first.id)
    instances = tuple(with_overlaps_renumbered(instance, numbers) for instance in document.instances)
    document = replace(document, instances=instances)
    return replace(document, active=first.id if document.active is None else document.active)


def with_overlaps_renumbered(instance: Instance, numbers: Mapping[int, int]) -> Instance:
    """The object after others, of which it may overlap some, got other ids."""
    if not numbers.keys() & set(instance.overlaps):
        return instance
    return replace(instance, overlaps=tuple({numbers.get(id, id): None for id in instance.overlaps}))


def with_order(document: Document, ids: Collection[int], front: bool) -> Document:
    """Move objects to the front, or behind all others; they keep their order. Raises as `chosen`.

    Where objects may overlap, one further in front covers the others on the page and in label maps.
    """
    moved = chosen(document, ids)
    rest = tuple(instance for instance in document.instances if instance not in moved)
    return replace(document, instances=(*rest, *moved) if front else (*moved, *rest))
