"""COCO annotation files, also as CVAT and Label Studio write them: polygons and run lengths."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from pycocotools import mask as coco

from cfr_icl.annotate.checks import MAX_FOREIGN, plain_json
from cfr_icl.annotate.document import label_name
from cfr_icl.annotate.imports.loaded import (
    MAX_OBJECTS,
    LoadedLabel,
    LoadedMasks,
    LoadedObject,
    MaskFileError,
)
from cfr_icl.annotate.imports.shapes import MAX_OUTLINE, check_cost, filled_areas, leaves, ring_of
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.object_json import MAX_CATEGORY_ID
from cfr_icl.sentences import Sentence

__all__ = ["MAX_OUTLINE", "coco_objects", "load_coco"]

MAX_UNUSED_LABELS = 200
"""Categories without an object here join the list of labels unless there are more than this."""

_ENTRY_KEYS = ("segmentation", "area", "bbox", "image_id", "category_id")
_IMAGE_KEYS = ("file_name", "width", "height")
_UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")
"""The prefix that Label Studio adds to the names of uploads."""


class _BoxAlone(Exception):
    """An entry with a box and no mask."""


def coco_objects(data: Any, picture: str, size: tuple[int, int]) -> list[tuple[str | None, Mask]]:
    """Labels and masks of a picture's objects in a COCO dictionary; raises MaskFileError."""
    return [(entry.label, entry.mask) for entry in load_coco(data, picture, size).objects]


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
    images = [image for image in _list(data.get("images")) if isinstance(image, Mapping)]
    if not images:  # without names; of one picture it can only be this one
        ids = {str(each.get("image_id")) for each in data["annotations"] if isinstance(each, Mapping)}
        images = [{"id": ids.pop()}] if len(ids) == 1 else []
    image = _find_image(images, picture)
    check_size(image.get("height"), image.get("width"), size, "COCO")
    categories = _categories(data.get("categories"))
    entries = [
        entry
        for entry in data["annotations"]
        if isinstance(entry, Mapping) and _same(entry.get("image_id"), image.get("id"))
    ]
    if not 0 < len(entries) <= MAX_OBJECTS:
        raise MaskFileError("The COCO file has {count} objects for this picture.", count=len(entries))
    boxes = damaged = cut = 0
    polygons: list[tuple[Mapping[str, Any], Any]] = []
    for entry in entries:
        try:
            polygons.append((entry, _segmentation(entry, size)))
        except _BoxAlone:
            boxes += 1
        except Exception:  # anything may stand in place of a segmentation
            damaged += 1
    rings = [ring for _, segmentation in polygons if isinstance(segmentation, list) for ring in segmentation]
    if not check_cost(rings, size):
        raise MaskFileError("The polygons in the COCO file have too many corners for this picture.")
    objects = []
    for entry, segmentation in polygons:
        mask = segmentation if isinstance(segmentation, Mask) else filled_areas(segmentation, size)
        if not mask.area:
            damaged += 1
            continue
        cut += isinstance(segmentation, list) and any(leaves(ring, size) for ring in segmentation)
        label = categories.get(str(entry.get("category_id")))
        foreign = foreign_entries(entry, _ENTRY_KEYS)
        if label is None:
            objects.append(LoadedObject(mask, foreign=foreign))
        else:
            objects.append(LoadedObject(mask, label.name, label.category_id, label.supercategory, foreign))
    if not objects:
        raise MaskFileError(
            "None of the {count} objects for this picture in the COCO file has a mask: {boxes} have a box "
            "alone, {damaged} are damaged or empty.",
            count=len(entries),
            boxes=boxes,
            damaged=damaged,
        )
    sentences = []
    if boxes:
        sentences.append(Sentence("Objects with a box alone are left out: {count}.", count=boxes))
    if damaged:
        sentences.append(
            Sentence("Objects whose mask is damaged or empty are left out: {count}.", count=damaged)
        )
    if cut:
        sentences.append(
            Sentence("Objects that leave the picture are cut at its border: {count}.", count=cut)
        )
    labels = list(categories.values()) if len(categories) <= MAX_UNUSED_LABELS else []
    return LoadedMasks(
        objects, sentences=sentences, foreign=foreign_entries(image, _IMAGE_KEYS), labels=labels
    )


def _find_image(images: Sequence[Mapping[str, Any]], picture: str) -> Mapping[str, Any]:
    """The picture's entry, by path, else by name, else by a name that differs slightly."""

    def path(name: Any) -> str:
        text = unicodedata.normalize("NFC", str(name)).replace("\\", "/")
        return re.sub(r"^(\./)+", "", text)

    def from_address(name: Any) -> str:
        return last(unquote(urlsplit(str(name)).path))

    def original(image: Mapping[str, Any]) -> Any:
        extra = image.get("extra")
        return extra.get("name") if isinstance(extra, Mapping) else None

    def last(name: Any) -> str:
        return PurePosixPath(path(name)).name

    def below(name: Any) -> bool:
        one, other = path(name), path(picture)
        return one.endswith("/" + other) or other.endswith("/" + one)

    def without_upload(name: Any) -> str:
        match = _UPLOAD.match(last(name))
        return match[1] if match else last(name)

    ways = (
        lambda name: path(name) == path(picture),
        below,
        lambda name: last(name) == last(picture),
        lambda name: without_upload(name) == last(picture),
        lambda name: from_address(name) == last(picture),
        lambda name: last(name).casefold() == last(picture).casefold(),
        lambda name: (
            PurePosixPath(without_upload(name)).stem.casefold()
            == PurePosixPath(last(picture)).stem.casefold()
        ),
    )
    named = [image for image in images if image.get("file_name") is not None]
    for way in ways:
        matching = [image for image in named if way(image["file_name"])]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise MaskFileError(
                "The COCO file has {count} pictures named {name!r}; it must have one.",
                count=len(matching),
                name=last(picture),
            )
    renamed = [image for image in named if last(original(image)) == last(picture)]  # as Roboflow does
    if len(renamed) == 1:
        return renamed[0]
    if len(images) == 1:
        return images[0]
    raise MaskFileError(
        "The COCO file has {count} pictures named {name!r}; it must have one.", count=0, name=last(picture)
    )


def _categories(entries: Any) -> dict[str, LoadedLabel]:
    """The categories that have an id and a name, by id."""
    categories = {}
    for entry in _list(entries):
        if not isinstance(entry, Mapping) or entry.get("name") is None:
            continue
        name, parent, number = (
            label_name(str(entry["name"])),
            entry.get("supercategory"),
            _whole(entry.get("id")),
        )
        if name and "id" in entry:
            above = label_name(parent) if isinstance(parent, str) else None
            kept = number if number is not None and 0 <= number <= MAX_CATEGORY_ID else None
            categories[str(entry["id"])] = LoadedLabel(name, kept, above or None)
    return categories


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
        return _run_lengths(segmentation, size)
    if not isinstance(segmentation, list):
        raise ValueError("segmentation")
    if all(isinstance(value, int | float) for value in segmentation):
        segmentation = [segmentation]  # one polygon, not in a list
    elif all(isinstance(part, list) and len(part) == 2 for part in segmentation) and len(segmentation) > 2:
        segmentation = [segmentation]  # one polygon of [x, y]
    rings, problem = [], None
    for part in segmentation:
        if isinstance(part, list) and len(part) < 6 and all(isinstance(value, int | float) for value in part):
            continue  # a crumb of one or two points
        try:
            rings.append(ring_of(part))
        except ValueError as error:
            problem = error
    if problem or not rings:
        raise ValueError("segmentation")
    return rings


def _run_lengths(segmentation: Mapping[str, Any], size: tuple[int, int]) -> Mask:
    height, width = size
    if [_whole(side) for side in segmentation.get("size", size)] != [height, width]:
        raise ValueError("size")
    counts = segmentation["counts"]
    if isinstance(counts, list):
        runs = [run for run in map(_whole, counts) if run is not None and run >= 0]
        if len(runs) < len(counts) or sum(runs) != height * width:
            raise ValueError("counts")
        encoded = coco.frPyObjects({"size": [height, width], "counts": runs}, height, width)
        counts = encoded["counts"].decode("ascii")
    return Mask.parse(height, width, counts)


def foreign_entries(entry: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any] | None:
    """The values of an entry that are not read here; if they are too long together, without the longest."""
    rest = {}
    for key, value in entry.items():
        if key not in known and value is not None:
            with suppress(ValueError):
                rest[plain_json(str(key))] = plain_json(value)
    while rest and len(json.dumps(rest)) > MAX_FOREIGN:
        del rest[max(rest, key=lambda key: len(json.dumps(rest[key])))]
    return rest or None


def check_size(height: Any, width: Any, size: tuple[int, int], tool: str) -> None:
    """Raise MaskFileError if a file states another (height, width) of its picture."""
    for given, side in ((height, size[0]), (width, size[1])):
        if given is not None and _whole(given) != side:
            raise MaskFileError(
                "In the {tool} file the picture is {width!s:.10} x {height!s:.10} pixels, here "
                "{picture_width} x {picture_height}; they must be equal.",
                tool=tool,
                width=width,
                height=height,
                picture_width=size[1],
                picture_height=size[0],
            )


def _whole(value: Any) -> int | None:
    """A whole number, also as text; None for anything else."""
    try:
        if isinstance(value, bool) or float(value) != int(float(value)):
            return None
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _same(one: Any, other: Any) -> bool:
    return one == other or (one is not None and other is not None and str(one) == str(other))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
