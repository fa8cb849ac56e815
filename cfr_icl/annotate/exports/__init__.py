"""Export objects as files of other programs, one module a format.

A new format is one new module here: it defines `FORMATS`, a tuple of `ExportFormat`, and is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import PurePosixPath

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.names import fitting, with_stems
from cfr_icl.annotate.exports.splits import Split, divided
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture, class_names
from cfr_icl.annotate.objects.attributes import attribute_values
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.listing import folded_name, shown_name
from cfr_icl.sentences import Sentence

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""

EVERYTHING = "everything"
"""Name that stands for all formats, a folder each."""

TINY_PIXELS = 10
"""Objects of fewer pixels cause a warning: they are seldom intended."""


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
    steps = count(1)
    formats = len(FORMATS) if format == EVERYTHING else 1
    names = class_names(worked_on, classes)
    stems = with_stems(worked_on)
    parts = divided([picture.name for picture in worked_on], split) if split else {}
    sentences = [] if sentences is None else sentences
    messages: list[Sentence] = []

    def write(format: ExportFormat, indices: Iterable[int]) -> Files:
        job = ExportJob(
            [stems[index] for index in indices],
            detail,
            names,
            messages,
            finished=lambda: progress(next(steps) // formats, len(worked_on)),
        )
        return format.write(job)

    files: Files = {}
    for chosen in FORMATS.values() if format == EVERYTHING else (FORMATS[format],):
        prefix = f"{chosen.name}/" if format == EVERYTHING else ""
        if not parts:
            written = write(chosen, range(len(stems)))
        else:
            written = chosen.beside_parts(list(parts), names) if chosen.beside_parts else {}
            common = set(written)
            for part, indices in parts.items():
                of_part = write(chosen, indices)
                written |= {f"{part}/{name}": of_part[name] for name in of_part if name not in common}
        files |= {fitting(prefix + name): content for name, content in written.items()}
    sentences += dict.fromkeys(messages)
    return files


def export_warnings(format: str, pictures: Sequence[AnnotatedPicture]) -> list[Sentence]:
    """Messages for the user about content of these pictures that a format cannot hold."""
    areas = [instance.mask.area for picture in pictures for instance in picture.document.instances]
    empty, tiny = areas.count(0), sum(0 < area < TINY_PIXELS for area in areas)
    sentences = (
        [Sentence("Objects without pixels are not in the export: {empty}.", empty=empty)] if empty else []
    )
    if tiny:
        sentences.append(
            Sentence(
                "Objects of less than {least} pixels are in the export: {tiny}.",
                least=TINY_PIXELS,
                tiny=tiny,
            )
        )
    formats = list(FORMATS.values()) if format == EVERYTHING else [FORMATS[format]]
    if unheld := _unheld_attributes(formats, pictures):
        sentences.append(Sentence("The format has no place for these attributes: {names}.", names=unheld))
    if any(each.label_map for each in formats) and any(_overlap(picture) for picture in pictures):
        sentences.append(Sentence("Where objects overlap, a label map holds only the later one."))
    if any(each.stems for each in formats):
        sentences += _about_names([picture for picture in pictures if picture.instances])
    return sentences


def _unheld_attributes(formats: Sequence[ExportFormat], pictures: Sequence[AnnotatedPicture]) -> str:
    """The names of attributes for which none of the formats has a place; "" without any."""
    owners = [(picture.document.foreign, True) for picture in pictures]
    owners += [(instance.foreign, False) for picture in pictures for instance in picture.instances]
    unheld = {
        name
        for foreign, of_picture in owners
        for name, value in attribute_values(foreign).items()
        if value is not False and not any(each.holds(name, value, of_picture) for each in formats)
    }
    return ", ".join(sorted(unheld))


def _about_names(pictures: Sequence[AnnotatedPicture]) -> list[Sentence]:
    """Messages about file names by which some readers will not find a picture."""
    sentences = []
    stems = [(stem, picture.name) for stem, picture in with_stems(pictures)]
    whole = [name for stem, name in stems if PurePosixPath(name).suffix and stem.endswith(name)]
    if whole:
        shown = shown_name(whole[0])
        sentences.append(
            Sentence(
                "Pictures differ in their ending alone, such as {shown}; their files have the whole "
                "name, by which some readers do not find them.",
                shown=shown,
            )
        )
    folded = Counter(folded_name(stem) for stem, _ in stems)
    alike = [name for stem, name in stems if folded[folded_name(stem)] > 1]
    if alike:
        sentences.append(
            Sentence(
                "Names differ in capitals or accents alone, such as {shown_name}; on Windows and macOS"
                " one file would replace the other.",
                shown_name=shown_name(alike[0]),
            )
        )
    odd = [name for _, name in stems if shown_name(name) != name]
    if odd:
        sentences.append(
            Sentence(
                "Names that are not UTF-8 are hardly found by other programs: {shown_name}.",
                shown_name=shown_name(odd[0]),
            )
        )
    return sentences


def _overlap(picture: AnnotatedPicture) -> bool:
    masks = [instance.mask for instance in picture.instances]
    return bool(masks) and Mask.union(masks).area < sum(mask.area for mask in masks)
