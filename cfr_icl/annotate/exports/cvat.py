"""CVAT for images 1.1: one XML file with a mask for each object, exact."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.xml_text import xml_text
from cfr_icl.annotate.objects.attributes import USUAL, Value, attribute_values, joined
from cfr_icl.annotate.objects.document import Attribute, Instance

OCCLUDED = "occluded"
"""The attribute that CVAT has for every object."""


def _cvat(job: ExportJob) -> Files:
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    colours = {i.label: i.colour for _, picture in job.pictures for i in picture.instances}
    defined = _definitions(job)
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    labels = ElementTree.SubElement(task, "labels")
    for name in job.classes:
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = xml_text(name)
        if name in colours:
            ElementTree.SubElement(label, "color").text = colours[name]
        ElementTree.SubElement(label, "type").text = "mask"
        listed = ElementTree.SubElement(label, "attributes")
        for attribute in defined:
            _define(listed, attribute)
    for number, (_, picture) in enumerate(job.each_picture()):
        height, width = picture.size
        sides = {"width": str(width), "height": str(height)}
        image = ElementTree.SubElement(
            root, "image", {"id": str(number), "name": xml_text(picture.name), **sides}
        )
        for order, instance in enumerate(picture.instances):
            mask = ElementTree.SubElement(image, "mask", _mask(instance, order))
            for name, value in attribute_values(instance.foreign).items():
                if name != OCCLUDED:
                    ElementTree.SubElement(mask, "attribute", {"name": xml_text(name)}).text = _written(value)
    ElementTree.indent(root)
    return {"annotations.xml": ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)}


def _mask(instance: Instance, order: int) -> dict[str, str]:
    """Run lengths inside of the mask's box, row by row, outside and inside in turn."""
    box = instance.mask.box
    pixels = instance.mask.box_pixels.reshape(-1)
    changes = np.flatnonzero(np.diff(pixels)) + 1
    runs = np.diff([0, *changes, len(pixels)]).tolist()
    if pixels[0]:
        runs.insert(0, 0)
    return {
        "label": xml_text(instance.label),
        "source": "semi-auto",
        "occluded": str(int(attribute_values(instance.foreign).get(OCCLUDED) is True)),
        "rle": ", ".join(map(str, runs)),
        "left": str(box.left),
        "top": str(box.top),
        "width": str(box.width),
        "height": str(box.height),
        "z_order": str(order),
    }


def _definitions(job: ExportJob) -> list[Attribute]:
    """Definitions of the attributes that objects have, each as the lists of the pictures define it."""
    documents = [picture.document for _, picture in job.pictures]
    listed = joined(USUAL, *(document.attributes for document in documents))
    values: dict[str, Value] = {}
    for document in documents:
        for instance in document.instances:
            values = {**attribute_values(instance.foreign), **values}
    defined = {each.name: each for each in listed if not each.of_picture}
    return [
        defined.get(name) or Attribute(name, "yes_no" if isinstance(value, bool) else "text")
        for name, value in values.items()
        if name != OCCLUDED
    ]


def _define(parent: ElementTree.Element, attribute: Attribute) -> None:
    kind = {"yes_no": "checkbox", "choice": "select"}.get(attribute.kind, "text")
    default = {"checkbox": "false", "select": (*attribute.choices, "")[0]}.get(kind, "")
    values = "\n".join(attribute.choices)
    node = ElementTree.SubElement(parent, "attribute")
    entries = {"name": attribute.name, "mutable": "False", "input_type": kind}
    for key, text in (*entries.items(), ("default_value", default), ("values", values or default)):
        ElementTree.SubElement(node, key).text = "\n".join(map(xml_text, text.split("\n")))


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else xml_text(f"{value}")


def _holds(name: str, value: Value, of_picture: bool) -> bool:
    return not of_picture


FORMATS = (ExportFormat("cvat", "CVAT", 9, _cvat, stems=False, holds=_holds),)
