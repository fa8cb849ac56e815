"""COCO's annotation file, with run lengths or polygons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cfr_icl.annotate.document import Instance
from cfr_icl.annotate.exports.picture import ExportFormat, ExportJob, Files, to_json
from cfr_icl.annotate.polygons import Ring, polygons


def _coco(job: ExportJob) -> Files:
    return {"annotations.json": to_json(_coco_dictionary(job, lambda i: dict(i.mask.coco)))}


def _coco_polygons(job: ExportJob) -> Files:
    def segmentation(instance: Instance) -> list[list[float]]:
        return [_flat(ring) for ring in polygons(instance.mask.pixels, job.detail) if len(ring) >= 3]

    return {"annotations.json": to_json(_coco_dictionary(job, segmentation))}


def _coco_dictionary(job: ExportJob, segmentation: Callable[[Instance], Any]) -> dict[str, Any]:
    classes = job.classes
    images, annotations = [], []
    for image_id, (_, picture) in enumerate(job.pictures, start=1):
        height, width = picture.size
        images.append({"id": image_id, "file_name": picture.name, "width": width, "height": height})
        for instance in picture.instances:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": classes[instance.label],
                    "segmentation": segmentation(instance),
                    "area": instance.mask.area,
                    "bbox": list(instance.mask.box),
                    "iscrowd": 0,
                }
            )
    return {
        "info": {"description": "Annotated with CFR-ICL"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": id, "name": name} for name, id in classes.items()],
    }


def _flat(ring: Ring) -> list[float]:
    return [float(value) for value in ring.reshape(-1)]


FORMATS = (
    ExportFormat("coco", "COCO, run lengths", 4, _coco),
    ExportFormat("coco-polygons", "COCO, polygons", 5, _coco_polygons, polygons=True),
)
