"""Decode picture files, for all parts of the package, with limits on size and format."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from cfr_icl.annotate.depth import deep_values, is_deep, shown_range, to_8_bit
from cfr_icl.sentences import Refusal

MAX_MEGAPIXELS = 50.0
"""Default limit of a picture's size."""

LARGEST_LIMIT = 178.0
"""Largest possible limit in megapixels; Pillow refuses larger pictures as decompression bombs."""

MAX_PAGES = 10_000

MIN_SIDE, MAX_SIDE = 8, 65_500
"""Shortest and longest side of a picture in pixels; the longest is that of JPEG files and browsers."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000")
"""Pillow decoders that are tried; other files are refused."""

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# Text and colour profiles that editors write may be large; Pillow's own limit is 1 MB each.
PngImagePlugin.MAX_TEXT_CHUNK = 64_000_000
PngImagePlugin.MAX_TEXT_MEMORY = 128_000_000

_LOSSY = ("JPEG", "MPO", "WEBP", "AVIF", "HEIF", "JPEG2000")
_BROWSER_FORMATS = ("PNG", "JPEG", "WEBP")
_LOSSLESS_COPY_PIXELS = 4_000_000
_ORIENTATION = 0x0112
_NEW_SUBFILE_TYPE = 254
_PAGES_LOOKED_AT = 20
_DAMAGED = {
    "picture": "The picture is damaged or cut off and could not be decoded.",
    "mask": "The mask is damaged or cut off and could not be decoded.",
}


class PictureError(Refusal):
    """A picture that cannot be opened; the message is one sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class View:
    """The page of a file that is shown, and the range of values of a picture with more than 8 bits."""

    page: int | None = None
    """From 0; None for the first page that is not a thumbnail of another."""
    low: float = 0.5
    """Percentile of the values that is shown as black, 0 to 100."""
    high: float = 99.5
    """Percentile of the values that is shown as white, 0 to 100."""

    def __post_init__(self) -> None:
        if self.page is not None and not (isinstance(self.page, int) and 0 <= self.page < MAX_PAGES):
            raise ValueError(f"A page's number goes from 0 to {MAX_PAGES - 1}, not {self.page!r:.40}.")
        if not 0 <= self.low < self.high <= 100:
            raise ValueError(f"The contrast goes from a lower to a higher percentile, not {self.low!r:.40}.")


VIEW = View()
"""The usual view."""


@dataclass(frozen=True)
class Remarks:
    """Properties of a file that are reported to the user."""

    transparent: bool
    """The file has transparency; transparent pixels count as white."""
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
    with _open(source, max_megapixels, view) as image, _decoding("picture"):
        said = _remarks(image, view)
        decoded, values = _decoded(image, view)
        return OpenedPicture(np.array(_on_white(decoded)), replace(said, values=values))


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
    with _open(source, LARGEST_LIMIT, view) as image, _decoding("picture"):
        width, height = image.size
        turned = 5 <= image.getexif().get(_ORIENTATION, 1) <= 8
        return (width, height) if turned else (height, width)


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


def read_mask(source: str | Path | BinaryIO, size: tuple[int, int], smallest: int = MIN_SIDE) -> MaskPixels:
    """The pixels of a mask or label map of a picture of `size` (height, width), as they are stored.

    EXIF orientation is applied.

    Args:
        smallest: shortest side that is read.

    Raises:
        PictureError: when the file is no picture or of another size.
    """
    height, width = size
    with _open(source, max(MAX_MEGAPIXELS, height * width / 1e6), smallest=smallest) as image:
        lossy = image.format in _LOSSY and image.info.get("lossless") is not True
        lossy = lossy or image.info.get("compression") == "jpeg"  # inside of a TIFF
        with _decoding("mask"):
            _turn(image)
        if image.size != (width, height):
            raise PictureError(
                "The mask is {width} x {height} pixels, the picture {picture_width} x {picture_height}; "
                "they must be equal.",
                width=image.width,
                height=image.height,
                picture_width=width,
                picture_height=height,
            )
        with _decoding("mask"):
            palette, alpha = None, None
            if image.mode == "P":
                colours = np.frombuffer(image.getpalette("RGB") and bytes(image.getpalette("RGB")), np.uint8)
                palette = np.zeros((256, 3), np.uint8)
                palette.reshape(-1)[: len(colours)] = colours[: 256 * 3]
                if "transparency" in image.info:
                    alpha = np.array(image.convert("RGBA").getchannel("A"))
                values = np.array(image)
            elif image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16"):
                if "transparency" in image.info and image.mode in ("1", "L"):
                    alpha = np.array(image.convert("RGBA").getchannel("A"))
                values = np.array(image)
            elif image.mode == "LA":
                values, alpha = (np.array(image.getchannel(name)) for name in "LA")
            else:
                if _transparent(image):
                    image = image.convert("RGBA")
                    alpha = np.array(image.getchannel("A"))
                values = np.array(image.convert("RGB"))
            values = values.astype(np.uint8) if values.dtype == bool else values
            return MaskPixels(values, palette, None if alpha is None or alpha.min() == 255 else alpha, lossy)


def remarks(
    source: str | Path | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS, view: View = VIEW
) -> Remarks:
    """Remarks for the user from a picture's header; raises PictureError like `read_picture`."""
    with _open(source, max_megapixels, view) as image, _decoding("picture"):
        return _remarks(image, view)


def _remarks(image: Image.Image, view: View) -> Remarks:
    pages = _pages(image)
    page = image.tell() if pages > 1 else 0
    return Remarks(_transparent(image), pages > 1, pages, page, is_deep(image), view.low, view.high)


def browser_copy(source: Path, picture: np.ndarray, folder: Path, view: View = VIEW) -> Path:
    """Return a file that every browser shows like `picture`, with the transparency of its source.

    This is the source itself if possible, else a copy.
    """
    with _open(source, LARGEST_LIMIT, view) as image:
        if _shown_as_it_is(image, source):
            return source
        copy = _decoded(image, view)[0] if _transparent(image) else Image.fromarray(picture)
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
        small = _on_white(_decoded(image, VIEW)[0])
        small.thumbnail((side, side))
        return small


class _File(io.BufferedReader):
    """A file whose reads are limited to its size, so that damaged headers cannot make it allocate memory."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        return super().read(left if size is None or size < 0 else min(size, max(left, 0)))


@contextmanager
def _open(
    source: str | Path | BinaryIO, max_megapixels: float, view: View = VIEW, smallest: int = MIN_SIDE
) -> Iterator[Image.Image]:
    """The header of a picture within the limits, at the view's page; raises PictureError."""
    with ExitStack() as opened:
        if isinstance(source, str | Path) and not os.path.isfile(source):  # a pipe would be waited for
            raise PictureError("There is no file {file!r}.", file=str(source))
        try:
            file = opened.enter_context(_File(source)) if isinstance(source, str | Path) else source
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
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
                "This is not a picture that can be read; PNG, JPEG, WebP, TIFF, BMP and GIF can."
            ) from error
        with _decoding("picture"):
            _turn_to_page(image, view)
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
        yield image


@contextmanager
def _decoding(what: str) -> Iterator[None]:
    try:
        yield
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError("There is not enough memory for this picture.") from error
    except Exception as error:  # decoders raise errors of any type for damaged data
        raise PictureError(_DAMAGED[what]) from error


def _decoded(image: Image.Image, view: View) -> tuple[Image.Image, tuple[float, float] | None]:
    """The picture in 8-bit RGB, or RGBA where it has transparency, turned as EXIF says.

    With it come the values that are shown as black and as white, where the picture is deep.
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
            image.getexif()[_ORIENTATION] = deep.getexif().get(_ORIENTATION, 1)
            image = ImageOps.exif_transpose(image)
    else:
        _turn(image)
    mode = "RGBA" if _transparent(image) else "RGB"
    return image if image.mode == mode else image.convert(mode), shown


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


def _pages(image: Image.Image) -> int:
    """Pages or frames of a file that can be chosen."""
    # further pictures of an MPO file, such as depth, are for the camera's own use
    with suppress(Exception):  # later frames may be damaged
        return 1 if image.format in ("MPO", "HEIF") else min(getattr(image, "n_frames", 1), MAX_PAGES)
    return 1


def _turn_to_page(image: Image.Image, view: View) -> None:
    """Go to the view's page; raises PictureError where there is none."""
    if view.page is None:
        if image.format == "TIFF":
            _skip_thumbnail(image)
        return
    if not view.page:
        return
    pages = _pages(image)
    if view.page >= pages:
        raise PictureError(
            "The picture has {pages} pages; there is no page {page}.", pages=pages, page=view.page + 1
        )
    image.seek(view.page)


def _skip_thumbnail(image: Image.Image) -> None:
    """Of a TIFF go to the first page that is no reduced version of a later one."""
    pages = min(_pages(image), _PAGES_LOOKED_AT)
    if pages == 1:
        return
    first = image.size
    thumbnail = bool(image.tag_v2.get(_NEW_SUBFILE_TYPE, 0) & 1)  # type: ignore[attr-defined]
    for page in range(1, pages):
        try:
            image.seek(page)
        except Exception:  # a damaged later page says nothing of the first
            break
        reduced = bool(image.tag_v2.get(_NEW_SUBFILE_TYPE, 0) & 1)  # type: ignore[attr-defined]
        if not reduced and (thumbnail or _is_reduced(first, image.size)):
            return
    image.seek(0)


def _is_reduced(size: tuple[int, int], full: tuple[int, int]) -> bool:
    """Whether a size is that of a thumbnail of a picture: at most a third as long, in like proportions."""
    (width, height), (full_width, full_height) = size, full
    alike = abs(width * full_height - height * full_width) <= 0.05 * width * full_height
    return 3 * width <= full_width and 3 * height <= full_height and alike


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


def _shown_as_it_is(image: Image.Image, source: Path) -> bool:
    return (
        image.format in _BROWSER_FORMATS
        and image.mode in ("RGB", "L", "RGBA", "LA", "P")
        and not is_deep(image)
        and _pages(image) == 1
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
