"""Find a picture among the images of a COCO file by its name, also where a tool changed that."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from cfr_icl.annotate.imports.loaded import MaskFileError

_UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")
"""A name with the prefix that Label Studio adds to uploads."""


def find_image(images: Sequence[Mapping[str, Any]], picture: str) -> Mapping[str, Any]:
    """Find the entry of a picture in the list "images" of a COCO file.

    Names are compared in the order of _COMPARISONS; the first that fits any entry decides. A single entry is
    taken whatever its name.

    Args:
        picture: the picture's name or path.

    Raises:
        MaskFileError: when no entry or several entries fit.
    """
    named = [image for image in images if image.get("file_name") is not None]
    for fits in _COMPARISONS:
        matches = [image for image in named if fits(str(image["file_name"]), picture)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise _not_one(len(matches), picture)
    renamed = [image for image in named if _base_name(_original_name(image)) == _base_name(picture)]
    if len(renamed) == 1:
        return renamed[0]
    if len(images) == 1:
        return images[0]
    raise _not_one(0, picture)


def _not_one(count: int, picture: str) -> MaskFileError:
    return MaskFileError(
        "The COCO file has {count} pictures named {name!r}; it must have one.",
        count=count,
        name=_base_name(picture),
    )


def _path(name: str) -> str:
    """A path with composed accents and slashes, without "./" at its beginning."""
    return re.sub(r"^(\./)+", "", unicodedata.normalize("NFC", name).replace("\\", "/"))


def _base_name(name: str) -> str:
    return PurePosixPath(_path(name)).name


def _without_upload_prefix(name: str) -> str:
    match = _UPLOAD.match(_base_name(name))
    return match[1] if match else _base_name(name)


def _stem(name: str) -> str:
    return PurePosixPath(_without_upload_prefix(name)).stem.casefold()


def _original_name(image: Mapping[str, Any]) -> str:
    """The name of the picture before Roboflow renamed it; empty where none is stored."""
    extra = image.get("extra")
    return str(extra.get("name", "")) if isinstance(extra, Mapping) else ""


def _is_below(name: str, picture: str) -> bool:
    """Whether one of two paths is the end of the other."""
    one, other = _path(name), _path(picture)
    return one.endswith("/" + other) or other.endswith("/" + one)


_COMPARISONS: tuple[Callable[[str, str], bool], ...] = (
    lambda name, picture: _path(name) == _path(picture),
    _is_below,
    lambda name, picture: _base_name(name) == _base_name(picture),
    lambda name, picture: _without_upload_prefix(name) == _base_name(picture),
    lambda name, picture: _base_name(unquote(urlsplit(name).path)) == _base_name(picture),
    lambda name, picture: _base_name(name).casefold() == _base_name(picture).casefold(),
    lambda name, picture: _stem(name) == PurePosixPath(_base_name(picture)).stem.casefold(),
)
"""Whether the name in a file fits the picture, from equal paths to equal stems."""
