"""Draw on objects: brush, lasso, moved corners and filled holes, as functions on documents.

Each returns the document and the changed object, whose mask is not composed yet (compose.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from cfr_icl.annotate.objects.compose import retouched
from cfr_icl.annotate.objects.document import ActionError, Document, Instance
from cfr_icl.annotate.objects.outline import filled, hole_at

Points = Sequence[tuple[float, float]]
"""(x, y) in pixels of the picture."""

Size = tuple[int, int]
"""Height and width of the picture."""


def painted(
    document: Document, points: Points, diameter: int, add: bool, size: Size
) -> tuple[Document, Instance]:
    """Add a brush stroke to the active object, or remove its pixels; adding may start an object.

    Args:
        points: along the stroke; a single point is a dot.
        diameter: of the brush, in pixels.

    Raises:
        ActionError: for an eraser without an object, a locked object, or a stroke outside the picture.
    """
    if document.selected is None and not add:
        raise ActionError("Select the object that the eraser is to work on.")
    document, instance = document.selected_or_new(size)
    pixels = np.zeros(size, np.uint8)
    path = np.round([points[0], *points]).astype(np.int32)
    cv2.polylines(pixels, [path], False, 1, thickness=diameter)
    area = pixels.astype(bool)
    if not area.any():
        raise ActionError("The stroke lies outside the picture.")
    return document, _with_area(instance, area, add)


def lassoed(document: Document, points: Points, add: bool, size: Size) -> tuple[Document, Instance]:
    """Add the pixels inside of a closed line to the active object, or remove them; adding may start one.

    Args:
        points: as `outline.filled` takes them.

    Raises:
        ActionError: for removing without an object, a locked object, or a line that surrounds no pixel.
    """
    if document.selected is None and not add:
        raise ActionError("Select the object that the lasso is to take from.")
    document, instance = document.selected_or_new(size)
    area = filled(points, size)
    if not area.any():
        raise ActionError("The lasso surrounds no pixel of the picture.")
    return document, _with_area(instance, area, add)


def reshaped(document: Document, points: Points) -> Instance | None:
    """Replace a part of the active object's outline; None if no pixel changes.

    Pixels between the old and the new line that the object has are removed, others added.

    Args:
        points: along a part of the outline and back along its replacement, as `outline.filled` takes them.

    Raises:
        ActionError: without an object, or for a locked one.
    """
    instance = document.selected
    if instance is None:
        raise ActionError("Select the object whose corners are to be moved.")
    instance.check_unlocked()
    area, mask = filled(points, instance.size, crossed=False), instance.mask.pixels
    return retouched(instance, area & ~mask, area & mask) if area.any() else None


def hole_filled(document: Document, x: int, y: int) -> Instance:
    """Fill the hole around pixel (x, y) of the active object.

    Raises:
        ActionError: without an object, for a locked one, or where there is no hole.
    """
    instance = document.selected
    if instance is None:
        raise ActionError("Select the object whose hole is to be filled.")
    instance.check_unlocked()
    height, width = instance.size
    inside = 0 <= x < width and 0 <= y < height
    hole = hole_at(instance.mask.pixels, x, y) if inside else None
    if hole is None:
        raise ActionError("There is no hole of the object here.")
    return _with_area(instance, hole, add=True)


def _with_area(instance: Instance, area: np.ndarray, add: bool) -> Instance:
    """Paint an area, bool (H, W), on an object, or erase it."""
    nothing = np.zeros_like(area)
    return retouched(instance, area, nothing) if add else retouched(instance, nothing, area)
