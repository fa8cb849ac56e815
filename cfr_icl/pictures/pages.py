"""Pages and frames of a picture file, and which of them a person sees."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from PIL import Image

MAX_PAGES = 10_000

_NEW_SUBFILE_TYPE = 254
_PAGES_LOOKED_AT = 20


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


def page_count(image: Image.Image) -> int:
    """Pages or frames of a file that can be chosen."""
    # further pictures of an MPO file, such as depth, are for the camera's own use
    with suppress(Exception):  # later frames may be damaged
        return 1 if image.format in ("MPO", "HEIF") else min(getattr(image, "n_frames", 1), MAX_PAGES)
    return 1


def go_to_page(image: Image.Image, page: int | None) -> None:
    """Go to a page that the file has; with None to the first that is no thumbnail of another."""
    if page:
        image.seek(page)
    elif page is None and image.format == "TIFF":
        _skip_thumbnail(image)


def _skip_thumbnail(image: Image.Image) -> None:
    """Of a TIFF go to the first page that is no reduced version of a later one."""
    pages = min(page_count(image), _PAGES_LOOKED_AT)
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
