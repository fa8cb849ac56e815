"""Masks as polygons: traced from their pixels, holes cut open, parts kept apart or joined."""

from __future__ import annotations

import cv2
import numpy as np

from cfr_icl.rectangle import Rectangle

Ring = np.ndarray
"""Vertices of a closed polygon, float (N, 2) as x, y."""

Part = tuple[Ring, list[Ring]]
"""Outline and holes of one connected part of a mask."""

BROAD = 8.0
"""Pixels of area for each pixel of outline; a mask with fewer is simplified by a share of `detail` alone."""


def parts_of(mask: np.ndarray, detail: float = 0.0) -> list[Part]:
    """Outline and holes of every part of a mask, bool (H, W), largest part first.

    The rings run through the centres of the object's own border pixels; this suits readers that draw the
    outline together with the area (labelme, Ultralytics, OpenCV).

    Args:
        detail: largest distance in pixels between a simplified and the exact outline; 0 keeps every vertex.
            A small or thin mask, which it would change most, is simplified less (`BROAD`).
    """
    traced = _traced(mask)
    detail *= min(1.0, _breadth(mask, traced) / BROAD)
    return [
        (_simplified(outline, detail), [_simplified(hole, detail) for hole in holes])
        for outline, holes in traced
    ]


def areas_of(mask: np.ndarray, detail: float = 0.0) -> list[Part]:
    """Like `parts_of`, along the outer edges of the pixels; this suits readers that fill areas (COCO).

    Whole numbers are corners of pixels here.
    """
    box = Rectangle.of_mask(mask)
    if not box.area:
        return []
    cut = mask[box.slices]
    # Tripled, a border pixel's centre lies a sixth of a pixel from the edge that it is rounded to.
    tripled = cv2.resize(cut.astype(np.uint8), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    traced = _traced(tripled)
    detail *= min(1.0, _breadth(tripled, traced) / 3 / BROAD)

    def edge(ring: Ring) -> Ring:
        corners = np.round((ring + 0.5) / 3) + np.array([box.left, box.top])
        return _simplified(corners[(corners != np.roll(corners, 1, axis=0)).any(axis=1)], detail)

    return [(edge(outline), [edge(hole) for hole in holes]) for outline, holes in traced]


def polygons(mask: np.ndarray, detail: float) -> list[Ring]:
    """Trace a mask's parts as rings along the pixels' edges, holes cut open (COCO's convention)."""
    return [opened(outline, holes) for outline, holes in areas_of(mask, detail)]


def opened(outline: Ring, holes: list[Ring]) -> Ring:
    """One ring for a part with holes: each hole is joined to the outline where they are nearest."""
    ring = outline
    for hole in holes:
        ring = _joined(ring, hole[::-1] if _turns_alike(ring, hole) else hole)
    return ring


def joined(rings: list[Ring]) -> Ring:
    """One ring for several parts, joined by lines of zero width."""
    ring = rings[0]
    for other in rings[1:]:
        ring = _joined(ring, other)
    return ring


def _traced(mask: np.ndarray) -> list[Part]:
    contours, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parts = []
    for index, contour in enumerate(contours):
        _, _, child, parent = tree[0][index]
        if parent >= 0:
            continue
        holes = []
        while child >= 0:
            holes.append(contours[child][:, 0].astype(float))
            child = tree[0][child][0]
        parts.append((contour[:, 0].astype(float), holes))
    return sorted(parts, key=lambda part: -cv2.contourArea(part[0].astype(np.float32)))


def _breadth(mask: np.ndarray, parts: list[Part]) -> float:
    """Pixels of area for each pixel of outline: a quarter of a square's side, half of a line's width."""
    rings = [ring for outline, holes in parts for ring in (outline, *holes)]
    return mask.sum() / max(1.0, sum(cv2.arcLength(ring.astype(np.float32), True) for ring in rings))


def _simplified(ring: Ring, detail: float) -> Ring:
    if detail > 0 and len(ring) > 3:
        simple = cv2.approxPolyDP(ring.astype(np.float32)[:, None], detail, True)[:, 0].astype(float)
        return simple if len(simple) >= 3 else ring
    return ring


def _joined(ring: Ring, other: Ring) -> Ring:
    step = max(1, len(ring) * len(other) // 4_000_000)  # an approximation for very long rings
    distances = ((ring[:, None] - other[None, ::step]) ** 2).sum(2)
    i, j = np.unravel_index(distances.argmin(), distances.shape)
    j *= step
    around = np.concatenate([other[j:], other[: j + 1]])
    return np.concatenate([ring[: i + 1], around, ring[i:]])


def _turns_alike(a: Ring, b: Ring) -> bool:
    areas = [cv2.contourArea(ring.astype(np.float32), oriented=True) for ring in (a, b)]
    return areas[0] * areas[1] > 0
