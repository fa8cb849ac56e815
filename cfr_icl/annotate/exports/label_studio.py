"""Label Studio: one JSON file of tasks whose brush labels hold exact masks.

For a project whose labelling interface has `<Image name="image" value="$image"/>` and
`<BrushLabels name="tag" toName="image">` with the classes.
"""

from __future__ import annotations

from typing import Any

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files, to_json
from cfr_icl.annotate.objects.document import Instance
from cfr_icl.annotate.objects.packed_mask import packed
from cfr_icl.annotate.pictures.listing import shown_name


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


FORMATS = (ExportFormat("label_studio", "Label Studio", 10, _label_studio, stems=False),)
