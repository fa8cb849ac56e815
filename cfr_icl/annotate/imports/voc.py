"""Pascal VOC's pairs of maps: one numbers the objects of a picture, the other their classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from cfr_icl.annotate.classes import names_by_number
from cfr_icl.annotate.image_files import PictureError
from cfr_icl.annotate.imports.loaded import LoadedMasks, MaskFileError
from cfr_icl.annotate.mask_pixels import read_mask

OBJECTS, CLASSES = "SegmentationObject", "SegmentationClass"
"""How the names of the folders of these maps begin; labelme's converter appends "PNG"."""

LISTS = ("labels.txt", "class_names.txt")
"""Files that name the classes line by line, the background first."""

VOID = 255
"""The value of pixels that belong to no class, as on the borders of objects."""


def class_maps(files: Mapping[str, Path]) -> tuple[dict[str, Path], list[str]]:
    """The maps of classes by the paths of the maps of objects, among files by path; and the class names.

    Both are empty where the files are not of Pascal VOC.
    """
    maps = {}
    for path in files:
        parts = PurePosixPath(path).parts
        folders = [number for number, part in enumerate(parts[:-1]) if part.startswith(OBJECTS)]
        if folders:
            folder = parts[folders[-1]].replace(OBJECTS, CLASSES)
            beside = str(PurePosixPath(*parts[: folders[-1]], folder, *parts[folders[-1] + 1 :]))
            if beside in files:
                maps[path] = files[beside]
    lists = [file for path, file in files.items() if PurePosixPath(path).name.lower() in LISTS]
    if not maps or not lists:
        return {}, []
    return maps, names_by_number(lists[0])


def with_classes(
    loaded: LoadedMasks, class_map: Path, names: Sequence[str], size: tuple[int, int]
) -> LoadedMasks:
    """The objects with the class that most of their pixels have in a map; raises MaskFileError."""
    try:
        values = read_mask(class_map, size).values
    except PictureError as error:
        raise MaskFileError("{error}", error=error) from error
    if values.ndim != 2 or values.dtype.kind != "u":
        raise MaskFileError("The map of classes has colours; it must have numbers.")
    objects = []
    for each in loaded.objects:
        inside = values[each.mask.pixels]
        counts = np.bincount(inside[(inside > 0) & (inside < VOID)], minlength=1)
        number = int(counts.argmax()) if counts.any() else 0
        named = 0 < number < len(names) and names[number]
        objects.append(replace(each, label=named or each.label))
    return replace(loaded, objects=objects)
