"""Pictures from files: one decoder for every entrance, strict about size and kind."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

MAX_MEGAPIXELS = 50.0
"""Largest picture that is decoded unless asked otherwise."""

MIN_SIDE = 8
"""Shortest side of a picture in pixels."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""Pillow decoders that are tried; everything else counts as no picture."""

_BROWSER_FORMATS = ("PNG", "JPEG", "WEBP")
_LOSSLESS_COPY_PIXELS = 4_000_000


class PictureError(ValueError):
    """A file that cannot be worked on; the message is one sentence for the person."""


def read_picture(source: str | Path | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """The picture in a file as uint8 (H, W, 3) RGB, the way a person sees it.

    EXIF orientation is applied, transparency lies on white, 16-bit values are scaled, and of an
    animation the first frame is taken. The size is checked before anything is decoded.

    Raises:
        PictureError: when the file is no picture, is damaged, too small or too large.
    """
    with _open(source, max_megapixels) as image:
        try:
            return np.array(_to_rgb(ImageOps.exif_transpose(image)))
        except Exception as error:  # decoders raise whatever they like on damaged data
            raise PictureError("The picture is damaged or cut off and could not be decoded.") from error


def read_mask(source: str | Path | BinaryIO, size: tuple[int, int]) -> np.ndarray:
    """A mask or label map of a picture of `size` (height, width), integers (H, W); 0 is background.

    Palette indices and 16-bit values are kept; of colours and transparency only
    "black or not" is kept.

    Raises:
        PictureError: when the file is no picture or of another size.
    """
    height, width = size
    with _open(source, max(MAX_MEGAPIXELS, height * width / 1e6)) as image:
        if image.size != (width, height):
            raise PictureError(
                f"The mask is {image.width} x {image.height} pixels, "
                f"the picture {width} x {height}; they must be equal."
            )
        try:
            if image.mode in ("RGB", "RGBA", "LA", "CMYK", "YCbCr"):
                return np.array(_to_rgb(image)).any(axis=2).astype(np.int32)
            return np.array(image).astype(np.int32)
        except Exception as error:
            raise PictureError("The mask is damaged or cut off and could not be decoded.") from error


def browser_copy(source: Path, picture: np.ndarray, folder: Path) -> Path:
    """A file that every browser shows as `picture`: the source itself where it can be, else a copy."""
    if _shown_as_it_is(source):
        return source
    image = Image.fromarray(picture)
    if picture.shape[0] * picture.shape[1] <= _LOSSLESS_COPY_PIXELS:
        path = folder / "picture.png"
        image.save(path, compress_level=1)
    else:
        path = folder / "picture.jpg"
        image.save(path, quality=95, subsampling=0)
    return path


def thumbnail(source: Path, side: int = 240) -> Image.Image:
    """A small RGB version of a picture, at most `side` pixels a side."""
    with _open(source, MAX_MEGAPIXELS) as image:
        image.draft("RGB", (2 * side, 2 * side))
        small = _to_rgb(ImageOps.exif_transpose(image))
        small.thumbnail((side, side))
        return small


def _open(source: str | Path | BinaryIO, max_megapixels: float) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
            image = Image.open(source, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureError(
            f"The picture is far larger than the limit of {max_megapixels:g} megapixels."
        ) from error
    except FileNotFoundError as error:
        raise PictureError(f"There is no file {str(source)!r}.") from error
    except Exception as error:
        raise PictureError(
            "This is not a picture that can be read; PNG, JPEG, WebP, TIFF, BMP and GIF can."
        ) from error
    megapixels = image.width * image.height / 1e6
    problem = None
    if megapixels > max_megapixels:
        problem = (
            f"The picture has {megapixels:.1f} megapixels ({image.width} x {image.height}); "
            f"at most {max_megapixels:g} are taken."
        )
    elif min(image.size) < MIN_SIDE:
        problem = (
            f"The picture is {image.width} x {image.height} pixels; each side must have at least {MIN_SIDE}."
        )
    if problem:
        image.close()
        raise PictureError(problem)
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray(_to_8_bit(np.array(image), 65535))
    elif image.mode in ("I", "F"):
        values = np.nan_to_num(np.array(image))
        image = Image.fromarray(
            _to_8_bit(values, next((t for t in (1, 255, 65535) if values.max() <= t), values.max()))
        )
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _to_8_bit(values: np.ndarray, top: float) -> np.ndarray:
    """Grey values of any type from [0, top] to [0, 255]."""
    return np.round(np.clip(values.astype(np.float64) / top, 0, 1) * 255).astype(np.uint8)


def _shown_as_it_is(source: Path) -> bool:
    with Image.open(source) as image:
        turned = image.getexif().get(0x0112, 1) != 1
        return (
            image.format in _BROWSER_FORMATS
            and image.mode in ("RGB", "L")
            and "transparency" not in image.info
            and not getattr(image, "is_animated", False)
            and (not turned or image.format == "JPEG")  # browsers turn JPEG files themselves
            and source.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")
        )
