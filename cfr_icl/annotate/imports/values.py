"""Objects from the values of a mask's pixels: bright ones, each value, each area, each colour.

Values are integers or floats (H, W), colours uint8 (H, W, 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cfr_icl.annotate.imports.loaded import MaskFileError
from cfr_icl.annotate.imports.regions import (
    TOLERANCE,
    border_value,
    distinct,
    flat_regions,
    has_soft_edges,
    is_flat,
)

VOID = 255
VOID_BELOW = 100
"""255 is void if all other values are at most this one; otherwise it is a value as others."""
VOID_COLOUR = (224, 224, 192)
"""The colour of Pascal VOC's void outlines."""


@dataclass
class Regions:
    """Pixels by the region that they belong to."""

    ids: np.ndarray
    """Integers (H, W); 0 is background."""
    sentence: str
    """The message about how the file was read."""
    void: int = 0
    """The number of void pixels, which are background."""


def bright_pixels(values: np.ndarray) -> tuple[np.ndarray, str]:
    """The object in a black and white picture: its bright pixels, or those unlike the background.

    Returns:
        The mask, bool (H, W), and a message about how it was read.
    """
    levels = distinct(values)
    if len(levels) <= 2:
        return values != (_background(levels, values) or 0), "The mask was read as black and white."
    low, high = float(values.min()), float(values.max())
    bright = values.astype(np.float64) > low + (high - low) / 2
    return bright, "The mask was read as black and white, from half of its brightness."


def _background(levels: np.ndarray, values: np.ndarray) -> float | None:
    """The value of the background of a picture of one or two values; None where there is none."""
    if 0 in levels:
        return 0
    if (levels < 0).any():
        return float(levels.min())
    if len(levels) < 2:
        return None
    return float(border_value(values))


def by_index(values: np.ndarray) -> Regions:
    """Each value as an object, except for background and void.

    Background are 0 and negative values, or -1 alone if it runs along the border; without any of them all
    values are objects. Void is the largest value of the type beside small ones (VOID_BELOW).
    """
    levels = distinct(values)
    ids = values.astype(np.int64)
    void = np.zeros(ids.shape, bool)
    positive = levels[levels > 0]
    largest = {1: VOID, 2: 65_535}.get(values.dtype.itemsize if values.dtype.kind == "u" else 0, VOID)
    others = positive[positive != largest]
    if largest in positive and len(others) and others.max() <= VOID_BELOW:
        void = ids == largest
    if -1 in levels and 0 in levels and border_value(values) == -1:  # -1 is the background: 0 is a class
        ids += 1
    ids[void] = 0
    if 0 in levels or (levels < 0).any():
        ids[ids < 0] = 0
    return Regions(ids, "The file was read as a label map, by its values.", int(void.sum()))


def by_region(values: np.ndarray, lossy: bool) -> Regions:
    """Areas of like brightness as objects, the darkest as background."""
    regions = flat_regions(values[..., None].astype(np.float32), lossy)
    if regions is None:
        raise MaskFileError("This is a photograph, not a mask.")
    ids = regions - regions.min()  # they are numbered by their brightness
    return Regions(ids, "The file was read as a label map, by its values, without soft edges.")


def by_colour(colours: np.ndarray, shown: np.ndarray | None, lossy: bool) -> Regions:
    """Each colour as an object.

    Transparent pixels are background; without any, black is, or else the border's colour.
    """
    packed = (colours.astype(np.int32) << np.array([16, 8, 0])).sum(axis=2) + 1
    if shown is not None:
        packed[~shown] = 0
    unique = distinct(packed)
    unique = unique[unique > 0]
    sentence = "The file was read by its colours."
    if lossy or has_soft_edges(colours, packed) or (len(unique) > 64 and not is_flat(packed)):
        regions = flat_regions(colours.astype(np.float32), lossy, shown)
        if regions is None:
            raise MaskFileError("This is a photograph, not a mask.")
        means = [colours[regions == number].mean(axis=0) for number in range(regions.max() + 1)]
        dark = [number for number, mean in enumerate(means) if mean.max() <= TOLERANCE]
        background = dark[0] if dark else int(border_value(regions))
        ids = regions + 1
        if shown is None:
            ids[regions == background] = 0
        else:
            ids[~shown] = 0
        return Regions(ids, "The file was read by its colours, without soft edges.")
    void = (packed == _packed(VOID_COLOUR)) if _packed(VOID_COLOUR) in unique and len(unique) > 2 else None
    if shown is None:
        background = 1 if 1 in unique else int(border_value(packed))
        packed[packed == background] = 0
    if void is not None:
        packed[void] = 0
    return Regions(packed, sentence, 0 if void is None else int(void.sum()))


def _packed(colour: tuple[int, int, int]) -> int:
    """A colour as `by_colour` numbers it, from 1."""
    return (colour[0] << 16) + (colour[1] << 8) + colour[2] + 1
