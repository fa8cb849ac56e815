"""Open image files that nobody has checked: formats, limits of size, and one error for everything wrong."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, PngImagePlugin

from cfr_icl.pictures.pages import VIEW, View, go_to_page, page_count
from cfr_icl.sentences import Refusal

MAX_MEGAPIXELS = 50.0
"""Default limit of a picture's size."""

LARGEST_LIMIT = 178.0
"""Largest possible limit in megapixels; Pillow refuses larger pictures as decompression bombs."""

MIN_SIDE, MAX_SIDE = 8, 65_500
"""Shortest and longest side of a picture in pixels; the longest is that of JPEG files and browsers."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000")
"""Pillow decoders that are tried; other files are refused."""

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".tif", ".tiff", ".bmp", ".dib"),
    *(".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".avif", ".jp2", ".j2k", ".jpx", ".jpf"),
)
"""Endings of files that are taken for pictures."""

HEIF_SUFFIXES = (".heic", ".heif", ".hif")
"""Endings of pictures that pillow-heif reads."""

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# Text and colour profiles that editors write may be large; Pillow's own limit is 1 MB each.
PngImagePlugin.MAX_TEXT_CHUNK = 64_000_000
PngImagePlugin.MAX_TEXT_MEMORY = 128_000_000

_DAMAGED = {
    "picture": "The picture is damaged or cut off and could not be decoded.",
    "mask": "The mask is damaged or cut off and could not be decoded.",
}


class PictureError(Refusal):
    """A picture that cannot be opened; the message is one sentence for the user."""


class _File(io.BufferedReader):
    """A file whose reads are limited to its size, so that damaged headers cannot make it allocate memory."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        return super().read(left if size is None or size < 0 else min(size, max(left, 0)))


@contextmanager
def open_image(
    source: str | Path | BinaryIO, max_megapixels: float, view: View = VIEW, smallest: int = MIN_SIDE
) -> Iterator[Image.Image]:
    """The header of a picture within the limits, at the view's page; raises PictureError."""
    with _opened(source, max_megapixels) as image:
        with decoding("picture"):
            if view.page and view.page >= (pages := page_count(image)):
                raise PictureError(
                    "The picture has {pages} pages; there is no page {page}.",
                    pages=pages,
                    page=view.page + 1,
                )
            go_to_page(image, view.page)
        _check_size(image, max_megapixels, smallest)
        yield image


@contextmanager
def _opened(source: str | Path | BinaryIO, max_megapixels: float) -> Iterator[Image.Image]:
    """The header of a picture, whose format one of the decoders knows; raises PictureError."""
    with ExitStack() as opened:
        if isinstance(source, str | Path) and not os.path.isfile(source):  # a pipe would be waited for
            if os.path.isdir(source):
                raise PictureError("{file!r} is a folder, not a file.", file=str(source))
            raise PictureError("There is no file {file!r}.", file=str(source))
        try:
            file = opened.enter_context(_File(source)) if isinstance(source, str | Path) else source
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `_check_size` has a limit
                image = opened.enter_context(Image.open(file, formats=_formats()))
        except Image.DecompressionBombError as error:
            raise PictureError(
                "The picture is far larger than the limit of {max_megapixels:g} megapixels.",
                max_megapixels=max_megapixels,
            ) from error
        except FileNotFoundError as error:
            raise PictureError("There is no file {file!r}.", file=str(source)) from error
        except Exception as error:
            if _is_heif(source):
                raise PictureError(
                    "This is a HEIC picture; pip install 'cfr-icl[heif]' lets them be read."
                ) from error
            raise PictureError(
                "This is not a picture that can be read; PNG, JPEG, WebP, AVIF, TIFF, BMP and GIF can."
            ) from error
        yield image


def _check_size(image: Image.Image, max_megapixels: float, smallest: int) -> None:
    megapixels = image.width * image.height / 1e6
    if megapixels > max_megapixels:
        raise PictureError(
            "The picture has {megapixels:.1f} megapixels ({width} x {height}); at most "
            "{max_megapixels:g} are taken.",
            megapixels=megapixels,
            width=image.width,
            height=image.height,
            max_megapixels=max_megapixels,
        )
    if min(image.size) < smallest or max(image.size) > MAX_SIDE:
        raise PictureError(
            "The picture is {width} x {height} pixels; each side must have {min_side} to {max_side}.",
            width=image.width,
            height=image.height,
            min_side=MIN_SIDE,
            max_side=MAX_SIDE,
        )


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Turn the errors of decoders into PictureError.

    Args:
        what: "picture" or "mask".
    """
    try:
        yield
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError("There is not enough memory for this picture.") from error
    except Exception as error:  # decoders raise errors of any type for damaged data
        raise PictureError(_DAMAGED[what]) from error


@cache
def _formats() -> tuple[str, ...]:
    """All decoders that are tried, with HEIF where pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return FORMATS
    pillow_heif.register_heif_opener(thumbnails=False)
    return (*FORMATS, "HEIF")


def reads_heif() -> bool:
    """Whether HEIC pictures can be read here."""
    return "HEIF" in _formats()


def picture_suffixes() -> tuple[str, ...]:
    """Endings of files that are taken for pictures and can be read here."""
    return (*SUFFIXES, *HEIF_SUFFIXES) if reads_heif() else SUFFIXES


def is_picture_name(name: str) -> bool:
    """Whether a file of this name is taken for a picture."""
    return os.path.splitext(name)[1].lower() in picture_suffixes()


def _is_heif(source: str | Path | BinaryIO) -> bool:
    with suppress(Exception):
        if isinstance(source, str | Path):
            with open(source, "rb") as file:
                begin = file.read(12)
        else:
            source.seek(0)
            begin = source.read(12)
        return begin[4:8] == b"ftyp" and begin[8:12] in HEIF_BRANDS
    return False
