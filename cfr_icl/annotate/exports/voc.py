"""Pascal VOC: class map, object map and XML file for each picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.png import indexed_png
from cfr_icl.annotate.exports.xml_text import xml_text
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.attributes import Value, attribute_values


def _voc(job: ExportJob) -> Files:
    classes = job.classes
    colours = {
        i.label: i.colour for _, picture in reversed(job.pictures) for i in reversed(picture.instances)
    }
    files: Files = {"labels.txt": "".join(f"{name}\n" for name in ("background", *classes)).encode("utf-8")}
    for stem, picture in job.each_picture():
        masks = [(instance, instance.mask.pixels) for instance in picture.instances]
        files[f"SegmentationClass/{stem}.png"] = indexed_png(
            picture.size, [(classes[i.label], colours[i.label], mask) for i, mask in masks]
        )
        files[f"SegmentationObject/{stem}.png"] = indexed_png(
            picture.size, [(i.id, i.colour, mask) for i, mask in masks]
        )
        files[f"Annotations/{stem}.xml"] = _voc_xml(picture)
    return files


def _voc_xml(picture: AnnotatedPicture) -> bytes:
    height, width = picture.size
    root = ElementTree.Element("annotation")
    parent = str(PurePosixPath(picture.name).parent)
    ElementTree.SubElement(root, "folder").text = xml_text("JPEGImages" if parent == "." else parent)
    ElementTree.SubElement(root, "filename").text = xml_text(picture.name)
    _children(root, "size", {"width": width, "height": height, "depth": 3})
    ElementTree.SubElement(root, "segmented").text = "1"
    for instance in picture.instances:
        box = instance.mask.box
        values = attribute_values(instance.foreign)
        flags = {name: int(values.get(name) is True) for name in ("truncated", "difficult")}
        if values.get("occluded") is not None:
            flags["occluded"] = int(values["occluded"] is True)
        node = _children(root, "object", {"name": instance.label, "pose": "Unspecified", **flags})
        corners = {"xmin": box.left + 1, "ymin": box.top + 1, "xmax": box.right, "ymax": box.bottom}
        _children(node, "bndbox", corners)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8")


def _holds(name: str, value: Value, of_picture: bool) -> bool:
    return not of_picture and name in ("truncated", "occluded", "difficult") and isinstance(value, bool)


def _children(parent: ElementTree.Element, name: str, values: Mapping[str, Any]) -> ElementTree.Element:
    node = ElementTree.SubElement(parent, name)
    for key, value in values.items():
        ElementTree.SubElement(node, key).text = xml_text(str(value))
    return node


FORMATS = (ExportFormat("voc", "Pascal VOC", 8, _voc, label_map=True, holds=_holds),)
