"""labelme's JSON files: polygons, rectangles, circles and masks."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cfr_icl.annotate.imports.json_values import check_size, foreign_entries
from cfr_icl.annotate.imports.loaded import MAX_OBJECTS, LoadedMasks, LoadedObject, MaskFileError, counted
from cfr_icl.annotate.imports.shapes import check_affordable, drawn_shapes, ellipse
from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.mask_pixels import read_mask
from cfr_icl.rectangle import Rectangle

_KEYS = ("label", "points", "shape_type", "mask", "group_id")


def load_labelme(data: Mapping[str, Any], size: tuple[int, int]) -> LoadedMasks:
    """Read the objects in a labelme file; shapes of one label and group are parts of one object.

    Raises:
        MaskFileError: when the file belongs to a picture of another size, or no shape can be used.
    """
    check_size(data.get("imageHeight"), data.get("imageWidth"), size, "labelme")
    shapes = data["shapes"]
    if len(shapes) > 10 * MAX_OBJECTS:
        raise MaskFileError(
            "The labelme file has {count} shapes; at most {most} are read.",
            count=len(shapes),
            most=10 * MAX_OBJECTS,
        )
    grouped: dict[Any, tuple[Mapping[str, Any], list[Mask | np.ndarray]]] = {}
    left_out = 0
    for number, shape in enumerate(shapes):
        try:
            group = shape.get("group_id")
            key = number if group is None else (str(shape.get("label")), str(group))
            grouped.setdefault(key, (shape, []))[1].append(_shape(shape, size))
        except Exception:  # anything may stand in place of a shape
            left_out += 1
    check_affordable((part for _, parts in grouped.values() for part in parts), size, "labelme")
    objects = []
    for shape, parts in grouped.values():
        masks = [part for part in parts if isinstance(part, Mask)]
        polygons = [part for part in parts if isinstance(part, np.ndarray)]
        mask = Mask.union([Mask.empty(*size), *masks, *([drawn_shapes(polygons, size)] if polygons else [])])
        if mask.area:
            name = label_name(str(shape.get("label") or "")) or None
            objects.append(LoadedObject(mask, name, foreign=_foreign(shape, _KEYS)))
        elif parts:
            left_out += 1
    if not 0 < len(objects) <= MAX_OBJECTS:
        raise MaskFileError(
            "The {tool} file has {count} objects that can be read.", tool="labelme", count=len(objects)
        )
    sentences = counted(("Shapes that are damaged or have no area are left out: {count}.", left_out))
    flags = {"flags": data.get("flags")}
    return LoadedMasks(objects, sentences=sentences, foreign=_foreign(flags, ()))


def _foreign(entry: Mapping[str, Any], read_keys: Sequence[str]) -> dict[str, Any] | None:
    """The other values of an entry, its flags as attributes."""
    flags = entry.get("flags")
    listed = flags.items() if isinstance(flags, Mapping) else ()
    values = {name: value for name, value in listed if value is True}
    rest = {key: value for key, value in entry.items() if key not in ("flags", "attributes")}
    return foreign_entries({**rest, "attributes": values or None}, read_keys)


def _shape(shape: Mapping[str, Any], size: tuple[int, int]) -> Mask | np.ndarray:
    """A shape's mask, or its corners (N, 2); raises any exception for a damaged shape."""
    kind = shape.get("shape_type") or "polygon"
    points = np.array(shape["points"], dtype=np.float64)
    if (
        points.ndim != 2
        or points.shape[1] != 2
        or not np.isfinite(points).all()
        or np.abs(points).max() > 1e7
    ):
        raise ValueError("points")
    if kind in ("polygon", "rotation") and len(points) >= 3:  # rotation: X-AnyLabeling's rotated rectangles
        return points
    if kind == "rectangle" and len(points) in (2, 4):
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    if kind == "circle" and len(points) == 2:
        radius = math.dist(*points)
        return points[0] + ellipse([radius, radius])
    if kind == "mask":
        return _stored_mask(shape["mask"], points, size)
    raise ValueError("shape")


def _stored_mask(content: str, points: np.ndarray, size: tuple[int, int]) -> Mask:
    """The mask, in base64 as a PNG, of the rectangle between two corner pixels, both included."""
    (left, top), (right, bottom) = np.round([points.min(axis=0), points.max(axis=0)]).astype(int)
    box = Rectangle(left, top, right + 1, bottom + 1)
    data = io.BytesIO(base64.b64decode(content, validate=True))
    part = read_mask(data, box.size, smallest=1).values != 0
    inside = box.inside(*size)
    pixels = np.zeros(size, bool)
    pixels[inside.slices] = part[
        inside.top - top : inside.bottom - top, inside.left - left : inside.right - left
    ]
    return Mask.of(pixels)
