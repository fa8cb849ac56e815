"""Read masks of other tools, from pictures and annotation files, as objects to correct."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cfr_icl.annotate.imports.coco import load_coco
from cfr_icl.annotate.imports.cvat import load_cvat
from cfr_icl.annotate.imports.label_studio import load_label_studio, tasks_of
from cfr_icl.annotate.imports.labelme import load_labelme
from cfr_icl.annotate.imports.loaded import LoadedMasks, LoadedObject, MaskFileError, read_file
from cfr_icl.annotate.imports.mask_picture import load_mask_picture, mask_pixels
from cfr_icl.annotate.imports.yolo import MAX_TEXT_BYTES, load_yolo
from cfr_icl.annotate.saved.store import StoreError, read_json

__all__ = [
    "LoadedMasks",
    "LoadedObject",
    "MaskFileError",
    "load_coco",
    "load_json",
    "load_masks",
    "mask_pixels",
]


def load_masks(
    path: Path,
    picture: str,
    size: tuple[int, int],
    reading: str | None = None,
    classes: Sequence[str] = (),
) -> LoadedMasks:
    """Read the objects in a file for a picture of this name and (height, width).

    Supported are pictures of masks, JSON files of COCO, labelme and Label Studio, text files of YOLO, and
    XML files of CVAT.

    Args:
        reading: one of the ways in which the file can be read, as `LoadedMasks.readings` names them; None
            for the likeliest.
        classes: names of the classes by their numbers, for files that hold numbers alone.

    Raises:
        MaskFileError: when the file holds no masks, is damaged, or belongs to another picture.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        try:
            data = read_json(path, foreign=True)
        except StoreError as error:
            raise MaskFileError("{error}", error=error) from error
        return load_json(data, picture, size)
    if suffix == ".txt":
        content = read_file(path, MAX_TEXT_BYTES)
        return load_yolo(content.decode(json.detect_encoding(content), errors="replace"), size, classes)
    if suffix == ".xml":
        return load_cvat(path, picture, size)
    if suffix == ".zip":
        raise MaskFileError("Unpack this zip and load its files.")
    return load_mask_picture(path, size, reading)


def load_json(data: Any, picture: str, size: tuple[int, int]) -> LoadedMasks:
    """Read a picture's objects in the content of a JSON file, as `load_masks`; raises MaskFileError."""
    if isinstance(data, Mapping) and isinstance(data.get("shapes"), list):
        return load_labelme(data, size)
    tasks = tasks_of(data)
    return load_coco(data, picture, size) if tasks is None else load_label_studio(tasks, picture, size)
