"""The pixels of a mask's file as they are stored: grey values, palette indices or colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from cfr_icl.annotate.pictures.value_labels import labels_of
from cfr_icl.pictures.decoding import transparent, turn
from cfr_icl.pictures.image_files import MAX_MEGAPIXELS, MIN_SIDE, PictureError, decoding, open_image

_LOSSY = ("JPEG", "MPO", "WEBP", "AVIF", "HEIF", "JPEG2000")


@dataclass(frozen=True)
class MaskPixels:
    """The pixel values of a mask's file, not yet interpreted as objects."""

    values: np.ndarray
    """Grey values or palette indices, (H, W) of integers or floats; or colours, uint8 (H, W, 3)."""
    palette: np.ndarray | None = None
    """Colours of the indices, uint8 (256, 3); None without a palette."""
    alpha: np.ndarray | None = None
    """Opacity, uint8 (H, W); None where all is opaque."""
    lossy: bool = False
    """Whether the file's compression changes values."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """Labels of the values that the file holds, as written in it."""


def read_mask(source: str | Path | BinaryIO, size: tuple[int, int], smallest: int = MIN_SIDE) -> MaskPixels:
    """The pixels of a mask or label map of a picture of `size` (height, width), as they are stored.

    EXIF orientation is applied.

    Args:
        smallest: shortest side that is read.

    Raises:
        PictureError: when the file is no picture or of another size.
    """
    height, width = size
    with open_image(source, max(MAX_MEGAPIXELS, height * width / 1e6), smallest=smallest) as image:
        lossy = image.format in _LOSSY and image.info.get("lossless") is not True
        lossy = lossy or image.info.get("compression") == "jpeg"  # inside of a TIFF
        with decoding("mask"):
            turn(image)
        if image.size != (width, height):
            raise PictureError(
                "The mask is {width} x {height} pixels, the picture {picture_width} x {picture_height}; "
                "they must be equal.",
                width=image.width,
                height=image.height,
                picture_width=width,
                picture_height=height,
            )
        with decoding("mask"):
            alpha = _alpha(image)
            return MaskPixels(_values(image), _palette(image), alpha, lossy, labels_of(image))


def _values(image: Image.Image) -> np.ndarray:
    if image.mode in ("P", "L", "I", "F") or image.mode.startswith("I;16"):
        return np.array(image)
    if image.mode == "1":
        return np.array(image).astype(np.uint8)
    if image.mode == "LA":
        return np.array(image.getchannel("L"))
    return np.array((image.convert("RGBA") if transparent(image) else image).convert("RGB"))


def _palette(image: Image.Image) -> np.ndarray | None:
    if image.mode != "P":
        return None
    colours = np.array(image.getpalette("RGB") or [], np.uint8)[: 256 * 3]
    return np.append(colours, np.zeros(256 * 3 - len(colours), np.uint8)).reshape(256, 3)


def _alpha(image: Image.Image) -> np.ndarray | None:
    if not transparent(image):
        return None
    alpha = np.array(image.convert("RGBA").getchannel("A"))
    return None if alpha.min() == 255 else alpha
