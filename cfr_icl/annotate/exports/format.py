"""What an export format is: its name, its place on the page, and the function from pictures to files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.attributes import Value
from cfr_icl.sentences import Sentence

Files = dict[str, bytes]
"""Contents by relative file name."""


@dataclass(frozen=True)
class ExportJob:
    """The input of a format's `write`."""

    pictures: Sequence[tuple[str, AnnotatedPicture]]
    """Each picture with the stem of its files: a relative path without suffix."""
    detail: float
    """Largest distance in pixels between a polygon and the mask's border."""
    class_names: Sequence[str] = ()
    """Labels in the order of their numbers."""
    sentences: list[Sentence] = field(default_factory=list)
    """Messages for the user about content that could not be exported; writers append to it."""
    finished: Callable[[], None] = lambda: None
    """Called after each picture that a writer has finished."""

    def each_picture(self) -> Iterator[tuple[str, AnnotatedPicture]]:
        """Iterate over the pictures and count them as finished."""
        for entry in self.pictures:
            yield entry
            self.finished()

    @property
    def classes(self) -> dict[str, int]:
        """Class numbers from 1 by label."""
        return {name: number for number, name in enumerate(self.class_names, start=1)}


@dataclass(frozen=True)
class ExportFormat:
    """One way to write objects."""

    name: str
    """Its name on the command line."""
    title: str
    """Its name in the page's menu, in English; static/words.json may hold translations."""
    position: int
    """Place in the list of formats, smallest first."""
    write: Callable[[ExportJob], Files]
    label_map: bool = False
    """Whether a pixel can belong to one object alone."""
    polygons: bool = False
    """Whether `ExportJob.detail` matters; the page then shows its slider."""
    stems: bool = True
    """Whether readers find a picture's file by the picture's name."""
    holds: Callable[[str, Value, bool], bool] = lambda name, value, of_picture: False
    """Whether it has a place for an attribute with this value, of an object or of a picture."""
    beside_parts: Callable[[Sequence[str], Sequence[str]], Files] | None = None
    """For pictures divided into parts, a folder each: makes the files beside these folders from the names of
    the parts and of the classes. The parts do not get files of these names."""


def to_json(data: Any) -> bytes:
    """Encode as JSON in UTF-8; parts of names that are no text are written as escapes."""
    text = json.dumps(data, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text).encode("utf-8")
