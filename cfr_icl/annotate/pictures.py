"""Pictures from files: one decoder for every entrance, strict about size and kind."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

MAX_MEGAPIXELS = 50.0
"""Largest picture that is decoded unless asked otherwise."""

LARGEST_LIMIT = 178.0
"""No limit in megapixels can be above this, where Pillow takes every picture for an attack."""

MAX_PAGES = 10_000

MIN_SIDE, MAX_SIDE = 8, 65_500
"""Shortest and longest side of a picture in pixels; JPEG files and browsers know no longer ones."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""Pillow decoders that are tried; everything else counts as no picture."""

_BROWSER_FORMATS = ("PNG", "JPEG", "WEBP")
_LOSSLESS_COPY_PIXELS = 4_000_000
_ORIENTATION = 0x0112
_ROWS_AT_ONCE = 256
_DAMAGED = {
    "picture": "The picture is damaged or cut off and could not be decoded.",
    "mask": "The mask is damaged or cut off and could not be decoded.",
}


class PictureError(ValueError):
    """A file that cannot be worked on; the message is one sentence for the person."""


def read_picture(source: str | Path | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """The picture in a file as uint8 (H, W, 3) RGB, the way a person sees it.

    EXIF orientation is applied, transparency lies on white, 16-bit values are scaled, and of an
    animation the first frame is taken. The size is checked before anything is decoded; what is
    decoded needs at most 1 GB of memory up to the default limit.

    Raises:
        PictureError: when the file is no picture, is damaged, too small or too large.
    """
    with _open(source, max_megapixels) as image, _decoding("picture"):
        return np.array(_on_white(_decoded(image)))


def read_mask(source: str | Path | BinaryIO, size: tuple[int, int]) -> np.ndarray:
    """A mask or label map of a picture of `size` (height, width), integers (H, W); 0 is background.

    EXIF orientation is applied. Palette indices and 16-bit values are kept; of colours and
    transparency only "black or not" is kept.

    Raises:
        PictureError: when the file is no picture or of another size.
    """
    height, width = size
    with _open(source, max(MAX_MEGAPIXELS, height * width / 1e6)) as image:
        with _decoding("mask"):
            _turn(image)
        if image.size != (width, height):
            raise PictureError(
                f"The mask is {image.width} x {image.height} pixels, "
                f"the picture {width} x {height}; they must be equal."
            )
        with _decoding("mask"):
            if image.mode in ("RGB", "RGBA", "LA", "CMYK", "YCbCr"):
                return np.array(_on_white(_decoded(image))).any(axis=2).astype(np.int32)
            values = np.array(image)
            return (np.nan_to_num(values) if values.dtype.kind == "f" else values).astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class View:
    """Which page of a file is the picture, and how more than 8 bits are shown."""

    page: int = 0
    """From 0."""
    low: float = 0.5
    """Percentile of the values that is shown as black, 0 to 100."""
    high: float = 99.5
    """Percentile of the values that is shown as white, 0 to 100."""

    def __post_init__(self) -> None:
        if not (isinstance(self.page, int) and 0 <= self.page < MAX_PAGES):
            raise ValueError(f"A page's number goes from 0 to {MAX_PAGES - 1}, not {self.page!r:.40}.")
        if not 0 <= self.low < self.high <= 100:
            raise ValueError(f"The contrast goes from a lower to a higher percentile, not {self.low!r:.40}.")


@dataclass(frozen=True)
class Remarks:
    """What a person should know of how a file is shown and segmented."""

    transparent: bool
    """Shown with holes, which count as white."""
    first_frame: bool
    """Of several frames or pages only the first is taken."""


def remarks(source: str | Path | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS) -> Remarks:
    """What is told of a picture, from its header; raises PictureError like `read_picture`."""
    with _open(source, max_megapixels) as image, _decoding("picture"):
        return Remarks(_transparent(image), _several(image))


def browser_copy(source: Path, picture: np.ndarray, folder: Path) -> Path:
    """A file that every browser shows as `picture`, transparent where its file is.

    The source itself where it can be, else a copy.
    """
    with _open(source, LARGEST_LIMIT) as image:
        if _shown_as_it_is(image, source):
            return source
        copy = _decoded(image) if _transparent(image) else Image.fromarray(picture)
    if copy.mode == "RGBA" or copy.width * copy.height <= _LOSSLESS_COPY_PIXELS:
        path = folder / "picture.png"
        copy.save(path, compress_level=1)
    else:
        path = folder / "picture.jpg"
        copy.save(path, quality=95, subsampling=0)
    return path


def thumbnail(source: Path, side: int = 240) -> Image.Image:
    """A small RGB version of a picture, at most `side` pixels a side; raises PictureError."""
    with _open(source, MAX_MEGAPIXELS) as image, _decoding("picture"):
        image.draft("RGB", (2 * side, 2 * side))
        small = _on_white(_decoded(image))
        small.thumbnail((side, side))
        return small


class _File(io.BufferedReader):
    """A file that is read to its end at most: lengths in damaged headers are no reason for memory."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        return super().read(left if size is None or size < 0 else min(size, max(left, 0)))


@contextmanager
def _open(source: str | Path | BinaryIO, max_megapixels: float) -> Iterator[Image.Image]:
    """The header of a picture within the limits; raises PictureError."""
    with ExitStack() as opened:
        try:
            file = opened.enter_context(_File(source)) if isinstance(source, str | Path) else source
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
                image = opened.enter_context(Image.open(file, formats=FORMATS))
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
        if megapixels > max_megapixels:
            raise PictureError(
                f"The picture has {megapixels:.1f} megapixels ({image.width} x {image.height}); "
                f"at most {max_megapixels:g} are taken."
            )
        if min(image.size) < MIN_SIDE or max(image.size) > MAX_SIDE:
            raise PictureError(
                f"The picture is {image.width} x {image.height} pixels; "
                f"each side must have {MIN_SIDE} to {MAX_SIDE}."
            )
        yield image


@contextmanager
def _decoding(what: str) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise PictureError("There is not enough memory for this picture.") from error
    except Exception as error:  # decoders raise whatever they like on damaged data
        raise PictureError(_DAMAGED[what]) from error


def _decoded(image: Image.Image) -> Image.Image:
    """The picture in 8-bit RGB, or RGBA where it has transparency, turned as EXIF says."""
    _turn(image)
    if image.mode.startswith("I;16"):
        image = Image.fromarray(_to_8_bit(np.asarray(image), 65535))
    elif image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image))
        top = values.max()
        image = Image.fromarray(_to_8_bit(values, next((t for t in (1, 255, 65535) if top <= t), top)))
    mode = "RGBA" if _transparent(image) else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _turn(image: Image.Image) -> None:
    image.load()
    with suppress(Exception):  # an EXIF block that cannot be read says nothing of the pixels
        ImageOps.exif_transpose(image, in_place=True)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA", "RGBa") or (
        image.mode in ("1", "L", "P", "RGB") and "transparency" in image.info
    )


def _several(image: Image.Image) -> bool:
    # further pictures of an MPO file are of the camera's own use, such as depth
    with suppress(Exception):  # later frames may be damaged
        return image.format != "MPO" and getattr(image, "n_frames", 1) > 1
    return False


def _to_8_bit(values: np.ndarray, top: float) -> np.ndarray:
    """Grey values of any type from [0, top] to [0, 255]."""
    scaled = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        rows = values[start : start + _ROWS_AT_ONCE].astype(np.float64)
        scaled[start : start + _ROWS_AT_ONCE] = np.round(np.clip(rows / top, 0, 1) * 255)
    return scaled


def _shown_as_it_is(image: Image.Image, source: Path) -> bool:
    return (
        image.format in _BROWSER_FORMATS
        and image.mode in ("RGB", "L", "RGBA", "LA", "P")
        and not _several(image)
        and _browser_turns_it_alike(image)
        and source.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")
    )


def _browser_turns_it_alike(image: Image.Image) -> bool:
    """Browsers turn JPEG files, by their EXIF block; Pillow also others, and by XMP."""
    try:
        turned = image.getexif().get(_ORIENTATION, 1)
        exif = Image.Exif()
        exif.load(image.info.get("exif", b"") if image.format == "JPEG" else b"")
        return exif.get(_ORIENTATION, 1) == turned
    except Exception:  # whatever a damaged EXIF block makes Pillow stumble over
        return False
