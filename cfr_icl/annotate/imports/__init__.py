"""Read masks that were made elsewhere, as objects to correct: pictures and the files of other tools."""

from __future__ import annotations

from pathlib import Path

from cfr_icl.annotate.imports.coco import coco_objects
from cfr_icl.annotate.imports.loaded import LoadedMasks, LoadedObject, MaskFileError
from cfr_icl.annotate.imports.mask_picture import load_mask_picture, mask_pixels
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.store import StoreError, read_json

__all__ = [
    "LoadedMasks",
    "LoadedObject",
    "MaskFileError",
    "coco_objects",
    "load_masks",
    "mask_pixels",
    "read_objects",
]


def load_masks(path: Path, picture: str, size: tuple[int, int], reading: str | None = None) -> LoadedMasks:
    """Read the objects in a file for a picture of this name and (height, width).

    Args:
        reading: one of the ways in which the file can be read, as `LoadedMasks.readings` names them; None
            for the likeliest.

    Raises:
        MaskFileError: when the file holds no masks, is damaged, or belongs to another picture.
    """
    if path.suffix.lower() == ".json":
        try:
            data = read_json(path)
        except StoreError as error:
            raise MaskFileError("{error}", error=error) from error
        return LoadedMasks([LoadedObject(mask, label) for label, mask in coco_objects(data, picture, size)])
    return load_mask_picture(path, size, reading)


def read_objects(path: Path, picture: str, size: tuple[int, int]) -> list[tuple[str | None, Mask]]:
    """Labels and masks of the objects in a file; see `load_masks`."""
    return [(entry.label, entry.mask) for entry in load_masks(path, picture, size).objects]
