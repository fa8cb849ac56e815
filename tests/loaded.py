"""Objects of files as pairs of a label and a mask: read from a file, and added to a session."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cfr_icl.annotate.imports import LoadedMasks, LoadedObject, load_coco, load_masks
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.session.editor import Editor

LabelledMask = tuple[str | None, Mask]


def coco_objects(data: Any, picture: str, size: tuple[int, int]) -> list[LabelledMask]:
    """The objects of a picture of this name and (height, width) in a COCO dictionary."""
    return [(entry.label, entry.mask) for entry in load_coco(data, picture, size).objects]


def read_objects(path: Path, picture: str, size: tuple[int, int]) -> list[LabelledMask]:
    """The objects for a picture of this name and (height, width) in a file."""
    return [(entry.label, entry.mask) for entry in load_masks(path, picture, size).objects]


def add_masks(session: Editor, objects: Iterable[LabelledMask]) -> None:
    """Add objects to the open picture, as those of a file."""
    session.add_loaded(LoadedMasks([LoadedObject(mask, label) for label, mask in objects]))
