"""Pascal VOC's pairs of maps: one numbers the objects of a picture, the other their classes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np

from cfr_icl.annotate.imports.loaded import LoadedMasks, MaskFileError
from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.pictures.mask_pixels import MaskPixels, read_mask
from cfr_icl.annotate.saved.classes import MOST_OF_NAMES, class_name, names_by_number
from cfr_icl.pictures.image_files import PictureError

OBJECTS, CLASSES = "SegmentationObject", "SegmentationClass"
"""How the names of the folders of these maps begin; labelme's converter appends "PNG"."""

LISTS = ("labels.txt", "class_names.txt")
"""Files that name the classes line by line, the background first."""

COLOUR_LIST = "labelmap.txt"
"""A file that names the classes by their colours, as CVAT writes it."""

VOID = 255
"""The value of pixels that belong to no class, as on the borders of objects; in 16 bits it is 65535."""

IGNORED = "__ignore__"
"""The first line of labelme's list, which has the number -1."""


@dataclass(frozen=True)
class ClassMaps:
    """The maps of classes among files, and the names of the classes.

    Attributes:
        of_objects: the paths of maps of classes by those of the maps of objects; a map of classes without
            one of objects stands for itself.
        names: of the classes by number, from 0, the background; empty without a list.
        colours: numbers of the classes by colour, of a list that has colours.
        lists: paths of the lists of names.
    """

    of_objects: Mapping[str, str] = field(default_factory=dict)
    names: Sequence[str] = ()
    colours: Mapping[tuple[int, int, int], int] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()


def class_maps(files: Mapping[str, Path]) -> ClassMaps:
    """Find Pascal VOC's maps among files by path."""
    maps = {}
    for path in files:
        if beside := _beside(path, OBJECTS, CLASSES):
            if beside in files:
                maps[path] = beside
        elif (beside := _beside(path, CLASSES, OBJECTS)) and beside not in files:
            maps[path] = path
    if not maps:
        return ClassMaps()
    lists = [path for path in files if PurePosixPath(path).name.lower() in (*LISTS, COLOUR_LIST)]
    coloured = next((path for path in lists if PurePosixPath(path).name.lower() == COLOUR_LIST), None)
    if coloured:
        names, colours = _colour_list(files[coloured])
    else:
        names, colours = names_by_number(files[lists[0]]) if lists else [], {}
        names = names[1:] if names[:1] == [IGNORED] else names
    return ClassMaps(maps, names, colours, frozenset(lists))


def with_classes(
    loaded: LoadedMasks, class_map: Path, classes: ClassMaps, size: tuple[int, int]
) -> LoadedMasks:
    """The objects with the class that most of their pixels have in a map; raises MaskFileError.

    A class that no list names is called by its number, as `class_name`.
    """
    try:
        values = _numbers(read_mask(class_map, size), classes.colours)
    except PictureError as error:
        raise MaskFileError("{error}", error=error) from error
    void = np.iinfo(values.dtype).max
    objects = []
    for each in loaded.objects:
        inside = values[each.mask.pixels]
        counts = np.bincount(inside[(inside > 0) & (inside < void)], minlength=1)
        number = int(counts.argmax()) if counts.any() else 0
        named = number < len(classes.names) and classes.names[number]
        objects.append(replace(each, label=named or class_name(number)) if number else each)
    return replace(loaded, objects=objects)


def colour_of(number: int) -> tuple[int, int, int]:
    """The colour of a class in Pascal VOC's map: each third bit of the number belongs to one channel."""
    channels = [sum((number >> 3 * bit + channel & 1) << 7 - bit for bit in range(3)) for channel in range(3)]
    return channels[0], channels[1], channels[2]


def _beside(path: str, folder: str, other: str) -> str | None:
    """The path in the folder that belongs to this one; None for a path outside of such a folder."""
    parts = PurePosixPath(path).parts
    places = [number for number, part in enumerate(parts[:-1]) if part.startswith(folder)]
    if not places:
        return None
    renamed = parts[places[-1]].replace(folder, other)
    return str(PurePosixPath(*parts[: places[-1]], renamed, *parts[places[-1] + 1 :]))


def _colour_list(path: Path) -> tuple[list[str], dict[tuple[int, int, int], int]]:
    """Names by number and numbers by colour in lines such as "cat:128,0,0::"; the background is 0."""
    names, colours = ["background"], {(0, 0, 0): 0}
    try:
        with path.open("rb") as file:
            lines = file.read(MOST_OF_NAMES).decode("utf-8-sig", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines[:VOID]:
        entry = re.match(r"\s*(?!#)(.+?)\s*:\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?::|$)", line)
        if not entry:
            continue
        colour = (int(entry[2]), int(entry[3]), int(entry[4]))
        if colour == (0, 0, 0):
            continue
        colours[colour] = len(names)
        names.append(label_name(entry[1]) or class_name(len(names)))
    return names, colours


def _numbers(pixels: MaskPixels, colours: Mapping[tuple[int, int, int], int]) -> np.ndarray:
    """The numbers of the classes, unsigned (H, W); colours are those of a list or of Pascal VOC's colour map.

    Raises MaskFileError for values that are neither numbers nor such colours.
    """
    values = pixels.values
    if values.ndim == 2 and pixels.palette is not None and colours:
        values = pixels.palette[values]
    if values.ndim == 2 and values.dtype.kind == "u":
        return values
    if values.ndim != 3:
        raise MaskFileError("The map of classes must have whole numbers, or colours.")
    table = colours or {colour_of(number): number for number in range(VOID + 1)}
    keys = np.array([red << 16 | green << 8 | blue for red, green, blue in table])
    order = np.argsort(keys)
    keys, numbers = keys[order], np.array(list(table.values()), np.uint8)[order]
    packed = (values.astype(np.int64) << (16, 8, 0)).sum(axis=2)
    places = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
    is_listed = keys[places] == packed
    if not (is_listed & (packed > 0)).any():
        raise MaskFileError("The colours in the map of classes belong to no class.")
    return np.where(is_listed, numbers[places], 0).astype(np.uint8)
