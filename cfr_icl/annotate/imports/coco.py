"""COCO annotation files, also as CVAT and Label Studio write them: polygons and run lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from cfr_icl.annotate.imports.coco_images import CocoImages, id_text
from cfr_icl.annotate.imports.json_values import check_size, foreign_entries, whole_number
from cfr_icl.annotate.imports.loaded import (
    MAX_OBJECTS,
    LoadedLabel,
    LoadedMasks,
    LoadedObject,
    MaskFileError,
    counted,
)
from cfr_icl.annotate.imports.shapes import (
    check_affordable,
    filled_areas,
    leaves_picture,
    ring_of,
)
from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.listing import first_names
from cfr_icl.annotate.saved.object_json import MAX_CATEGORY_ID
from cfr_icl.sentences import Sentence

MAX_UNUSED_LABELS = 200
"""The most categories of a file that are added to the list of labels though no object has them."""

_ENTRY_KEYS = ("segmentation", "area", "bbox", "image_id", "category_id")
_IMAGE_KEYS = ("file_name", "width", "height")

Entry = Mapping[str, Any]
"""An object in the file."""


class _BoxAlone(Exception):
    """An entry with a box and no mask."""


def load_coco(data: Any, picture: str, size: tuple[int, int]) -> LoadedMasks:
    """Read a picture's objects in a COCO dictionary; unusable ones are left out, counted and reported.

    Args:
        picture: the picture's name or path, by which it is found in the file. In a file with a single
            picture the name need not match.
        size: the picture's (height, width).

    Raises:
        MaskFileError: when there is no such picture, it has another size there, or no object can be used.
    """
    if isinstance(data, list) and any(isinstance(each, Mapping) and "segmentation" in each for each in data):
        data = {"annotations": data}  # results of a detector
    if not isinstance(data, Mapping) or not isinstance(data.get("annotations"), list):
        raise MaskFileError("This is not a COCO file; it has no annotations.")
    try:
        return _load(data, picture, size)
    except MaskFileError:
        raise
    except Exception as error:  # a hostile file may raise anything
        raise MaskFileError("The COCO file is damaged.") from error


def _load(data: Mapping[str, Any], picture: str, size: tuple[int, int]) -> LoadedMasks:
    images = _images(data)
    image = images.find(picture)
    ids = images.ids(image)
    check_size(image.get("height"), image.get("width"), size, "COCO")
    categories, renamed = _categories(data.get("categories"))
    entries = [
        entry
        for entry in data["annotations"]
        if isinstance(entry, Mapping) and id_text(entry.get("image_id")) in ids
    ]
    if not 0 < len(entries) <= MAX_OBJECTS:
        raise MaskFileError("The COCO file has {count} objects for this picture.", count=len(entries))
    segmented, boxes, damaged = _segmented(entries, size)
    objects, cut = [], 0
    for entry, segmentation in segmented:
        mask = segmentation if isinstance(segmentation, Mask) else filled_areas(segmentation, size)
        if not mask.area:
            damaged += 1
            continue
        cut += isinstance(segmentation, list) and any(leaves_picture(ring, size) for ring in segmentation)
        objects.append(_object(mask, entry, categories))
    if not objects:
        raise MaskFileError(
            "None of the {count} objects for this picture in the COCO file has a mask: {boxes} have a box "
            "alone, {damaged} are damaged or empty.",
            count=len(entries),
            boxes=boxes,
            damaged=damaged,
        )
    sentences = counted(
        ("Objects with a box alone are left out: {count}.", boxes),
        ("Objects whose mask is damaged or empty are left out: {count}.", damaged),
        ("Objects that leave the picture are cut at its border: {count}.", cut),
    )
    if unsure := sorted(
        {categories[key].name for entry, _ in segmented if (key := _category(entry)) in renamed}
    ):
        sentences.append(
            Sentence(
                "Categories of the COCO file have several names; the objects have the last one: {names}.",
                names=first_names(unsure),
            )
        )
    labels = list(categories.values()) if len(categories) <= MAX_UNUSED_LABELS else []
    return LoadedMasks(
        objects, sentences=sentences, foreign=foreign_entries(image, _IMAGE_KEYS), labels=labels
    )


def _images(data: Mapping[str, Any]) -> CocoImages:
    """The file's entries for its pictures."""
    images = [image for image in _list_or_empty(data.get("images")) if isinstance(image, Mapping)]
    if not images:  # a file without names is this picture's if its objects are of one picture
        ids = {id_text(each.get("image_id")) for each in data["annotations"] if isinstance(each, Mapping)}
        images = [{"id": ids.pop()}] if len(ids) == 1 else []
    return CocoImages(images)


def _segmented(
    entries: Sequence[Entry], size: tuple[int, int]
) -> tuple[list[tuple[Entry, Mask | list[np.ndarray]]], int, int]:
    """Entries with their masks or polygons, and the numbers of those with a box alone and damaged ones."""
    segmented: list[tuple[Entry, Mask | list[np.ndarray]]] = []
    boxes = damaged = 0
    for entry in entries:
        try:
            segmented.append((entry, _segmentation(entry, size)))
        except _BoxAlone:
            boxes += 1
        except Exception:  # anything may stand in place of a segmentation
            damaged += 1
    polygons = (each for _, each in segmented if isinstance(each, list))
    check_affordable(chain.from_iterable(polygons), size, "COCO")
    return segmented, boxes, damaged


def _object(mask: Mask, entry: Entry, categories: Mapping[str, LoadedLabel]) -> LoadedObject:
    label = categories.get(_category(entry))
    foreign = foreign_entries(entry, _ENTRY_KEYS)
    if label is None:
        return LoadedObject(mask, foreign=foreign)
    return LoadedObject(mask, label.name, label.category_id, label.supercategory, foreign)


def _category(entry: Entry) -> str:
    """The id of an entry's category."""
    return id_text(entry.get("category_id"))


def _categories(entries: Any) -> tuple[dict[str, LoadedLabel], set[str]]:
    """The categories that have an id and a name, by id, and the ids that have several names.

    Of these the last one counts, as for COCO's own tools.
    """
    categories: dict[str, LoadedLabel] = {}
    renamed = set()
    for entry in _list_or_empty(entries):
        if not isinstance(entry, Mapping) or entry.get("name") is None:
            continue
        name, parent = label_name(str(entry["name"])), entry.get("supercategory")
        if name and "id" in entry:
            supercategory = label_name(parent) if isinstance(parent, str) else None
            number = whole_number(entry["id"])
            category_id = number if number is not None and 0 <= number <= MAX_CATEGORY_ID else None
            key = id_text(entry["id"])
            if key in categories and categories[key].name != name:
                renamed.add(key)
            categories[key] = LoadedLabel(name, category_id, supercategory or None)
    return categories, renamed


def _segmentation(entry: Mapping[str, Any], size: tuple[int, int]) -> Mask | list[np.ndarray]:
    """An entry's mask or polygons; raises _BoxAlone without either, other errors for damaged ones."""
    segmentation = entry.get("segmentation")
    if segmentation is None or segmentation in ([], {}, ""):
        if entry.get("bbox"):
            raise _BoxAlone
        raise ValueError("segmentation")
    if isinstance(segmentation, list) and len(segmentation) == 1 and isinstance(segmentation[0], Mapping):
        segmentation = segmentation[0]
    if isinstance(segmentation, Mapping):
        return _mask_of_run_lengths(segmentation, size)
    if not isinstance(segmentation, list):
        raise ValueError("segmentation")
    if all(isinstance(value, int | float) for value in segmentation):
        segmentation = [segmentation]  # one polygon, not in a list
    elif all(isinstance(part, list) and len(part) == 2 for part in segmentation) and len(segmentation) > 2:
        segmentation = [segmentation]  # one polygon of [x, y]
    rings, problem = [], None
    for part in segmentation:
        if isinstance(part, list) and len(part) < 6 and all(isinstance(value, int | float) for value in part):
            continue  # one or two points have no area
        try:
            rings.append(ring_of(part))
        except ValueError as error:
            problem = error
    if problem or not rings:
        raise ValueError("segmentation")
    return rings


def _mask_of_run_lengths(segmentation: Mapping[str, Any], size: tuple[int, int]) -> Mask:
    height, width = size
    if [whole_number(side) for side in segmentation.get("size", size)] != [height, width]:
        raise ValueError("size")
    counts = segmentation["counts"]
    if isinstance(counts, list):
        runs = [run for run in map(whole_number, counts) if run is not None and run >= 0]
        if len(runs) < len(counts) or sum(runs) != height * width:
            raise ValueError("counts")
        return Mask.of_runs(height, width, runs)
    return Mask.parse(height, width, counts)


def _list_or_empty(value: Any) -> list[Any]:
    """A value that should be a list; empty for anything else."""
    return value if isinstance(value, list) else []
