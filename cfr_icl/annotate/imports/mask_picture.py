"""Masks and label maps in pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cfr_icl.annotate.imports.loaded import MAX_OBJECTS, MaskFileError
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.pictures import PictureError, read_mask


def mask_objects(path: Path, size: tuple[int, int]) -> list[tuple[str | None, Mask]]:
    """Read an object for each value but 0; raises MaskFileError."""
    try:
        ids = read_mask(path, size)
    except PictureError as error:
        raise MaskFileError(str(error)) from error
    values = np.unique(ids[ids != 0])
    if len(values) > MAX_OBJECTS:
        raise MaskFileError(f"The picture has {len(values)} values; a label map has at most {MAX_OBJECTS}.")
    if not len(values):
        raise MaskFileError("The mask is empty.")
    return [(None, Mask.of(ids == value)) for value in values]
