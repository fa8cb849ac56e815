"""Find a picture among the pictures that a file names, also where a tool changed the name."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import count
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from cfr_icl.annotate.imports.loaded import MaskFileError

_Key = Callable[[str], str | None]
_Table = dict[str, list[int]]

_UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")
"""A name with the prefix that Label Studio adds to uploads."""


class NamedPictures:
    """The pictures of a file, which are found by their names and told by their places, from 0.

    Each comparison of names has a table, which is made when the first picture needs it.

    Args:
        names: names or paths, one a picture; None for a picture without one.
        originals: the names before Roboflow changed them, one a picture, where the file holds some.
        single_fits: take a single picture of the file for every picture, whatever its name.
    """

    def __init__(
        self, names: Sequence[str | None], originals: Sequence[str] = (), single_fits: bool = True
    ) -> None:
        self._named = [(name, place) for place, name in enumerate(names) if name is not None]
        self._originals = originals
        self._single_fits = single_fits and len(names) == 1
        self._tables: dict[_Key, _Table] = {}

    def find(self, picture: str) -> Sequence[int]:
        """The places of those that fit a name or path: one if it is found, several if they fit alike.

        Names are compared from equal paths to equal stems; the first comparison that fits any decides.
        """
        for places in self._fits(picture):
            if places:
                return places
        renamed = self._by_original.get(base_name(picture), ())
        if len(renamed) == 1:
            return renamed
        return (0,) if self._single_fits else ()

    def _fits(self, picture: str) -> Iterator[Sequence[int]]:
        """The places that fit by one comparison after another."""
        path, name = plain_path(picture), base_name(picture)
        yield self._by_key(plain_path).get(path, ())
        yield self._by_path_end(path)
        yield self._by_key(base_name).get(name, ())
        yield self._by_key(_without_upload_prefix).get(name, ())
        yield self._by_key(_url_base_name).get(name, ())
        yield self._by_key(_folded_base_name).get(name.casefold(), ())
        yield self._by_key(_stem).get(PurePosixPath(name).stem.casefold(), ())

    def _by_key(self, key: _Key) -> _Table:
        """The places by a key of their names."""
        if key not in self._tables:
            self._tables[key] = _table((key(name), place) for name, place in self._named)
        return self._tables[key]

    def _by_path_end(self, path: str) -> list[int]:
        """Where a path ends with "/" and this path, and where this path ends so with one."""
        end = ("/" + path)[::-1]
        backwards, places = self._backwards
        first = bisect_left(backwards, end)
        last = bisect_right(backwards, end, lo=first, key=lambda each: each[: len(end)])
        by_path = self._by_key(plain_path)
        ends = (path[start + 1 :] for start, sign in enumerate(path) if sign == "/")
        return [*places[first:last], *(place for each in ends for place in by_path.get(each, ()))]

    @cached_property
    def _backwards(self) -> tuple[list[str], list[int]]:
        """The paths read backwards, sorted, so that equal ends stand together, and their places."""
        paths = sorted((plain_path(name)[::-1], place) for name, place in self._named)
        return [path for path, _ in paths], [place for _, place in paths]

    @cached_property
    def _by_original(self) -> _Table:
        return _table(zip(map(base_name, self._originals), count(), strict=False))


def place_among(names: Iterable[str | None], picture: str, tool: str) -> int:
    """The place of a picture among the names of the pictures in a file, counted from 0.

    Args:
        picture: the picture's name or path.
        tool: the file's maker or format, for the message.

    Raises:
        MaskFileError: when no name or several names fit.
    """
    places = NamedPictures(list(names)).find(picture)
    if len(places) != 1:
        raise MaskFileError("The {tool} file has no picture {name!r}, or several.", tool=tool, name=picture)
    return places[0]


def _table(entries: Iterable[tuple[str | None, int]]) -> _Table:
    table: _Table = defaultdict(list)
    for key, place in entries:
        if key is not None:
            table[key].append(place)
    return table


def plain_path(name: str) -> str:
    """A path with composed accents and slashes, without "./" at its beginning."""
    return re.sub(r"^(\./)+", "", unicodedata.normalize("NFC", name).replace("\\", "/"))


def base_name(name: str) -> str:
    return PurePosixPath(plain_path(name)).name


def _folded_base_name(name: str) -> str:
    return base_name(name).casefold()


def _url_base_name(name: str) -> str | None:
    """The base name of an address; None for a malformed one."""
    try:
        return base_name(unquote(urlsplit(name).path))
    except ValueError:
        return None


def _without_upload_prefix(name: str) -> str:
    match = _UPLOAD.match(base_name(name))
    return match[1] if match else base_name(name)


def _stem(name: str) -> str:
    return PurePosixPath(_without_upload_prefix(name)).stem.casefold()
