"""Export objects as files of other programs, one module a format.

A new format is one new module here: it defines `FORMATS`, a tuple of `ExportFormat`, and is found by itself.
"""

from __future__ import annotations

import importlib
import io
import pkgutil
import zipfile
from collections.abc import Mapping, Sequence

from cfr_icl.annotate.exports.picture import AnnotatedPicture, ExportFormat, ExportJob, Files, with_stems
from cfr_icl.annotate.masks import Mask

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


def export(format: str, pictures: Sequence[AnnotatedPicture], detail: float = 1.0) -> Files:
    """Write the files of one of FORMATS, or with "everything" of all, a folder each.

    Args:
        detail: largest distance in pixels between a polygon and the mask's border.

    Raises:
        ValueError: for an unknown format.
    """
    if format == EVERYTHING:
        return {
            f"{name}/{path}": content
            for name in FORMATS
            for path, content in export(name, pictures, detail).items()
        }
    if format not in FORMATS:
        raise ValueError(f"There is no format {format!r}; there are {', '.join(FORMATS)} and everything.")
    return FORMATS[format].write(ExportJob(with_stems(pictures), detail))


def export_warnings(format: str, pictures: Sequence[AnnotatedPicture]) -> list[str]:
    """Tell in sentences for the person what a format cannot hold of these pictures."""
    empty = sum(not i.mask.area for picture in pictures for i in picture.document.instances)
    sentences = [f"Objects without pixels are not in the export: {empty}."] if empty else []
    label_map = format == EVERYTHING or FORMATS[format].label_map
    if label_map and any(_overlap(picture) for picture in pictures):
        sentences.append("Where objects overlap, a label map holds only the later one.")
    return sentences


def _overlap(picture: AnnotatedPicture) -> bool:
    masks = [instance.mask for instance in picture.instances]
    return bool(masks) and Mask.union(masks).area < sum(mask.area for mask in masks)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files into one zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
