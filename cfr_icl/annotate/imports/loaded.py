"""The result of reading a file of masks: its objects, the reading that was used, and the other readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.sentences import Refusal, Sentence

MAX_OBJECTS = 1000
"""A file with more objects is refused as a mistake."""


class MaskFileError(Refusal):
    """A file whose masks cannot be used; the message is one sentence for the person."""


def read_file(path: Path, most: int) -> bytes:
    """Read a file of masks; raises MaskFileError for one of more than `most` bytes."""
    if path.stat().st_size > most:
        raise MaskFileError(
            "The file is too large; at most {megabytes} MB are read.", megabytes=most // 1_000_000
        )
    return path.read_bytes()


@dataclass(frozen=True)
class LoadedObject:
    """One object of a file."""

    mask: Mask
    label: str | None = None
    category_id: int | None = None
    """Number of the label in the file."""
    supercategory: str | None = None
    foreign: Mapping[str, Any] | None = None
    """The file's other values for the object; kept for an export in the same format."""


@dataclass(frozen=True)
class LoadedLabel:
    """A class that a file lists."""

    name: str
    category_id: int | None = None
    supercategory: str | None = None


@dataclass(frozen=True)
class LoadedMasks:
    """The objects of one picture in one file."""

    objects: Sequence[LoadedObject]
    reading: str | None = None
    """How a picture of masks was read, one of `readings`; None for annotation files."""
    readings: Sequence[str] = ()
    """The ways in which the file can be read."""
    sentences: Sequence[Sentence] = ()
    """Messages for the user about the reading and about content that was left out."""
    foreign: Mapping[str, Any] | None = None
    """The file's other values for the picture."""
    labels: Sequence[LoadedLabel] = ()
    """Classes that the file lists, also those without an object here."""


def counted(*counts: tuple[str, int]) -> list[Sentence]:
    """A message from each template with {count} whose count is above 0."""
    return [Sentence(template, count=count) for template, count in counts if count]


def joined(several: Sequence[LoadedMasks]) -> LoadedMasks:
    """The objects of several files of one picture; raises MaskFileError for more than MAX_OBJECTS."""
    objects = [loaded for each in several for loaded in each.objects]
    if len(objects) > MAX_OBJECTS:
        raise MaskFileError("The files have more than {most} objects in this picture.", most=MAX_OBJECTS)
    return LoadedMasks(
        objects,
        reading=next((each.reading for each in several if each.reading), None),
        sentences=tuple(dict.fromkeys(sentence for each in several for sentence in each.sentences)),
        foreign=next((each.foreign for each in several if each.foreign), None),
        labels=[label for each in several for label in each.labels],
    )


def with_label(loaded: LoadedMasks, label: str) -> LoadedMasks:
    """The objects with a label that their file is named by, where they have none."""
    name = label_name(label) or None
    return replace(loaded, objects=[replace(each, label=each.label or name) for each in loaded.objects])
