"""Export objects as files of other programs, one module a format.

A new format is one new module here: it defines `FORMATS`, a tuple of `ExportFormat`, and is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from cfr_icl.annotate.exports.content_warnings import content_warnings
from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.names import fitting, with_stems
from cfr_icl.annotate.exports.splits import Split, divided
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture, class_names
from cfr_icl.sentences import Sentence

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""

EVERYTHING = "everything"
"""Name that stands for all formats, a folder each."""


def _registered() -> dict[str, ExportFormat]:
    modules = [
        importlib.import_module(f"{__name__}.{entry.name}") for entry in pkgutil.iter_modules(__path__)
    ]
    formats = [format for module in modules for format in getattr(module, "FORMATS", ())]
    return {format.name: format for format in sorted(formats, key=lambda format: format.position)}


FORMATS: dict[str, ExportFormat] = _registered()
"""All formats by name, in the order in which they are offered."""


def export(
    format: str,
    pictures: Sequence[AnnotatedPicture],
    detail: float = 1.0,
    classes: Sequence[str] = (),
    sentences: list[Sentence] | None = None,
    progress: Progress = lambda done, total: None,
    split: Split | None = None,
) -> Files:
    """Write the files of one of FORMATS, or with "everything" of all, a folder each.

    Written are pictures with objects, and, as background, pictures that are done and have no object.

    Args:
        detail: largest distance in pixels between a polygon and the mask's border.
        classes: labels in the order of their numbers; others follow as they occur.
        sentences: list to which a message for the user is appended for each thing that could not be written.
        progress: called with the number of finished pictures and of all pictures; raising ends the export.
        split: divides the pictures into parts, a folder each; None writes them together.

    Returns:
        Contents by relative path; empty without such pictures.

    Raises:
        ValueError: for an unknown format.
    """
    if format != EVERYTHING and format not in FORMATS:
        raise ValueError(f"There is no format {format!r}; there are {', '.join(FORMATS)} and everything.")
    worked_on = [picture for picture in pictures if picture.instances or picture.document.done]
    if not worked_on:
        return {}
    formats = _formats(format)
    writing = _Writing(worked_on, detail, class_names(worked_on, classes), progress, len(formats))
    parts = divided([picture.name for picture in worked_on], split) if split else {}
    files: Files = {}
    for chosen in formats:
        prefix = f"{chosen.name}/" if format == EVERYTHING else ""
        written = writing.in_parts(chosen, parts) if parts else writing.together(chosen)
        files |= {fitting(prefix + name): content for name, content in written.items()}
    if sentences is not None:
        sentences += dict.fromkeys(writing.messages)  # of several formats, each once
    return files


class _Writing:
    """Writes pictures in one format after another.

    Args:
        detail, names: as `ExportJob.detail` and `ExportJob.class_names`.
        formats: number of formats that will be written, by which `progress` is told.
    """

    def __init__(
        self,
        pictures: Sequence[AnnotatedPicture],
        detail: float,
        names: Sequence[str],
        progress: Progress,
        formats: int,
    ) -> None:
        self.messages: list[Sentence] = []
        self._pictures = with_stems(pictures)
        self._detail = detail
        self._names = names
        self._progress = progress
        self._formats = formats
        self._steps = count(1)

    def together(self, format: ExportFormat) -> Files:
        """The files of all pictures."""
        return self._write(format, range(len(self._pictures)))

    def in_parts(self, format: ExportFormat, parts: Mapping[str, Sequence[int]]) -> Files:
        """The files of pictures divided into parts, by name: a folder each, and the files beside these."""
        written = format.beside_parts(list(parts), self._names) if format.beside_parts else {}
        common = set(written)
        for part, indices in parts.items():
            of_part = self._write(format, indices)
            written |= {f"{part}/{name}": of_part[name] for name in of_part if name not in common}
        return written

    def _write(self, format: ExportFormat, indices: Iterable[int]) -> Files:
        pictures = [self._pictures[index] for index in indices]
        job = ExportJob(pictures, self._detail, self._names, self.messages, self._tell_finished)
        return format.write(job)

    def _tell_finished(self) -> None:
        self._progress(next(self._steps) // self._formats, len(self._pictures))


def export_warnings(format: str, pictures: Sequence[AnnotatedPicture]) -> list[Sentence]:
    """Messages for the user about content of these pictures that a format cannot hold."""
    return content_warnings(_formats(format), pictures)


def _formats(name: str) -> list[ExportFormat]:
    return [*FORMATS.values()] if name == EVERYTHING else [FORMATS[name]]
