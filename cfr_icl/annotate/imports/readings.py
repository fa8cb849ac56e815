"""The ways in which a picture of masks can be read, the likeliest first, inferred from its pixels."""

from __future__ import annotations

import cv2
import numpy as np

from cfr_icl.annotate.imports.loaded import MAX_OBJECTS
from cfr_icl.annotate.imports.regions import (
    MIN_REGION,
    TOLERANCE,
    border_value,
    distinct,
    flat_regions,
    is_flat,
    value_counts,
)
from cfr_icl.annotate.pictures.mask_pixels import MaskPixels

MASK, INVERTED, INDICES, COLOURS, ALPHA, PARTS = "mask", "inverted", "indices", "colours", "alpha", "objects"
"""Readings: objects are bright pixels; dark pixels; each value; each colour; opaque pixels; each part."""


def likely_readings(pixels: MaskPixels) -> list[str]:
    """The possible readings of a file, the likeliest first."""
    if pixels.labels and pixels.values.ndim == 2:  # the file itself names its values
        return [INDICES]
    return _readings_by_pixels(pixels)


def _readings_by_pixels(pixels: MaskPixels) -> list[str]:
    if pixels.alpha is not None and pixels.alpha.min() != pixels.alpha.max():
        shown = opaque(pixels.alpha)
        if pixels.palette is None and _few_colours(pixels.values, shown):
            return [COLOURS, ALPHA]
        if pixels.palette is not None and len(value_counts(pixels.values[shown])[0]) > 1:
            return [INDICES, ALPHA]
        return [ALPHA]
    if pixels.palette is not None:
        return _palette_readings(pixels, pixels.palette)
    if pixels.values.ndim == 3:
        grey = as_grey(pixels.values, pixels.lossy)
        return [COLOURS, MASK] if grey is None else _grey_readings(grey, pixels.lossy)
    return _grey_readings(pixels.values, pixels.lossy)


def _palette_readings(pixels: MaskPixels, palette: np.ndarray) -> list[str]:
    used = np.unique(pixels.values)
    colours = palette[used]
    grey = bool((colours == colours[:, :1]).all())
    black = used[(colours == 0).all(axis=1)]
    border = border_value(pixels.values)
    by_colour = border != 0 and border in black
    if grey and by_colour:  # programs that reduce colours write such files; their indices have no meaning
        return _grey_readings(palette[pixels.values][..., 0], False)
    if grey and len(used) > 2 and not is_flat(pixels.values):
        return _grey_readings(palette[pixels.values][..., 0], False)
    return [COLOURS, INDICES] if by_colour else [INDICES, COLOURS]


def _grey_readings(values: np.ndarray, lossy: bool) -> list[str]:
    levels = distinct(values)
    if len(levels) <= 2 and not lossy:
        # two ids of more than 8 bits without background, as our label maps of objects that cover the picture
        ids = values.dtype == np.uint16 and len(levels) == 2 and 0 < levels[0] < levels[1] < 65_535
        return [INDICES, MASK, INVERTED] if ids else [MASK, INVERTED]
    soft = lossy or not is_flat(values)
    if not soft:
        return [INDICES, MASK]
    regions = flat_regions(values[..., None].astype(np.float32), lossy)
    if regions is not None and len(np.unique(regions)) > 2:
        return [INDICES, MASK, INVERTED]
    return [MASK, INVERTED, *([] if lossy or values.dtype.kind == "f" else [INDICES])]


def opaque(alpha: np.ndarray) -> np.ndarray:
    """Pixels above half of the largest opacity, bool (H, W); some programs write 0 and 1, not 0 and 255."""
    return alpha > alpha.max() / 2


def as_grey(colours: np.ndarray, lossy: bool) -> np.ndarray | None:
    """A picture's single channel if all its colours are grey; else None."""
    spread = colours.max(axis=2).astype(int) - colours.min(axis=2)
    limit = TOLERANCE if lossy else 0
    grey = spread.max() <= limit or (lossy and (spread > limit).mean() < 0.001)
    return cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY) if grey else None


def _few_colours(colours: np.ndarray, shown: np.ndarray) -> bool:
    """Whether the opaque pixels have several colours, each in areas of its own, and are no photograph."""
    if colours.ndim == 2:
        colours = np.repeat(colours[..., None], 3, axis=2)
    packed = (colours.astype(np.int32) << np.array([16, 8, 0])).sum(axis=2)
    unique, counts = value_counts(packed[shown])
    if len(unique) < 2:
        return False
    return (
        len(unique) <= MAX_OBJECTS and counts.min() >= MIN_REGION and is_flat(np.where(shown, packed + 1, 0))
    )
