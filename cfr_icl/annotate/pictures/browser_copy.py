"""A file that every browser shows like the decoded picture: the picture's own file, or a copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from cfr_icl.pictures.decoding import ORIENTATION, decoded, transparent
from cfr_icl.pictures.depth import is_deep
from cfr_icl.pictures.image_files import LARGEST_LIMIT, open_image
from cfr_icl.pictures.pages import VIEW, View, page_count

_BROWSER_FORMATS = ("PNG", "JPEG", "WEBP")
_LOSSLESS_COPY_PIXELS = 4_000_000


def browser_copy(source: Path, picture: np.ndarray, folder: Path, view: View = VIEW) -> Path:
    """Return a file that every browser shows like `picture`, with the transparency of its source.

    This is the source itself if possible, else a copy.
    """
    with open_image(source, LARGEST_LIMIT, view) as image:
        if _shown_as_it_is(image, source):
            return source
        copy = decoded(image, view)[0] if transparent(image) else Image.fromarray(picture)
    if copy.mode == "RGBA" or copy.width * copy.height <= _LOSSLESS_COPY_PIXELS:
        path = folder / "picture.png"
        copy.save(path, compress_level=1)
    else:
        path = folder / "picture.jpg"
        copy.save(path, quality=95, subsampling=0)
    return path


def _shown_as_it_is(image: Image.Image, source: Path) -> bool:
    return (
        image.format in _BROWSER_FORMATS
        and image.mode in ("RGB", "L", "RGBA", "LA", "P")
        and not is_deep(image)
        and page_count(image) == 1
        and _browser_turns_it_alike(image)
        and source.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")
    )


def _browser_turns_it_alike(image: Image.Image) -> bool:
    """Browsers turn JPEG files, by their EXIF block; Pillow also others, and by XMP."""
    try:
        turned = image.getexif().get(ORIENTATION, 1)
        exif = Image.Exif()
        exif.load(image.info.get("exif", b"") if image.format == "JPEG" else b"")
        return exif.get(ORIENTATION, 1) == turned
    except Exception:  # whatever a damaged EXIF block makes Pillow stumble over
        return False
