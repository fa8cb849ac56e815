"""CVAT for images 1.1: one XML file with a mask for each object, exact."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree

import numpy as np

from cfr_icl.annotate.document import Instance
from cfr_icl.annotate.exports.picture import ExportFormat, ExportJob, Files
from cfr_icl.annotate.listing import shown_name


def _cvat(job: ExportJob) -> Files:
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    colours = {i.label: i.colour for _, picture in job.pictures for i in picture.instances}
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    labels = ElementTree.SubElement(task, "labels")
    for name in job.classes:
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = _text(name)
        if name in colours:
            ElementTree.SubElement(label, "color").text = colours[name]
        ElementTree.SubElement(label, "type").text = "mask"
        ElementTree.SubElement(label, "attributes")
    for number, (_, picture) in enumerate(job.each()):
        height, width = picture.size
        sides = {"width": str(width), "height": str(height)}
        image = ElementTree.SubElement(
            root, "image", {"id": str(number), "name": _text(picture.name), **sides}
        )
        for order, instance in enumerate(picture.instances):
            ElementTree.SubElement(image, "mask", _mask(instance, order))
    ElementTree.indent(root)
    return {"annotations.xml": ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)}


def _mask(instance: Instance, order: int) -> dict[str, str]:
    """Run lengths inside of the mask's box, row by row, outside and inside in turn."""
    left, top, width, height = instance.mask.box
    pixels = instance.mask.part.reshape(-1)
    changes = np.flatnonzero(np.diff(pixels)) + 1
    runs = np.diff([0, *changes, len(pixels)]).tolist()
    if pixels[0]:
        runs.insert(0, 0)
    return {
        "label": _text(instance.label),
        "source": "semi-auto",
        "occluded": "0",
        "rle": ", ".join(map(str, runs)),
        "left": str(left),
        "top": str(top),
        "width": str(width),
        "height": str(height),
        "z_order": str(order),
    }


def _text(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join("_" if unicodedata.category(c) in ("Cc", "Cs") else c for c in shown_name(text))


FORMATS = (ExportFormat("cvat", "CVAT", 9, _cvat, stems=False),)
