"""labelme's JSON file for each picture."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files, to_json
from cfr_icl.annotate.exports.png import encode_png
from cfr_icl.annotate.objects.attributes import Value, attribute_values
from cfr_icl.annotate.objects.document import Instance
from cfr_icl.annotate.objects.polygons import parts_of


def _labelme(job: ExportJob) -> Files:
    files = {}
    for stem, picture in job.each_picture():
        height, width = picture.size
        shapes = [shape for instance in picture.instances for shape in _labelme_shapes(instance, job.detail)]
        files[f"{stem}.json"] = to_json(
            {
                "version": "5.5.0",
                "flags": _flags(picture.document.foreign),
                "shapes": shapes,
                "imagePath": PurePosixPath(picture.name).name,
                "imageData": None,
                "imageHeight": height,
                "imageWidth": width,
            }
        )
    return files


def _labelme_shapes(instance: Instance, detail: float) -> list[dict[str, Any]]:
    """One polygon for each part; an object with holes becomes a mask shape, as polygons have no holes."""
    pixels = instance.mask.pixels
    parts = parts_of(pixels, detail)
    shape = {"label": instance.label, "group_id": instance.id, "description": ""}
    shape |= {"flags": _flags(instance.foreign), "mask": None}
    if any(holes or len(outline) < 3 for outline, holes in parts):
        box = instance.mask.box
        content = base64.b64encode(encode_png(Image.fromarray(pixels[box.slices]))).decode("ascii")
        corners = [[box.left, box.top], [box.right - 1, box.bottom - 1]]
        return [{**shape, "shape_type": "mask", "points": corners, "mask": content}]
    return [{**shape, "shape_type": "polygon", "points": outline.tolist()} for outline, _ in parts]


def _flags(foreign: Mapping[str, Any] | None) -> dict[str, bool]:
    return {name: value for name, value in attribute_values(foreign).items() if isinstance(value, bool)}


def _holds(name: str, value: Value, of_picture: bool) -> bool:
    return isinstance(value, bool)


FORMATS = (ExportFormat("labelme", "labelme", 7, _labelme, polygons=True, holds=_holds),)
