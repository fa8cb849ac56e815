"""Read masks that were made elsewhere, as objects to correct: PNG masks, label maps, COCO files."""

from __future__ import annotations

from pathlib import Path

from cfr_icl.annotate.imports.coco import coco_objects
from cfr_icl.annotate.imports.loaded import MaskFileError
from cfr_icl.annotate.imports.mask_picture import mask_objects
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.store import StoreError, read_json

__all__ = ["MaskFileError", "coco_objects", "read_objects"]


def read_objects(path: Path, picture: str, size: tuple[int, int]) -> list[tuple[str | None, Mask]]:
    """Labels and masks of the objects in a file for a picture of this name and (height, width).

    A PNG is a binary mask, or a label map with an object for each value but 0 and no labels.
    Of a COCO file the objects of the picture of that name are read, or of its only picture.

    Raises:
        MaskFileError: when the file is neither, damaged, or belongs to another picture.
    """
    if path.suffix.lower() == ".json":
        try:
            data = read_json(path)
        except StoreError as error:
            raise MaskFileError(str(error)) from error
        return coco_objects(data, picture, size)
    return mask_objects(path, size)
