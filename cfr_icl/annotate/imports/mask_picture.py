"""Masks and label maps in pictures: black and white, soft, by index, by colour, by transparency.

The meaning of a file is inferred from its pixels. Areas of one value are regions; pixels between them (soft
edges, traces of JPEG) belong to the nearest region.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cfr_icl.annotate.image_files import PictureError
from cfr_icl.annotate.imports.loaded import MAX_OBJECTS, LoadedMasks, LoadedObject, MaskFileError
from cfr_icl.annotate.imports.regions import (
    LEAST_REGION,
    TOLERANCE,
    border_value,
    counted,
    distinct,
    flat_regions,
    has_soft_edges,
    is_flat,
    numbered,
)
from cfr_icl.annotate.mask_pixels import MaskPixels, read_mask
from cfr_icl.annotate.masks import Mask
from cfr_icl.sentences import Sentence

MASK, INVERTED, INDICES, COLOURS, ALPHA, PARTS = "mask", "inverted", "indices", "colours", "alpha", "objects"
"""Readings: objects are bright pixels; dark pixels; each value; each colour; opaque pixels; each part."""

VOID = 255
VOID_BELOW = 100
"""255 is void if all other values are at most this; otherwise it is a shade of grey."""
VOID_COLOUR = (224, 224, 192)
"""The colour of Pascal VOC's void outlines."""

MOST_LOOKED_AT = 50
"""The most objects in which connected parts are counted."""


@dataclass
class _Regions:
    """Pixels by the region that they belong to."""

    ids: np.ndarray
    """Integers (H, W); 0 is background."""
    sentence: str
    void: int = 0
    """Pixels that belong to nothing."""


def load_mask_picture(path: Path, size: tuple[int, int], reading: str | None = None) -> LoadedMasks:
    """Read the objects in a picture, with the likeliest reading or with `reading`.

    Raises:
        MaskFileError: when the file is no mask, is empty, or does not have this reading.
    """
    try:
        pixels = read_mask(path, size)
    except PictureError as error:
        raise MaskFileError("{error}", error=error) from error
    if pixels.values.dtype.kind == "f":
        pixels = replace(pixels, values=np.nan_to_num(pixels.values, posinf=0, neginf=0))
    readings = _readings(pixels)
    if reading is not None and reading not in (*readings, PARTS):
        raise MaskFileError("This file cannot be read in the way {reading!r:.40}.", reading=reading)
    chosen = reading or readings[0]
    regions = _read(pixels, chosen)
    values, _ = counted(regions.ids)
    values = values[values != 0]
    if len(values) > MAX_OBJECTS:
        raise MaskFileError(
            "The picture has {count} values; a label map has at most {max_objects}.",
            count=len(values),
            max_objects=MAX_OBJECTS,
        )
    if not len(values):
        raise MaskFileError("The mask is empty.")
    objects = [LoadedObject(mask) for mask in _masks(regions.ids, values)]
    sentences = [regions.sentence]
    if regions.void:
        sentences.append(Sentence("Void pixels are left out: {void}.", void=regions.void))
    if chosen != PARTS and any(_has_parts(entry.mask) for entry in objects[:MOST_LOOKED_AT]):
        readings = [*readings, PARTS]
    ordered = [chosen, *(each for each in readings if each != chosen)]
    return LoadedMasks(objects, chosen, ordered, sentences)


def mask_pixels(path: Path, size: tuple[int, int]) -> np.ndarray:
    """All objects of a mask's file as one mask, bool (H, W); raises MaskFileError."""
    loaded = load_mask_picture(path, size)
    return Mask.union([entry.mask for entry in loaded.objects]).pixels


def _masks(ids: np.ndarray, values: np.ndarray) -> list[Mask]:
    """A mask for each value, computed only in the rectangle around it."""
    height, width = ids.shape
    numbers = numbered(ids, values)
    in_rows, in_columns = (np.zeros((side, len(values) + 1), bool) for side in (height, width))
    in_rows[np.arange(height)[:, None], numbers] = True
    in_columns[np.arange(width)[None], numbers] = True
    masks = []
    for number in range(1, len(values) + 1):
        rows, columns = (np.nonzero(present[:, number])[0] for present in (in_rows, in_columns))
        top, left = int(rows[0]), int(columns[0])
        part = numbers[top : rows[-1] + 1, left : columns[-1] + 1] == number
        masks.append(Mask.placed(part.astype(np.uint8), left, top, height, width))
    return masks


def _readings(pixels: MaskPixels) -> list[str]:
    """The possible readings of a file, the likeliest first."""
    if pixels.alpha is not None and pixels.alpha.min() != pixels.alpha.max():
        shown = _opaque(pixels.alpha)
        if pixels.palette is None and _few_colours(pixels.values, shown):
            return [COLOURS, ALPHA]
        if pixels.palette is not None and len(counted(pixels.values[shown])[0]) > 1:
            return [INDICES, ALPHA]
        return [ALPHA]
    if pixels.palette is not None:
        return _palette_readings(pixels)
    if pixels.values.ndim == 3:
        grey = _as_grey(pixels.values, pixels.lossy)
        return [COLOURS, MASK] if grey is None else _grey_readings(grey, pixels.lossy)
    return _grey_readings(pixels.values, pixels.lossy)


def _opaque(alpha: np.ndarray) -> np.ndarray:
    """Where an image is shown, bool (H, W); some programs write an opacity of 0 and 1."""
    return alpha > alpha.max() / 2


def _palette_readings(pixels: MaskPixels) -> list[str]:
    used = np.unique(pixels.values)
    colours = pixels.palette[used]
    grey = bool((colours == colours[:, :1]).all())
    black = used[(colours == 0).all(axis=1)]
    border = border_value(pixels.values)
    by_colour = border != 0 and border in black
    if grey and by_colour:  # programs that reduce colours write such files; their indices have no meaning
        return _grey_readings(pixels.palette[pixels.values][..., 0], False)
    if grey and len(used) > 2 and not is_flat(pixels.values):
        return _grey_readings(pixels.palette[pixels.values][..., 0], False)
    return [COLOURS, INDICES] if by_colour else [INDICES, COLOURS]


def _grey_readings(values: np.ndarray, lossy: bool) -> list[str]:
    if len(distinct(values)) <= 2 and not lossy:
        return [MASK, INVERTED]
    soft = lossy or not is_flat(values)
    if not soft:
        return [INDICES, MASK]
    regions = flat_regions(values[..., None].astype(np.float32), lossy)
    if regions is not None and len(np.unique(regions)) > 2:
        return [INDICES, MASK, INVERTED]
    return [MASK, INVERTED, *([] if lossy or values.dtype.kind == "f" else [INDICES])]


def _read(pixels: MaskPixels, reading: str) -> _Regions:
    values = pixels.values
    if reading == PARTS:
        regions = _read(pixels, _readings(pixels)[0])
        parts = np.zeros(values.shape[:2], np.int32)
        for value in counted(regions.ids)[0]:
            if value == 0:
                continue
            _, components = cv2.connectedComponents((regions.ids == value).astype(np.uint8), connectivity=8)
            parts[components > 0] = components[components > 0] + parts.max()
        return _Regions(parts, "Each connected part was read as an object.", regions.void)
    if reading == ALPHA:
        return _Regions(_opaque(pixels.alpha).astype(np.int32), "The mask was read from the transparency.")
    if reading == COLOURS:
        colours = values if values.ndim == 3 else _coloured(pixels)
        shown = None if pixels.alpha is None else _opaque(pixels.alpha)
        return _by_colour(colours, shown, pixels.lossy)
    if pixels.palette is not None and reading == INDICES:
        if pixels.alpha is not None:  # the transparent index is background, whatever its number
            values = np.where(_opaque(pixels.alpha), values.astype(np.int32) + 1, 0)
        return _by_index(values)
    if values.ndim == 3:
        grey = _as_grey(values, pixels.lossy)
        if grey is None:
            regions = _by_colour(values, None, pixels.lossy)
            return _Regions((regions.ids > 0).astype(np.int32), "All colours were read as one mask.")
        values = grey
    elif pixels.palette is not None:
        values = pixels.palette[values][..., 0]
    if reading == INDICES:
        return _by_index(values) if is_flat(values) and not pixels.lossy else _by_region(values, pixels.lossy)
    bright, sentence = _bright(values)
    if reading == INVERTED:
        return _Regions(
            (~bright).astype(np.int32), "The mask was read inverted: the dark part is the object."
        )
    return _Regions(bright.astype(np.int32), sentence)


def _bright(values: np.ndarray) -> tuple[np.ndarray, str]:
    """The marked pixels of a black and white picture, bool (H, W)."""
    levels = distinct(values)
    if len(levels) <= 2:
        background = _background(levels, values)
        if background is not None and len(levels) == 2:
            return values != background, "The mask was read as black and white."
        return (
            values != 0 if background is None else values != background,
            "The mask was read as black and white.",
        )
    low, high = float(values.min()), float(values.max())
    return values.astype(np.float64) > low + (
        high - low
    ) / 2, "The mask was read as black and white, from half of its brightness."


def _background(levels: np.ndarray, values: np.ndarray) -> float | None:
    """The value of the background of a picture of one or two values; None where there is none."""
    if 0 in levels:
        return 0
    if (levels < 0).any():
        return float(levels.min())
    if len(levels) < 2:
        return None
    return float(border_value(values))


def _by_index(values: np.ndarray) -> _Regions:
    """Each value as an object; 0, or -1 around everything, negative values and void are none."""
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
    elif len(positive) > 1 and not void.any():
        ids[ids == int(border_value(values))] = 0
    return _Regions(ids, "The file was read as a label map, by its values.", int(void.sum()))


def _by_region(values: np.ndarray, lossy: bool) -> _Regions:
    """Areas of like brightness as objects, the darkest as background."""
    regions = flat_regions(values[..., None].astype(np.float32), lossy)
    if regions is None:
        raise MaskFileError("This is a photograph, not a mask.")
    means = {number: float(values[regions == number].mean()) for number in np.unique(regions)}
    darkest = min(means, key=lambda number: means[number])
    ids = np.where(regions == darkest, 0, regions + 1)
    return _Regions(ids, "The file was read as a label map, by its values, without soft edges.")


def _by_colour(colours: np.ndarray, shown: np.ndarray | None, lossy: bool) -> _Regions:
    """Each colour as an object; black, or else the border's colour, and transparent pixels are background."""
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
        return _Regions(ids, "The file was read by its colours, without soft edges.")
    void = (packed == _packed(VOID_COLOUR)) if _packed(VOID_COLOUR) in unique and len(unique) > 2 else None
    if shown is None:
        background = 1 if 1 in unique else int(border_value(packed))
        packed[packed == background] = 0
    if void is not None:
        packed[void] = 0
    return _Regions(packed, sentence, 0 if void is None else int(void.sum()))


def _packed(colour: tuple[int, int, int]) -> int:
    return (colour[0] << 16) + (colour[1] << 8) + colour[2] + 1


def _coloured(pixels: MaskPixels) -> np.ndarray:
    if pixels.palette is not None:
        return pixels.palette[pixels.values]
    values = pixels.values
    return np.repeat((values if values.dtype == np.uint8 else values > 0)[..., None], 3, axis=2).astype(
        np.uint8
    )


def _as_grey(colours: np.ndarray, lossy: bool) -> np.ndarray | None:
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
    unique, counts = counted(packed[shown])
    if len(unique) < 2:
        return False
    return (
        len(unique) <= MAX_OBJECTS
        and counts.min() >= LEAST_REGION
        and is_flat(np.where(shown, packed + 1, 0))
    )


def _has_parts(mask: Mask) -> bool:
    """Whether a mask has several parts that are no crumbs."""
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask.part.astype(np.uint8), connectivity=8)
    return bool((statistics[1:, cv2.CC_STAT_AREA] >= LEAST_REGION).sum() > 1)
