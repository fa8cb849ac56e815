"""COCO's annotation file, with run lengths or polygons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files, to_json
from cfr_icl.annotate.objects.attributes import Value
from cfr_icl.annotate.objects.document import Instance, Label
from cfr_icl.annotate.objects.polygons import Ring, polygons


def _coco(job: ExportJob) -> Files:
    return {"annotations.json": to_json(_coco_dictionary(job, lambda i: dict(i.mask.coco)))}


def _coco_polygons(job: ExportJob) -> Files:
    def segmentation(instance: Instance) -> Any:
        if _foreign(instance).get("iscrowd"):  # readers take polygons for single objects
            return dict(instance.mask.coco)
        return [_flat(ring) for ring in polygons(instance.mask.pixels, job.detail) if len(ring) >= 3]

    return {"annotations.json": to_json(_coco_dictionary(job, segmentation))}


def _coco_dictionary(job: ExportJob, segmentation: Callable[[Instance], Any]) -> dict[str, Any]:
    """The file's content; ids and other entries of objects loaded from a COCO file are kept."""
    pictures = [picture for _, picture in job.pictures]
    instances = [instance for picture in pictures for instance in picture.instances]
    image_ids = _ids([(picture.document.foreign or {}).get("id") for picture in pictures])
    annotation_ids = iter(_ids([_foreign(instance).get("id") for instance in instances]))
    categories = _categories(job)
    images, annotations = [], []
    for image_id, (_, picture) in zip(image_ids, job.each_picture(), strict=True):
        height, width = picture.size
        entry = {"id": image_id, "file_name": picture.name, "width": width, "height": height}
        images.append({**(picture.document.foreign or {}), **entry})
        for instance in picture.instances:
            annotations.append(
                {
                    "iscrowd": 0,
                    **_foreign(instance),
                    "id": next(annotation_ids),
                    "image_id": image_id,
                    "category_id": categories[instance.label]["id"],
                    "segmentation": segmentation(instance),
                    "area": instance.mask.area,
                    "bbox": list(instance.mask.box.xywh),
                }
            )
    return {
        "info": {"description": "Annotated with CFR-ICL"},
        "images": images,
        "annotations": annotations,
        "categories": list(categories.values()),
    }


def _foreign(instance: Instance) -> Mapping[str, Any]:
    return instance.foreign or {}


def _ids(previous: Sequence[Any]) -> list[int]:
    """A number for each entry: the one that it had before if no other has it, else the next free one."""
    counts = Counter(number for number in previous if type(number) is int)
    ids = [number if type(number) is int and counts[number] == 1 else None for number in previous]
    used = {number for number in ids if number is not None}
    free = (number for number in count(1) if number not in used)
    return [next(free) if number is None else number for number in ids]


def _categories(job: ExportJob) -> dict[str, dict[str, Any]]:
    """The entry of each class, by label, in the order of the class numbers.

    A class keeps the id of the file that it came from if no other has it, else its number is its id.
    """
    labels: dict[str, Label] = {}
    for _, picture in job.pictures:
        for label in picture.document.labels:
            if label.category_id is not None or label.supercategory is not None:
                labels.setdefault(label.name, label)
    given = [labels[name].category_id if name in labels else None for name in job.class_names]
    counts = Counter(given)
    kept = {id for id in given if id is not None and counts[id] == 1}
    categories = {}
    for number, (name, id) in enumerate(zip(job.class_names, given, strict=True), start=1):
        if id not in kept:
            id = number + len(given) + max(kept) if number in kept else number
        entry: dict[str, Any] = {"id": id, "name": name}
        if name in labels and labels[name].supercategory is not None:
            entry["supercategory"] = labels[name].supercategory
        categories[name] = entry
    return categories


def _holds(name: str, value: Value, of_picture: bool) -> bool:
    return True


def _flat(ring: Ring) -> list[float]:
    return [float(value) for value in ring.reshape(-1)]


FORMATS = (
    ExportFormat("coco", "COCO, exact", 4, _coco, stems=False, holds=_holds),
    ExportFormat(
        "coco-polygons", "COCO, polygons", 5, _coco_polygons, polygons=True, stems=False, holds=_holds
    ),
)
