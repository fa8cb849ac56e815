"""YOLO's segmentation labels: a line for each object, a class number and corners as parts of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cfr_icl.annotate.imports.loaded import MAX_OBJECTS, LoadedMasks, LoadedObject, MaskFileError, counted
from cfr_icl.annotate.imports.shapes import check_affordable, leaves_picture, ring_of, truncated_shapes
from cfr_icl.annotate.pictures.listing import first_names
from cfr_icl.annotate.saved.classes import class_name
from cfr_icl.sentences import Sentence

MAX_TEXT_BYTES = 8_000_000
"""Larger files are not read: decoded, they would need some fifty times as much memory."""


def load_yolo(text: str, size: tuple[int, int], classes: Sequence[str] = ()) -> LoadedMasks:
    """Read the objects in a YOLO label file.

    Args:
        size: the picture's (height, width).
        classes: names of the classes by their numbers; "class 3" stands for number 3 without one.

    Raises:
        MaskFileError: when no line can be used.
    """
    height, width = size
    rows = [(number, _words(line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not 0 < len(rows) <= MAX_OBJECTS:
        raise MaskFileError(
            "The file has {count} lines with objects; it must have 1 to {most}.",
            count=len(rows),
            most=MAX_OBJECTS,
        )
    rings: list[tuple[int, str, np.ndarray]] = []
    boxes, unusable = 0, []
    for number, words in rows:
        try:
            name, ring = _class_name(words[0], classes), _ring([float(word) for word in words[1:]])
        except (ValueError, IndexError, OverflowError):
            unusable.append(number)
            continue
        if ring is None:
            boxes += 1
        else:
            rings.append((number, name, ring * [width, height]))
    check_affordable((ring for _, _, ring in rings), size, "YOLO")
    objects, cut = [], 0
    for number, name, ring in rings:
        mask = truncated_shapes([ring], size)
        if mask.area:
            objects.append(LoadedObject(mask, name))
            cut += leaves_picture(ring, size)
        else:  # outside of the picture
            unusable.append(number)
    if not objects:
        raise MaskFileError("No line of the file is a class number and at least three points from 0 to 1.")
    sentences = counted(("Objects with a box alone are left out: {count}.", boxes))
    if unusable:
        lines = first_names([str(number) for number in sorted(unusable)])
        sentences.append(Sentence("Lines that are no object are left out: {lines}.", lines=lines))
    sentences += counted(("Objects that leave the picture are cut at its border: {count}.", cut))
    return LoadedMasks(objects, sentences=sentences)


def _ring(values: list[float]) -> np.ndarray | None:
    """Corners (N, 2) as parts of the picture; None for a box, ValueError for anything else."""
    if len(values) in (4, 5):
        return None
    if len(values) % 2:
        values.pop()  # a detector's confidence
    ring = ring_of(values)
    if np.abs(ring).max() > 10:
        raise ValueError("pixels")
    return ring


def _words(line: str) -> list[str]:
    """The words of a line, separated by spaces or commas; commas may also be decimal ones."""
    return line.replace(",", " " if "." in line else ".").split()


def _class_name(word: str, classes: Sequence[str]) -> str:
    """The class that a line begins with, a number or one of the names; raises ValueError."""
    if word in classes:
        return word
    kind = int(float(word))
    if kind < 0 or kind > 100_000:
        raise ValueError("class")
    return classes[kind] if kind < len(classes) else class_name(kind)
