"""YOLO's segmentation labels: a text file for each picture and data.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.objects.polygons import Part, Ring, joined, opened, parts_of
from cfr_icl.annotate.pictures.listing import shown_name
from cfr_icl.sentences import Sentence

LEAST_IOU = 0.9
"""IoU of a joined polygon with its mask below which an export warns: the lines are wide for small parts."""


def _yolo(job: ExportJob) -> Files:
    classes = job.classes
    files = {}
    altered: list[tuple[float, str]] = []
    for stem, picture in job.each_picture():
        height, width = picture.size
        lines = []
        for instance in picture.instances:
            parts = parts_of(instance.mask.pixels, job.detail)
            ring = joined([opened(*part) for part in parts])
            if _is_joined(parts) and (iou := _iou(ring, instance.mask)) < LEAST_IOU:
                altered.append((iou, picture.name))
            # half a pixel more than the centre's index: correct as a fraction, and readers truncate it
            ring = ring + 0.5
            ring = ring if len(ring) >= 3 else np.concatenate([ring, ring[-1:], ring[-1:]])
            numbers = " ".join(f"{value:.6f}" for value in (ring / [width, height]).reshape(-1))
            lines.append(f"{classes[instance.label] - 1} {numbers}\n")
        files[f"labels/{stem}.txt"] = "".join(lines).encode("utf-8")
    files["data.yaml"] = _data_yaml({"train": "images", "val": "images"}, job.class_names)
    if altered:
        iou, name = min(altered)
        job.sentences.append(
            Sentence(
                "A YOLO polygon joins the parts of an object by lines. Objects whose polygon has an IoU "
                "below {least} with their mask: {count}; the worst, {iou:.2f}, in {name}. "
                "COCO keeps parts apart.",
                least=LEAST_IOU,
                count=len(altered),
                iou=iou,
                name=shown_name(name),
            )
        )
    return files


def _is_joined(parts: Sequence[Part]) -> bool:
    """Whether one ring needs lines between parts, or to holes."""
    return len(parts) > 1 or any(holes for _, holes in parts)


def _iou(ring: Ring, mask: Mask) -> float:
    """IoU of a polygon, as readers draw it, with the mask from which it was traced."""
    drawn = np.zeros(mask.box.size, np.uint8)
    cv2.fillPoly(drawn, [np.int32(ring - mask.box[:2])], 1)
    own, drawn_pixels = mask.box_pixels, drawn.astype(bool)
    return float((own & drawn_pixels).sum() / (own | drawn_pixels).sum())


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
