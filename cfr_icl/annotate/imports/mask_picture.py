"""Masks and label maps in pictures: black and white, soft, by index, by colour, by transparency.

The meaning of a file is inferred from its pixels. Areas of one value are regions; pixels between them (soft
edges, traces of JPEG) belong to the nearest region.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from cfr_icl.annotate.imports.loaded import MAX_OBJECTS, LoadedMasks, LoadedObject, MaskFileError
from cfr_icl.annotate.imports.readings import (
    ALPHA,
    COLOURS,
    INDICES,
    INVERTED,
    PARTS,
    as_grey,
    likely_readings,
    opaque,
)
from cfr_icl.annotate.imports.regions import MIN_REGION, is_flat, ranked, value_counts
from cfr_icl.annotate.imports.values import Regions, bright_pixels, by_colour, by_index, by_region
from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.mask_pixels import MaskPixels, read_mask
from cfr_icl.pictures.image_files import PictureError
from cfr_icl.sentences import Sentence

MAX_CHECKED_FOR_PARTS = 50
"""The most objects that are searched for several connected parts."""


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
    readings = likely_readings(pixels)
    if reading is not None and reading not in (*readings, PARTS):
        raise MaskFileError("This file cannot be read in the way {reading!r:.40}.", reading=reading)
    chosen = reading or readings[0]
    regions = _read(pixels, chosen)
    values, _ = value_counts(regions.ids)
    values = values[values != 0]
    if len(values) > MAX_OBJECTS:
        raise MaskFileError(
            "The picture has {count} values; a label map has at most {max_objects}.",
            count=len(values),
            max_objects=MAX_OBJECTS,
        )
    if not len(values):
        raise MaskFileError("The mask is empty.")
    labels = pixels.labels if chosen == INDICES else {}
    objects = [
        LoadedObject(mask, label_name(labels.get(int(value), "")) or None)
        for value, mask in zip(values, _masks(regions.ids, values), strict=True)
    ]
    sentences = [Sentence(regions.sentence)]
    if regions.void:
        sentences.append(Sentence("Void pixels are left out: {void}.", void=regions.void))
    if chosen != PARTS and any(_has_parts(entry.mask) for entry in objects[:MAX_CHECKED_FOR_PARTS]):
        readings = [*readings, PARTS]
    ordered = [chosen, *(each for each in readings if each != chosen)]
    return LoadedMasks(objects, chosen, ordered, sentences)


def mask_pixels(path: Path, size: tuple[int, int]) -> np.ndarray:
    """All objects of a mask's file as one mask, bool (H, W); raises MaskFileError."""
    return Mask.union([entry.mask for entry in load_mask_picture(path, size).objects]).pixels


def _masks(ids: np.ndarray, values: np.ndarray) -> list[Mask]:
    """A mask for each value, computed only in the rectangle around it."""
    height, width = ids.shape
    numbers = ranked(ids, values)
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


def _read(pixels: MaskPixels, reading: str) -> Regions:
    """The regions of a mask's pixels by one of the readings; raises MaskFileError for a photograph."""
    values = pixels.values
    if reading == PARTS:
        regions = _read(pixels, likely_readings(pixels)[0])
        parts = np.zeros(values.shape[:2], np.int32)
        for value in value_counts(regions.ids)[0]:
            if value == 0:
                continue
            _, components = cv2.connectedComponents((regions.ids == value).astype(np.uint8), connectivity=8)
            parts[components > 0] = components[components > 0] + parts.max()
        return Regions(parts, "Each connected part was read as an object.", regions.void)
    if reading == ALPHA and pixels.alpha is not None:
        return Regions(opaque(pixels.alpha).astype(np.int32), "The mask was read from the transparency.")
    if reading == COLOURS:
        colours = values if values.ndim == 3 else _coloured(pixels)
        shown = None if pixels.alpha is None else opaque(pixels.alpha)
        return by_colour(colours, shown, pixels.lossy)
    if pixels.palette is not None and reading == INDICES:
        if pixels.alpha is not None:  # the transparent index is background, whatever its number
            values = np.where(opaque(pixels.alpha), values.astype(np.int32) + 1, 0)
        return by_index(values)
    if values.ndim == 3:
        grey = as_grey(values, pixels.lossy)
        if grey is None:
            regions = by_colour(values, None, pixels.lossy)
            return Regions((regions.ids > 0).astype(np.int32), "All colours were read as one mask.")
        values = grey
    elif pixels.palette is not None:
        values = pixels.palette[values][..., 0]
    if reading == INDICES:
        return by_index(values) if is_flat(values) and not pixels.lossy else by_region(values, pixels.lossy)
    bright, sentence = bright_pixels(values)
    if reading == INVERTED:
        return Regions((~bright).astype(np.int32), "The mask was read inverted: the dark part is the object.")
    return Regions(bright.astype(np.int32), sentence)


def _coloured(pixels: MaskPixels) -> np.ndarray:
    """The colours of a picture of indices or grey values, uint8 (H, W, 3)."""
    if pixels.palette is not None:
        return pixels.palette[pixels.values]
    values = pixels.values
    return np.repeat((values if values.dtype == np.uint8 else values > 0)[..., None], 3, axis=2).astype(
        np.uint8
    )


def _has_parts(mask: Mask) -> bool:
    """Whether a mask has several connected parts of at least MIN_REGION pixels."""
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask.box_pixels.astype(np.uint8), connectivity=8)
    return bool((statistics[1:, cv2.CC_STAT_AREA] >= MIN_REGION).sum() > 1)
