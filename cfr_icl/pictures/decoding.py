"""Decode pictures to the pixels that are shown and segmented, for all parts of the package."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from cfr_icl.pictures.depth import deep_values, is_deep, shown_range, to_8_bit
from cfr_icl.pictures.image_files import (
    LARGEST_LIMIT,
    MAX_MEGAPIXELS,
    PictureError,
    decoding,
    open_image,
)
from cfr_icl.pictures.pages import VIEW, View, page_count

__all__ = [
    "LARGEST_LIMIT",
    "MAX_MEGAPIXELS",
    "VIEW",
    "OpenedPicture",
    "PictureError",
    "Remarks",
    "View",
    "open_picture",
    "picture_size",
    "read_picture",
    "remarks",
    "thumbnail",
]

ORIENTATION = 0x0112
"""EXIF tag of a picture's orientation, 1 to 8."""


@dataclass(frozen=True)
class Remarks:
    """Properties of a file that are reported to the user."""

    transparent: bool
    """The picture has transparent pixels, or, from its header, may have some; they count as white."""
    first_frame: bool
    """The file has several frames or pages, of which one is shown."""
    pages: int = 1
    page: int = 0
    """Number of the frame or page that is taken, from 0."""
    deep: bool = False
    """The file has more than 8 bits a channel, of which 8 are shown and segmented."""
    low: float = View.low
    high: float = View.high
    """Percentiles of the values that are shown as black and as white, where the picture is deep."""
    values: tuple[float, float] | None = None
    """The values at these percentiles; None unless the picture was decoded and is deep."""


@dataclass(frozen=True)
class OpenedPicture:
    """A picture as it is shown and segmented."""

    pixels: np.ndarray
    """uint8 (H, W, 3) RGB."""
    remarks: Remarks


def open_picture(
    source: str | Path | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS, view: View = VIEW
) -> OpenedPicture:
    """Decode a picture (see `read_picture`), with remarks for the user."""
    with open_image(source, max_megapixels, view) as image, decoding("picture"):
        of_header = _remarks(image, view)
        shown, values = decoded(image, view)
        seen = replace(of_header, values=values, transparent=shown.mode == "RGBA")
        return OpenedPicture(np.array(on_white(shown)), seen)


def read_picture(
    source: str | Path | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS, view: View = VIEW
) -> np.ndarray:
    """Decode the picture in a file to uint8 (H, W, 3) RGB, as a viewer displays it.

    EXIF orientation is applied and transparent pixels become white. The view chooses one of several pages or
    frames; more than 8 bits are scaled between the percentiles of the view. The size is checked before
    decoding; up to the default limit, decoding needs at most 1 GB of memory.

    Raises:
        PictureError: when the file is no picture, is damaged, too small or too large, or has no such page.
    """
    return open_picture(source, max_megapixels, view).pixels


def picture_size(source: str | Path | BinaryIO, view: View = VIEW) -> tuple[int, int]:
    """Height and width of a picture as it is shown, from its header; raises PictureError."""
    with open_image(source, LARGEST_LIMIT, view) as image, decoding("picture"):
        return shown_size(image)


def shown_size(image: Image.Image) -> tuple[int, int]:
    """Height and width of an image as it is shown, turned by its EXIF."""
    width, height = image.size
    turned = 5 <= image.getexif().get(ORIENTATION, 1) <= 8
    return (width, height) if turned else (height, width)


def remarks(source: str | Path | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS) -> Remarks:
    """Remarks for the user from a picture's header; raises PictureError like `read_picture`."""
    with open_image(source, max_megapixels) as image, decoding("picture"):
        return _remarks(image, VIEW)


def _remarks(image: Image.Image, view: View) -> Remarks:
    pages = page_count(image)
    page = image.tell() if pages > 1 else 0
    return Remarks(transparent(image), pages > 1, pages, page, is_deep(image), view.low, view.high)


def thumbnail(source: Path, side: int = 240) -> Image.Image:
    """A small RGB version of a picture, at most `side` pixels a side; raises PictureError."""
    with open_image(source, MAX_MEGAPIXELS) as image, decoding("picture"):
        image.draft("RGB", (2 * side, 2 * side))
        small = on_white(decoded(image, VIEW)[0])
        small.thumbnail((side, side))
        return small


def decoded(
    image: Image.Image, view: View, turned: bool = True
) -> tuple[Image.Image, tuple[float, float] | None]:
    """Decode a picture to 8-bit RGB, or RGBA if it has transparent pixels, `turned` as EXIF says.

    Returns:
        The picture, and for a deep one the values that are shown as black and as white, else None.
    """
    shown = None
    if is_deep(image):
        deep = image
        values = deep_values(deep)
        shown = shown_range(values, view.low, view.high)
        alpha = deep.getchannel("A") if deep.mode in ("RGBA", "LA") else None
        image = Image.fromarray(to_8_bit(values, *shown))
        if alpha is not None:
            image.putalpha(alpha)
        with suppress(Exception):  # an EXIF block that cannot be read says nothing of the pixels
            image.getexif()[ORIENTATION] = deep.getexif().get(ORIENTATION, 1)
    if turned:
        turn(image)
    mode = "RGBA" if transparent(image) else "RGB"
    image = image if image.mode == mode else image.convert(mode)
    if mode == "RGBA" and image.getchannel("A").getextrema()[0] == 255:  # opaque, such as a screenshot
        image = image.convert("RGB")
    return image, shown


def turn(image: Image.Image) -> None:
    """Decode an image and turn it in place, as its EXIF block says."""
    image.load()
    with suppress(Exception):  # an EXIF block that cannot be read says nothing of the pixels
        ImageOps.exif_transpose(image, in_place=True)


def on_white(image: Image.Image) -> Image.Image:
    """An image of mode RGB or RGBA without its transparency, on white."""
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def transparent(image: Image.Image) -> bool:
    """Whether an image may have transparent pixels, from its header."""
    return image.mode in ("LA", "PA", "RGBA", "RGBa") or (
        image.mode in ("1", "L", "P", "RGB") and "transparency" in image.info
    )
