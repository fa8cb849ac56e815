"""The input of all export formats: pictures with their objects, names for their files, class numbers."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from cfr_icl.annotate.attributes import Value
from cfr_icl.annotate.document import Document, Instance
from cfr_icl.sentences import Sentence

Files = dict[str, bytes]
"""Contents by relative file name."""

LONGEST_NAME = 255
"""Bytes of a file's name that file systems take."""


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture with its objects; pixels are read only for formats that hold them."""

    name: str
    size: tuple[int, int]
    """Height and width in pixels."""
    document: Document
    read: Callable[[], np.ndarray]
    """Decodes the picture, uint8 (H, W, 3)."""
    seconds: float = 0.0
    """Time at work on it, 0 if not saved."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects that have pixels."""
        return tuple(instance for instance in self.document.instances if instance.mask.area)


@dataclass(frozen=True)
class ExportJob:
    """The input of a format's `write`."""

    pictures: Sequence[tuple[str, AnnotatedPicture]]
    """Each picture with the stem of its files: a relative path without suffix."""
    detail: float
    """Largest distance in pixels between a polygon and the mask's border."""
    class_names: Sequence[str] = ()
    """Labels in the order of their numbers."""
    sentences: list[Sentence] = field(default_factory=list)
    """Messages for the user about content that could not be exported; writers append to it."""
    finished: Callable[[], None] = lambda: None
    """Called after each picture that a writer has finished."""

    def each_picture(self) -> Iterator[tuple[str, AnnotatedPicture]]:
        """Iterate over the pictures and count them as finished."""
        for entry in self.pictures:
            yield entry
            self.finished()

    @property
    def classes(self) -> dict[str, int]:
        """Class numbers from 1 by label."""
        return {name: number for number, name in enumerate(self.class_names, start=1)}


@dataclass(frozen=True)
class ExportFormat:
    """One way to write objects."""

    name: str
    """Its name on the command line."""
    title: str
    """Its name in the page's menu, in English; static/words.json may hold translations."""
    position: int
    """Place in the list of formats, smallest first."""
    write: Callable[[ExportJob], Files]
    label_map: bool = False
    """Whether a pixel can belong to one object alone."""
    polygons: bool = False
    """Whether `ExportJob.detail` matters; the page then shows its slider."""
    stems: bool = True
    """Whether readers find a picture's file by the picture's name."""
    holds: Callable[[str, Value, bool], bool] = lambda name, value, of_picture: False
    """Whether it has a place for an attribute with this value, of an object or of a picture."""
    beside_parts: Callable[[Sequence[str], Sequence[str]], Files] | None = None
    """For pictures divided into parts, a folder each: makes the files beside these folders from the names of
    the parts and of the classes. The parts do not get files of these names."""


def class_names(pictures: Sequence[AnnotatedPicture], numbered: Sequence[str] = ()) -> list[str]:
    """All labels in the order of their numbers: `numbered`, those of lists of labels, those of objects."""
    names = [*numbered]
    names += [label.name for picture in pictures for label in picture.document.labels]
    names += [instance.label for picture in pictures for instance in picture.instances]
    return list(dict.fromkeys(names))


def with_stems(pictures: Sequence[AnnotatedPicture]) -> list[tuple[str, AnnotatedPicture]]:
    """Pair pictures with the stems of their files."""
    stems = unique_stems([safe_path(picture.name) for picture in pictures])
    return list(zip(stems, pictures, strict=True))


def unique_stems(names: Sequence[str]) -> list[str]:
    """Stems for the pictures' files: the name without its suffix if that is unique, else the whole name."""
    stems = [name[: len(name) - len(PurePosixPath(name).suffix)] for name in names]
    whole = [False] * len(names)
    while True:
        counts = Counter(names[n] if whole[n] else stems[n] for n in range(len(names)))
        clashing = [n for n in range(len(names)) if not whole[n] and counts[stems[n]] > 1]
        if not clashing:
            break
        for n in clashing:
            whole[n] = True
    used: dict[str, int] = {}
    for n in range(len(names)):
        stem = names[n] if whole[n] else stems[n]
        used[stem] = used.get(stem, 0) + 1
        stems[n] = stem if used[stem] == 1 else f"{stem}~{used[stem]}"
    return stems


def safe_path(name: str) -> str:
    """Make a name a relative path inside its folder; it stays unchanged otherwise, as readers match by name.

    Parts such as `..`, and paths or drives of other systems, are removed; line breaks and other control
    characters become `_`.
    """
    if any(part.strip() in ("..", ".") for part in name.replace("/", "\\").split("\\")) or re.match(
        r"[A-Za-z]:[\\/]", name
    ):
        name = re.sub(r"[\\:]", "_", name)
    shown = "".join("_" if unicodedata.category(c) == "Cc" else c for c in name)
    parts = [part for part in shown.split("/") if part.strip() not in ("", ".", "..")]
    return "/".join(parts) or "_"


def object_file(stem: str, instance: Instance) -> str:
    """Name the PNG file of one object."""
    label = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in instance.label)
    return fitting(f"{stem}_{instance.id}_{label}.png")


def fitting(path: str) -> str:
    """Shorten a file's name that is too long for file systems; it stays unique and keeps its suffix."""
    folder, slash, name = path.rpartition("/")
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return path
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    room = LONGEST_NAME - len(digest) - len(suffix) - 2
    cut = os.fsencode(stem)[:room].decode("utf-8", "ignore")
    return f"{folder}{slash}{cut}~{digest}{dot}{suffix}"


def free_name(path: str, files: Mapping[str, Any]) -> str:
    """The path, with a number before its suffix where a file has it already."""
    stem, dot, suffix = path.rpartition(".")
    number, free = 2, path
    while free in files:
        free = fitting(f"{stem}~{number}{dot}{suffix}")
        number += 1
    return free


def to_json(data: Any) -> bytes:
    """Encode as JSON in UTF-8; parts of names that are no text are written as escapes."""
    text = json.dumps(data, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text).encode("utf-8")
