"""Add objects that were made elsewhere to a document: those of a file, and those of another picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cfr_icl.annotate.imports.loaded import LoadedMasks
from cfr_icl.annotate.objects.compose import composed
from cfr_icl.annotate.objects.document import MAX_LABELS, Document, Instance, Label
from cfr_icl.annotate.objects.labels import free_colour, overlaid
from cfr_icl.annotate.objects.masks import Mask


def with_loaded(document: Document, loaded: LoadedMasks, size: tuple[int, int]) -> Document:
    """Add the objects of a file; clicks correct them with their mask as previous mask.

    Their labels join the list of labels. No object is active then.

    Args:
        size: height and width of the picture.
    """
    taken = np.zeros(size, bool)
    for other in document.instances:
        _take(taken, other.mask)
    labels = {label.name: label for label in document.labels}

    def list_label(name: str, category_id: int | None, supercategory: str | None) -> None:
        if name not in labels and len(labels) < MAX_LABELS:
            labels[name] = Label(name, free_colour(labels), category_id, supercategory)

    for listed in loaded.labels:
        list_label(listed.name, listed.category_id, listed.supercategory)
    instances = list(document.instances)
    for entry in loaded.objects:
        document, instance = document.new_instance(size)
        if entry.label:
            list_label(entry.label, entry.category_id, entry.supercategory)
        name = entry.label or instance.label
        instances.append(
            replace(
                instance,
                label=name,
                colour=labels[name].colour if name in labels else instance.colour,
                initial_mask=entry.mask,
                network_mask=entry.mask,
                mask=entry.mask,
                overlap=_take(taken, entry.mask),
                foreign=entry.foreign,
            )
        )
    return replace(
        document,
        instances=tuple(instances),
        labels=tuple(labels.values()),
        active=None,
        foreign=loaded.foreign or document.foreign,
    )


def _take(taken: np.ndarray, mask: Mask) -> bool:
    """Mark the pixels of a mask in bool (H, W); return whether any of them was marked before."""
    pixels, place = mask.box_pixels, taken[mask.box.slices]
    overlaps = bool((pixels & place).any())
    place |= pixels
    return overlaps


def with_taken_over(
    document: Document, objects: Sequence[Instance], labels: Sequence[Label], size: tuple[int, int]
) -> Document:
    """Append objects of another picture of equal (height, width), and select the least certain unsure one.

    They keep their ids where these are free. Their pixels are taken from them where earlier objects have
    them. In the list, unsure objects come first, the least certain at the top.

    Args:
        labels: join the list of labels.
    """
    before = document.instances
    document = replace(document, labels=tuple(overlaid(document.labels, labels)))
    used = {other.id for other in before}
    numbers: dict[int, int] = {}
    for entry in objects:
        if entry.id in used:
            document, new = document.new_instance(size)
        numbers[entry.id] = new.id if entry.id in used else entry.id
        used.add(numbers[entry.id])
        document = replace(document, next_id=max(document.next_id, numbers[entry.id] + 1))
    added = []
    for entry in objects:
        overlaps = tuple(numbers[id] for id in entry.overlaps if id in numbers)
        entry = replace(entry, id=numbers[entry.id], overlaps=overlaps, mask=Mask.empty(*size))
        entry = composed(entry, document.others(entry.id))
        document = document.with_instance(entry)
        added.append(entry)
    added.sort(key=lambda entry: (not entry.unsure, entry.certainty or 0 if entry.unsure else 0))
    first = added[0].id if added and added[0].unsure else None
    return replace(document, instances=(*before, *added), active=first)
