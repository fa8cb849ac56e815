"""Warnings before an export is made: content that it cannot hold, or that readers may not find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from cfr_icl.annotate.exports.format import ExportFormat
from cfr_icl.annotate.exports.names import with_stems
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.attributes import attribute_values
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.listing import folded_name, shown_name
from cfr_icl.sentences import Sentence

TINY_PIXELS = 10
"""Objects of fewer pixels cause a warning: they are seldom intended."""


def content_warnings(formats: Sequence[ExportFormat], pictures: Sequence[AnnotatedPicture]) -> list[Sentence]:
    """Messages for the user about content of these pictures that these formats cannot hold."""
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
