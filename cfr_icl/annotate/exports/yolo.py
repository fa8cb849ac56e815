"""YOLO's segmentation labels: a text file for each picture and data.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.objects.polygons import joined, opened, parts_of


def _yolo(job: ExportJob) -> Files:
    classes = job.classes
    files = {}
    for stem, picture in job.each_picture():
        height, width = picture.size
        lines = []
        for instance in picture.instances:
            # half a pixel more than the centre's index: correct as a fraction, and readers truncate it
            ring = joined([opened(*part) for part in parts_of(instance.mask.pixels, job.detail)]) + 0.5
            ring = ring if len(ring) >= 3 else np.concatenate([ring, ring[-1:], ring[-1:]])
            numbers = " ".join(f"{value:.6f}" for value in (ring / [width, height]).reshape(-1))
            lines.append(f"{classes[instance.label] - 1} {numbers}\n")
        files[f"labels/{stem}.txt"] = "".join(lines).encode("utf-8")
    files["data.yaml"] = _data_yaml({"train": "images", "val": "images"}, job.class_names)
    return files


def _of_parts(parts: Sequence[str], class_names: Sequence[str]) -> Files:
    """One data.yaml for all parts; without validation readers want the pictures of training named for it."""
    folders = {part: f"{part}/images" for part in parts}
    folders.setdefault("train", next(iter(folders.values())))
    folders.setdefault("val", folders["train"])
    return {"data.yaml": _data_yaml(folders, class_names)}


def _data_yaml(folders: Mapping[str, str], class_names: Sequence[str]) -> bytes:
    """Where the pictures are, and the classes; without "path" readers look for folders beside this file."""
    where = "".join(f"{part}: {folder}\n" for part, folder in folders.items())
    names = "".join(
        f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for number, name in enumerate(class_names)
    )
    return f"{where}names:\n{names}".encode()


FORMATS = (ExportFormat("yolo", "YOLO-seg", 6, _yolo, polygons=True, beside_parts=_of_parts),)
