"""What every export format gets: pictures with their objects, names for their files, class numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from cfr_icl.annotate.document import Document, Instance

Files = dict[str, bytes]
"""Contents by relative file name."""


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture with its objects; pixels are read only for formats that hold them."""

    name: str
    size: tuple[int, int]
    """Height and width in pixels."""
    document: Document
    read: Callable[[], np.ndarray]
    """Decodes the picture, uint8 (H, W, 3)."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects that have pixels."""
        return tuple(instance for instance in self.document.instances if instance.mask.area)


@dataclass(frozen=True)
class ExportJob:
    """What a format's writer gets."""

    pictures: Sequence[tuple[str, AnnotatedPicture]]
    """Each picture with the stem of its files: a relative path without suffix."""
    detail: float
    """Largest distance in pixels between a polygon and the mask's border."""

    @property
    def classes(self) -> dict[str, int]:
        """Class numbers from 1 by label: those of the lists of labels first, then in order of occurrence."""
        names = [label.name for _, picture in self.pictures for label in picture.document.labels]
        names += [instance.label for _, picture in self.pictures for instance in picture.instances]
        return {name: id for id, name in enumerate(dict.fromkeys(names), start=1)}


@dataclass(frozen=True)
class ExportFormat:
    """One way to write objects."""

    name: str
    """As on the command line."""
    title: str
    """As on the page."""
    position: int
    """Place in the list of formats, smallest first."""
    write: Callable[[ExportJob], Files]
    label_map: bool = False
    """Whether a pixel can belong to one object alone."""
    polygons: bool = False
    """Whether `ExportJob.detail` matters."""


def with_stems(pictures: Sequence[AnnotatedPicture]) -> list[tuple[str, AnnotatedPicture]]:
    """Pair pictures with the stems of their files: the name without its suffix where that is unique."""
    stems = [str(PurePosixPath(picture.name).with_suffix("")) for picture in pictures]
    counts = Counter(stems)
    return [
        (safe_path(stem if counts[stem] == 1 else picture.name), picture)
        for stem, picture in zip(stems, pictures, strict=True)
    ]


def safe_path(name: str) -> str:
    """Change a name to a relative path that every system takes, and no more: readers match by name."""
    shown = "".join(c if c.isprintable() and c not in '\\:*?"<>|' else "_" for c in name)
    return "/".join(part.strip(". ")[:200] or "_" for part in shown.split("/"))


def object_file(stem: str, instance: Instance) -> str:
    """Name the PNG file of one object."""
    return f"{stem}_{instance.id}_{safe_path(instance.label.replace('/', '_'))}.png"


def to_json(data: Any) -> bytes:
    """Encode as JSON in UTF-8."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8")
