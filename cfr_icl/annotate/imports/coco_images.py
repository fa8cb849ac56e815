"""The pictures that a COCO file lists, in which a file may be listed several times, under several ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from cfr_icl.annotate.imports.loaded import MaskFileError
from cfr_icl.annotate.imports.named_pictures import NamedPictures, base_name, plain_path


class CocoImages:
    """The list "images" of a COCO file.

    Args:
        single_fits: take a single entry for every picture, whatever its name.
    """

    def __init__(self, images: Sequence[Mapping[str, Any]], single_fits: bool = True) -> None:
        first: dict[str, Mapping[str, Any]] = {}
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._files: dict[str, set[str]] = defaultdict(set)
        for number, image in enumerate(images):
            file = _file(image, str(number))
            first.setdefault(file, image)
            self._ids[file].add(id_text(image.get("id")))
            self._files[id_text(image.get("id"))].add(file)
        self._images = list(first.values())
        names = [None if (name := each.get("file_name")) is None else str(name) for each in self._images]
        self._named = NamedPictures(names, list(map(_original_name, self._images)), single_fits)

    def find(self, picture: str) -> Mapping[str, Any]:
        """The entry of a picture, by its name or path; raises MaskFileError when none or several fit."""
        places = self._named.find(picture)
        if len(places) != 1:
            raise MaskFileError(
                "The COCO file has {count} pictures named {name!r}; it must have one.",
                count=len(places),
                name=base_name(picture),
            )
        return self._images[places[0]]

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
    return nameless if name is None else "/" + plain_path(str(name))


def _original_name(image: Mapping[str, Any]) -> str:
    """The name of the picture before Roboflow renamed it; empty where none is stored."""
    extra = image.get("extra")
    return str(extra.get("name", "")) if isinstance(extra, Mapping) else ""
