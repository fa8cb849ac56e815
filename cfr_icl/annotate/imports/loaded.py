"""What reading a file of masks gives: objects, how the file was understood, and how else it could be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfr_icl.annotate.masks import Mask
from cfr_icl.sentences import Refusal

MAX_OBJECTS = 1000
"""More objects than this in one file are taken for a mistake."""


class MaskFileError(Refusal):
    """A file whose masks cannot be used; the message is one sentence for the person."""


@dataclass(frozen=True)
class LoadedObject:
    """One object of a file."""

    mask: Mask
    label: str | None = None
    category_id: int | None = None
    """Number of the label in the file."""
    supercategory: str | None = None
    foreign: Mapping[str, Any] | None = None
    """What else the file says of the object; kept for an export in the same format."""


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
    """How the file was read, one of `readings`; None where there is one way only."""
    readings: Sequence[str] = ()
    """The ways in which the file can be read."""
    sentences: Sequence[str] = ()
    """How the file was understood and what was left out, for the person."""
    foreign: Mapping[str, Any] | None = None
    """What else the file says of the picture."""
    labels: Sequence[LoadedLabel] = ()
    """Classes that the file lists, also those without an object here."""
