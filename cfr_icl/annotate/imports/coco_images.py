"""Find a picture among the images of a COCO file by its name, also where a tool changed that."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from cfr_icl.annotate.imports.loaded import MaskFileError

_Key = Callable[[str], str | None]
_Table = dict[str, list[Mapping[str, Any]]]

_UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")
"""A name with the prefix that Label Studio adds to uploads."""


class Images:
    """The list "images" of a COCO file, in which pictures are found by their names.

    Each comparison of names has a table, which is made when the first picture needs it.

    Args:
        single_fits: take a single entry for every picture, whatever its name.
    """

    def __init__(self, images: Sequence[Mapping[str, Any]], single_fits: bool = True) -> None:
        self._images = images
        self._single_fits = single_fits
        self._named = [
            (str(image["file_name"]), image) for image in images if image.get("file_name") is not None
        ]
        self._tables: dict[_Key, _Table] = {}

    def find(self, picture: str) -> Mapping[str, Any]:
        """Find the entry of a picture.

        Names are compared from equal paths to equal stems; the first comparison that fits any entry decides.
        A single entry is taken whatever its name, if `single_fits`.

        Args:
            picture: the picture's name or path.

        Raises:
            MaskFileError: when no entry or several entries fit.
        """
        for matches in self._matches(picture):
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise _not_one(len(matches), picture)
        renamed = self._originals.get(_base_name(picture), ())
        if len(renamed) == 1:
            return renamed[0]
        if self._single_fits and len(self._images) == 1:
            return self._images[0]
        raise _not_one(0, picture)

    def _matches(self, picture: str) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The entries that fit by one comparison after another."""
        path, name = _path(picture), _base_name(picture)
        yield self._by_key(_path).get(path, ())
        yield self._by_path_end(path)
        yield self._by_key(_base_name).get(name, ())
        yield self._by_key(_without_upload_prefix).get(name, ())
        yield self._by_key(_url_base_name).get(name, ())
        yield self._by_key(_folded_base_name).get(name.casefold(), ())
        yield self._by_key(_stem).get(PurePosixPath(name).stem.casefold(), ())

    def _by_key(self, key: _Key) -> _Table:
        """The entries by a key of their names."""
        if key not in self._tables:
            self._tables[key] = _table((key(name), image) for name, image in self._named)
        return self._tables[key]

    def _by_path_end(self, path: str) -> list[Mapping[str, Any]]:
        """The entries whose path ends with "/" and this path, and those with which this path ends so."""
        end = ("/" + path)[::-1]
        backwards, images = self._backwards
        first = bisect_left(backwards, end)
        last = bisect_right(backwards, end, lo=first, key=lambda each: each[: len(end)])
        by_path = self._by_key(_path)
        ends = (path[place + 1 :] for place, sign in enumerate(path) if sign == "/")
        return [*images[first:last], *(image for each in ends for image in by_path.get(each, ()))]

    @cached_property
    def _backwards(self) -> tuple[list[str], list[Mapping[str, Any]]]:
        """The paths read backwards, sorted, so that equal ends stand together, and their entries."""
        paths = sorted(((_path(name)[::-1], image) for name, image in self._named), key=itemgetter(0))
        return [path for path, _ in paths], [image for _, image in paths]

    @cached_property
    def _originals(self) -> _Table:
        """The entries by the base names of the pictures before Roboflow renamed them."""
        return _table((_base_name(_original_name(image)), image) for _, image in self._named)


class CocoImages(Images):
    """The list "images" of a COCO file, in which a file may be listed several times, under several ids."""

    def __init__(self, images: Sequence[Mapping[str, Any]], single_fits: bool = True) -> None:
        first: dict[str, Mapping[str, Any]] = {}
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._files: dict[str, set[str]] = defaultdict(set)
        for number, image in enumerate(images):
            file = _file(image, str(number))
            first.setdefault(file, image)
            self._ids[file].add(id_text(image.get("id")))
            self._files[id_text(image.get("id"))].add(file)
        super().__init__(list(first.values()), single_fits)

    def ids(self, image: Mapping[str, Any]) -> set[str]:
        """The ids of an entry's file, as `id_text`.

        Raises:
            MaskFileError: when another file has one of them too: its objects may belong to either file.
        """
        ids = self._ids[_file(image, "")] or {id_text(image.get("id"))}
        for each in ids:
            if len(self._files[each]) > 1:
                raise MaskFileError(
                    "The COCO file gives several pictures the id {id}; their objects cannot be told apart.",
                    id=each,
                )
        return ids


def id_text(value: Any) -> str:
    """An id of a COCO file as text: equal for 5, 5.0 and "5", which tools write for one another."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _file(image: Mapping[str, Any], nameless: str) -> str:
    """The path of an entry's file; `nameless` without one."""
    name = image.get("file_name")
    return nameless if name is None else "/" + _path(str(name))


def place_among(names: Iterable[str | None], picture: str, tool: str) -> int:
    """The place of a picture among the names of the pictures in a file, counted from 0.

    Args:
        picture: the picture's name or path.
        tool: the file's maker or format, for the message.

    Raises:
        MaskFileError: when no name or several names fit.
    """
    images = Images([{"file_name": name, "id": number} for number, name in enumerate(names)])
    try:
        return images.find(picture)["id"]
    except MaskFileError as error:
        raise MaskFileError(
            "The {tool} file has no picture {name!r}, or several.", tool=tool, name=picture
        ) from error


def _table(entries: Iterable[tuple[str | None, Mapping[str, Any]]]) -> _Table:
    table: _Table = defaultdict(list)
    for key, image in entries:
        if key is not None:
            table[key].append(image)
    return table


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


def _folded_base_name(name: str) -> str:
    return _base_name(name).casefold()


def _url_base_name(name: str) -> str | None:
    """The base name of an address; None for a malformed one."""
    try:
        return _base_name(unquote(urlsplit(name).path))
    except ValueError:
        return None


def _without_upload_prefix(name: str) -> str:
    match = _UPLOAD.match(_base_name(name))
    return match[1] if match else _base_name(name)


def _stem(name: str) -> str:
    return PurePosixPath(_without_upload_prefix(name)).stem.casefold()


def _original_name(image: Mapping[str, Any]) -> str:
    """The name of the picture before Roboflow renamed it; empty where none is stored."""
    extra = image.get("extra")
    return str(extra.get("name", "")) if isinstance(extra, Mapping) else ""
