"""COCO annotation files: polygons and run lengths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from pycocotools import mask as coco

from cfr_icl.annotate.document import label_name
from cfr_icl.annotate.imports.loaded import MAX_OBJECTS, MaskFileError
from cfr_icl.annotate.masks import Mask

MAX_RINGS, MAX_OUTLINE = 10_000, 5_000_000
"""So many polygons, and so many pixels along their edges, are read of one picture: what they cost."""


def coco_objects(data: Any, picture: str, size: tuple[int, int]) -> list[tuple[str | None, Mask]]:
    """The objects of a picture in a COCO dictionary; raises MaskFileError."""
    if not isinstance(data, Mapping) or not isinstance(data.get("annotations"), list):
        raise MaskFileError("This is not a COCO file; it has no annotations.")
    try:
        image = _find_image(data["images"], picture)
        if (image["height"], image["width"]) != size:
            raise MaskFileError(
                "In the COCO file the picture is {width!s:.10} x {height!s:.10} pixels, here "
                "{picture_width} x {picture_height}; they must be equal.",
                width=image["width"],
                height=image["height"],
                picture_width=size[1],
                picture_height=size[0],
            )
        names = {category["id"]: label_name(str(category["name"])) for category in data.get("categories", [])}
        entries = [entry for entry in data["annotations"] if entry["image_id"] == image["id"]]
        if not 0 < len(entries) <= MAX_OBJECTS:
            raise MaskFileError("The COCO file has {count} objects for this picture.", count=len(entries))
        polygons = [entry["segmentation"] for entry in entries if isinstance(entry["segmentation"], list)]
        rings = [_ring(ring, size) for segmentation in polygons for ring in segmentation]
        if len(rings) > MAX_RINGS or sum(map(_outline, rings)) > MAX_OUTLINE:
            raise MaskFileError("The polygons in the COCO file have too many corners for this picture.")
        return [
            (names.get(entry.get("category_id")) or None, _coco_mask(entry["segmentation"], size))
            for entry in entries
        ]
    except MaskFileError:
        raise
    except Exception as error:  # whatever a hostile file makes the reader stumble over
        raise MaskFileError("The COCO file is damaged.") from error


def _find_image(images: list[Mapping[str, Any]], picture: str) -> Mapping[str, Any]:
    wanted = PurePosixPath(picture).name
    matching = [image for image in images if PurePosixPath(str(image["file_name"])).name == wanted]
    matching = matching or (images if len(images) == 1 else [])
    if len(matching) != 1:
        raise MaskFileError(
            "The COCO file has {count} pictures named {name!r}; it must have one.",
            count=len(matching),
            name=wanted,
        )
    return matching[0]


def _coco_mask(segmentation: Any, size: tuple[int, int]) -> Mask:
    height, width = size
    if isinstance(segmentation, Mapping):
        if list(segmentation["size"]) != [height, width]:
            raise ValueError("size")
        counts = segmentation["counts"]
        if isinstance(counts, list):
            if min(counts) < 0 or sum(counts) != height * width:
                raise ValueError("counts")
            encoded = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)
            counts = encoded["counts"].decode("ascii")
        return Mask.parse(height, width, counts)
    rings = [_ring(ring, size).reshape(-1).tolist() for ring in segmentation]
    merged = coco.merge(coco.frPyObjects(rings, height, width))
    return Mask.parse(height, width, merged["counts"].decode("ascii"))


def _ring(ring: Any, size: tuple[int, int]) -> np.ndarray:
    """The corners of a polygon inside the picture, float (N, 2); raises ValueError."""
    height, width = size
    values = np.array(ring, dtype=np.float64)
    if values.ndim != 1 or len(values) < 6 or len(values) % 2 or not np.isfinite(values).all():
        raise ValueError("polygon")
    return np.clip(values.reshape(-1, 2), 0, [width, height])


def _outline(ring: np.ndarray) -> float:
    """Pixels along the edges of a polygon."""
    return float(np.abs(ring - np.roll(ring, 1, axis=0)).max(axis=1).sum()) + len(ring)
