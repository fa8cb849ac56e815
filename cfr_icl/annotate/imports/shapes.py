"""Rasterise polygons of other tools as those tools do, clipped to the picture.

A polygon is float (N, 2), x and y of each corner; a size is the picture's (height, width).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw
from pycocotools import mask as coco

from cfr_icl.annotate.imports.loaded import MaskFileError
from cfr_icl.annotate.objects.masks import Mask

MARGIN = 2
"""Pixels around the picture to which polygons are clipped, so that cut edges lie outside of it."""

SIDES_OF_ELLIPSE = 180

MAX_RINGS, MAX_OUTLINE = 10_000, 5_000_000
"""The most polygons, and the most pixels along their edges, that are read for one picture."""


def ring_of(points: Any) -> np.ndarray:
    """Corners as float (N, 2) from a list of x, y, x, ..., of [x, y] or of {"x", "y"}; raises ValueError."""
    try:
        if points and isinstance(points[0], Mapping):
            points = [(each["x"], each["y"]) for each in points]
        values = np.array(points, dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("polygon") from error
    if values.ndim == 1 and len(values) % 2 == 0:
        values = values.reshape(-1, 2)
    if values.ndim != 2 or values.shape[1] != 2 or len(values) < 3 or not (np.abs(values) < 1e9).all():
        raise ValueError("polygon")
    return values


def ellipse(radii: np.ndarray | Sequence[float]) -> np.ndarray:
    """Corners, float (SIDES_OF_ELLIPSE, 2), of an ellipse around 0, 0 with these two radii, along x and y."""
    angles = np.linspace(0, 2 * math.pi, SIDES_OF_ELLIPSE, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii


def turned(corners: np.ndarray, degrees: float, centre: np.ndarray) -> np.ndarray:
    """Corners (N, 2) turned clockwise around a point x, y."""
    if not degrees:
        return corners
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return (corners - centre) @ turn + centre


def clipped(ring: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of a polygon's area inside the picture, grown by MARGIN; (N, 2), N may be 0.

    Sutherland and Hodgman's algorithm: parts that the border separates stay joined along it.
    """
    height, width = size
    sides = ((0, -MARGIN, 1), (0, width + MARGIN, -1), (1, -MARGIN, 1), (1, height + MARGIN, -1))
    for axis, limit, sign in sides:
        if not len(ring):
            break
        distance = sign * (ring[:, axis] - limit)
        if (distance >= 0).all():
            continue
        following, next_distance = np.roll(ring, -1, axis=0), np.roll(distance, -1)
        crosses = (distance >= 0) != (next_distance >= 0)
        span = np.where(crosses, distance - next_distance, 1)
        crossing = ring + (following - ring) * (distance / span)[:, None]
        crossing[:, axis] = limit
        corners = np.empty((2 * len(ring), 2))
        corners[0::2], corners[1::2] = ring, crossing
        ring = corners[np.stack([distance >= 0, crosses], axis=1).ravel()]
    return ring


def leaves_picture(ring: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether a polygon lies partly outside the picture, by more than a pixel."""
    height, width = size
    return bool((ring < -1).any() or (ring > [width + 1, height + 1]).any())


def outline_length(ring: np.ndarray) -> float:
    """Pixels along the edges of a polygon."""
    return float(np.abs(ring - np.roll(ring, 1, axis=0)).max(axis=1).sum()) + len(ring)


def filled_areas(rings: Sequence[np.ndarray], size: tuple[int, int]) -> Mask:
    """Fill polygons whose whole numbers are the corners of pixels, as COCO's tools do; their union."""
    height, width = size
    masks = []
    for ring in rings:
        inside = (ring >= 0).all() and (ring <= [width, height]).all()
        margin = 0 if inside else MARGIN
        part = ring if inside else clipped(ring, size) + margin
        if len(part) < 3:
            continue
        shape = (height + 2 * margin, width + 2 * margin)
        encoded = coco.frPyObjects([part.reshape(-1).tolist()], *shape)
        if margin:
            pixels = coco.decode(encoded[0])[margin:-margin, margin:-margin]
            masks.append(Mask.of(np.ascontiguousarray(pixels).view(bool)))
        else:
            masks.append(Mask.parse(height, width, encoded[0]["counts"].decode("ascii")))
    return Mask.union(masks) if masks else Mask.empty(height, width)


def drawn_shapes(rings: Sequence[np.ndarray], size: tuple[int, int]) -> Mask:
    """Fill polygons whose whole numbers are the centres of pixels, with their outlines, as labelme does."""
    height, width = size
    canvas = Image.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    for ring in rings:
        part = clipped(ring, size)
        if len(part) >= 2:
            draw.polygon([(float(x), float(y)) for x, y in part], outline=1, fill=1)
    return Mask.of(np.array(canvas).view(bool))


def truncated_shapes(rings: Sequence[np.ndarray], size: tuple[int, int]) -> Mask:
    """Fill polygons after truncating their corners to whole pixels, as Ultralytics does; their union."""
    height, width = size
    canvas = np.zeros((height, width), np.uint8)
    for ring in rings:
        part = clipped(ring, size)
        if len(part):
            cv2.fillPoly(canvas, [np.floor(part).astype(np.int32)], 1)
    return Mask.of(canvas.view(bool))


def check_affordable(parts: Iterable[np.ndarray | Mask], size: tuple[int, int], tool: str) -> None:
    """Raise MaskFileError for polygons above MAX_RINGS or, after clipping, MAX_OUTLINE: filling takes long.

    Args:
        parts: polygons (N, 2), among masks, which cost nothing.
        tool: the file's maker or format, for the message.
    """
    rings = [part for part in parts if isinstance(part, np.ndarray)]
    if (
        len(rings) > MAX_RINGS
        or sum(outline_length(part) for ring in rings if len(part := clipped(ring, size))) > MAX_OUTLINE
    ):
        raise MaskFileError(
            "The polygons in the {tool} file have too many corners for this picture.", tool=tool
        )
