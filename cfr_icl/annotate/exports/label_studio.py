"""Label Studio: one JSON file of tasks whose brush labels hold exact masks.

For a project whose labelling interface has `<Image name="image" value="$image"/>` and
`<BrushLabels name="tag" toName="image">` with the classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files, to_json
from cfr_icl.annotate.objects.document import Instance
from cfr_icl.annotate.pictures.listing import shown_name

CHANNELS = 4
"""Label Studio packs masks as RGBA."""

LENGTH_BITS = (3, 4, 8, 16)
"""Bits for the length of a run; each run uses the smallest width that fits."""


def _label_studio(job: ExportJob) -> Files:
    tasks = []
    for _, picture in job.each_picture():
        height, width = picture.size
        results = [_result(instance, height, width) for instance in picture.instances]
        name = shown_name(picture.name)
        tasks.append({"data": {"image": name}, "annotations": [{"result": results}]})
    return {"tasks.json": to_json(tasks)}


def _result(instance: Instance, height: int, width: int) -> dict[str, Any]:
    return {
        "id": str(instance.id),
        "type": "brushlabels",
        "from_name": "tag",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {
            "format": "rle",
            "rle": packed(instance.mask.pixels).tolist(),
            "brushlabels": [instance.label],
        },
    }


def packed(mask: np.ndarray) -> np.ndarray:
    """A mask, bool (H, W), as bytes of the packed run lengths of its RGBA values, 0 or 255, uint8 (n,).

    A header of 32 bits for the number of values, 5 for the bits of a value less one and 4 times 4 for those
    of lengths less one; then runs: one bit that is set, 2 for the width of the length, the length less one,
    and the value.
    """
    values = mask.reshape(-1)
    changes = np.flatnonzero(np.diff(values)) + 1
    starts = [0, *changes.tolist()]
    header = [(mask.size * CHANNELS, 32), (7, 5), *((bits - 1, 4) for bits in LENGTH_BITS)]
    bits = [f"{number:0{width}b}" for number, width in header]
    for start, end in zip(starts, [*starts[1:], mask.size], strict=True):
        value, left = "1" * 8 if values[start] else "0" * 8, (end - start) * CHANNELS
        while left:
            length = min(left, 1 << LENGTH_BITS[-1])
            kind = next(i for i, width in enumerate(LENGTH_BITS) if length <= 1 << width)
            bits.append(f"1{kind:02b}{length - 1:0{LENGTH_BITS[kind]}b}{value}")
            left -= length
    text = "".join(bits)
    return np.packbits(np.frombuffer(text.encode("ascii"), np.uint8) - ord("0"))


FORMATS = (ExportFormat("label_studio", "Label Studio", 10, _label_studio, stems=False),)
