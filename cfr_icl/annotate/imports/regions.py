"""Divide a picture into regions: areas of one value, and around them the pixels nearest to each.

Values are integers or floats, one a pixel (H, W), unless said otherwise.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from cfr_icl.annotate.imports.loaded import MAX_OBJECTS

TOLERANCE = 24
"""Largest difference of values inside one area after lossy compression."""

MIN_REGION = 10
"""Smallest region, in pixels, of a picture with soft edges."""

BLUR_REACH = 12
"""Distance in pixels over which lossy compression blurs colours across an edge."""

FEW_VALUES = 30
"""A label map with at most this number of values may consist of thin objects only."""

MIN_BLENDS, MIN_CONTRAST, MIN_BLEND_SHARE = 4, 48, 0.9
"""Edges are soft if they have this number of colours and this share of blends of two areas; two areas of less
contrast, 0 to 255, have no blends."""

MIN_FLAT_SHARE = 0.3
"""Share of pixels in areas of one value below which a picture is a photograph."""

_LARGEST_TABLE = 1 << 25
"""Largest value that is counted by a table; others are sorted, which takes longer."""

_MAX_SAMPLES = 300_000
"""About the most pixels from which the values of areas are computed."""


def value_counts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All values, sorted, and how often each occurs."""
    if values.dtype.kind in "iu" and values.size and values.min() >= 0 and values.max() <= _LARGEST_TABLE:
        counts = np.bincount(values.ravel())
        unique = np.nonzero(counts)[0]
        return unique, counts[unique]
    return np.unique(values, return_counts=True)


def ranked(ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The rank of each pixel's value among sorted values (n,), from 1; 0 for other values. int16 (H, W)."""
    if values[0] >= 0 and values[-1] <= _LARGEST_TABLE and ids.min() >= 0 and ids.max() <= _LARGEST_TABLE:
        table = np.zeros(int(ids.max()) + 1, np.int16)
        table[values] = np.arange(1, len(values) + 1)
        return table[ids]
    places = np.searchsorted(values, ids)
    places[places == len(values)] = 0
    return np.where(values[places] == ids, places + 1, 0).astype(np.int16)


def distinct(values: np.ndarray) -> np.ndarray:
    """All values, sorted."""
    return value_counts(values)[0]


def border_value(values: np.ndarray) -> float:
    """The most common value along the border."""
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    unique, counts = np.unique(border, return_counts=True)
    return unique[counts.argmax()].item()


def is_flat(values: np.ndarray) -> bool:
    """Whether values lie in areas, as in label maps, and do not shade into each other.

    Of the pixels that have none of the two most common values, many must equal all their neighbours, or few
    lie between a lower and a higher neighbour.
    """
    unique, counts = value_counts(values)
    if values.dtype.kind == "f" and len(unique) > MAX_OBJECTS and (unique != np.round(unique)).any():
        return False
    if len(unique) <= 2:
        return True
    if values.dtype.kind == "f" or values.max() > _LARGEST_TABLE or values.min() < 0:
        places = np.searchsorted(unique, values).astype(np.float32)  # OpenCV has no filters for int64
    else:
        places = values.astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    highest, lowest = cv2.dilate(places, kernel), cv2.erode(places, kernel)
    one, two = unique[np.argsort(counts)[-2:]]
    others = (values != one) & (values != two)
    uniform = (highest == lowest)[others].mean()
    shading = ((lowest < places) & (places < highest))[others].mean()
    return bool(uniform >= 0.3 or (shading <= 0.2 and len(unique) <= FEW_VALUES))


def has_soft_edges(colours: np.ndarray, packed: np.ndarray) -> bool:
    """Whether the colours that occur only along edges are blends of others, as antialiasing makes them.

    Args:
        colours: (H, W, 3).
        packed: the same as one number a pixel.
    """
    places = np.searchsorted(distinct(packed), packed).astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    uniform = cv2.dilate(places, kernel) == cv2.erode(places, kernel)
    edges = ~np.isin(packed, packed[uniform])
    areas = np.unique(colours[uniform], axis=0).astype(np.float32)
    thin, counts = np.unique(colours[edges], axis=0, return_counts=True)
    if not 2 <= len(areas) <= FEW_VALUES or len(thin) < MIN_BLENDS:
        return False
    blends = np.zeros(len(thin), bool)
    for one, two in itertools.combinations(areas, 2):
        step = two - one
        if np.abs(step).max() < MIN_CONTRAST:
            continue
        share = np.clip((thin - one) @ step / (step @ step), 0, 1)
        blends |= np.abs(one + share[:, None] * step - thin).max(axis=1) <= TOLERANCE
    return bool(counts[blends].sum() >= MIN_BLEND_SHARE * counts.sum())


def flat_regions(channels: np.ndarray, lossy: bool, shown: np.ndarray | None = None) -> np.ndarray | None:
    """Areas of one value, ranked from 0 by their values; other pixels go to the nearest one.

    Args:
        channels: float32 (H, W, C).
        lossy: whether an area's values differ a little.
        shown: opaque pixels, bool (H, W), which alone make up areas; None for all.

    Returns:
        Integers (H, W), or None where there are hardly any such areas.
    """
    scale = max(1.0, float(channels.max()) / 255) if channels.size else 1.0
    tolerance = (TOLERANCE if lossy else 1) * scale
    kernel = np.ones((3, 3), np.uint8)
    spread = np.max(
        [cv2.dilate(c, kernel) - cv2.erode(c, kernel) for c in np.moveaxis(channels, 2, 0)], axis=0
    )
    flat = spread <= tolerance
    if shown is not None:
        flat &= shown
    inside = flat.size if shown is None else max(1, int(shown.sum()))
    if flat.sum() < MIN_FLAT_SHARE * inside:
        return None
    table = _common_values(channels[flat], tolerance)
    if not 0 < len(table) <= MAX_OBJECTS:
        return None
    nearest = np.zeros(channels.shape[:2], np.int32)
    best = np.full(channels.shape[:2], np.inf, np.float32)
    for number, centre in enumerate(table):
        distance = np.abs(channels - centre.astype(np.float32)).max(axis=2)
        closer = distance < best
        nearest[closer], best[closer] = number, distance[closer]
    seeds = flat & (best <= 2.5 * tolerance)
    if len(table) <= 2:
        return nearest  # the edge lies halfway between the two values
    if len(table) <= FEW_VALUES:
        return _nearest_around(channels, table, nearest, seeds)
    _, labels = cv2.distanceTransformWithLabels(
        (~seeds).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_label = np.zeros(labels.max() + 1, np.int32)
    by_label[labels[seeds]] = nearest[seeds]
    return by_label[labels]


def _common_values(values: np.ndarray, tolerance: float) -> np.ndarray:
    """The values (n, C) that are common among these, in ascending order; n is MAX_OBJECTS + 1 at most.

    Args:
        values: float32 (N, C).
        tolerance: equal values differ by no more than 2.5 times this.
    """
    every = max(1, len(values) // _MAX_SAMPLES)
    sample = values[::every]
    packed = np.round(sample / (tolerance * 2)).astype(np.int64)
    _, places, counts = np.unique(packed, axis=0, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(places.ravel(), channel) for channel in sample.T], axis=1)
    centres: list[np.ndarray] = []
    for number in np.argsort(-counts):
        mean = sums[number] / counts[number]
        if counts[number] * every < MIN_REGION or len(centres) > MAX_OBJECTS:
            break
        if not any(np.abs(centre - mean).max() <= 2.5 * tolerance for centre in centres):
            centres.append(mean)
    order = np.argsort([centre.sum() for centre in centres])
    return np.array([centres[number] for number in order])


def _nearest_around(
    channels: np.ndarray, table: np.ndarray, nearest: np.ndarray, seeds: np.ndarray
) -> np.ndarray:
    """Each pixel's region: among the regions around it, the one with the most similar value.

    Values on a soft edge between two regions may equal those of other regions; these are not around it.

    Args:
        table: each region's value, (n, C).
        nearest: the region of each pixel in `seeds`, (H, W).
    """
    best = np.full(channels.shape[:2], np.inf, np.float32)
    regions = nearest.copy()
    for number, centre in enumerate(table):
        distance = cv2.distanceTransform((~(seeds & (nearest == number))).astype(np.uint8), cv2.DIST_L2, 3)
        difference = np.abs(channels - centre.astype(np.float32)).max(axis=2)
        difference[distance > BLUR_REACH] += 1e6 + distance[distance > BLUR_REACH]
        closer = difference < best
        best[closer] = difference[closer]
        regions[closer & ~seeds] = number
    return regions
