"""YOLO's segmentation labels: a text file for each picture and data.yaml."""

from __future__ import annotations

import json

import numpy as np

from cfr_icl.annotate.exports.picture import ExportFormat, ExportJob, Files
from cfr_icl.annotate.polygons import joined, opened, parts_of


def _yolo(job: ExportJob) -> Files:
    classes = job.classes
    files = {}
    for stem, picture in job.each():
        height, width = picture.size
        lines = []
        for instance in picture.instances:
            # half a pixel more than the centre's index: correct as a fraction, and readers truncate it
            ring = joined([opened(*part) for part in parts_of(instance.mask.pixels, job.detail)]) + 0.5
            ring = ring if len(ring) >= 3 else np.concatenate([ring, ring[-1:], ring[-1:]])
            numbers = " ".join(f"{value:.6f}" for value in (ring / [width, height]).reshape(-1))
            lines.append(f"{classes[instance.label] - 1} {numbers}\n")
        files[f"labels/{stem}.txt"] = "".join(lines).encode("utf-8")
    names = "".join(f"  {id - 1}: {json.dumps(name, ensure_ascii=False)}\n" for name, id in classes.items())
    # without "path", readers look for the pictures beside this file, in images/
    files["data.yaml"] = f"train: images\nval: images\nnames:\n{names}".encode()
    return files


FORMATS = (ExportFormat("yolo", "YOLO-seg", 6, _yolo, polygons=True),)
