"""Pascal VOC: class map, object map and XML file for each picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from cfr_icl.annotate.exports.picture import AnnotatedPicture, ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.png import indexed_png


def _voc(job: ExportJob) -> Files:
    classes = job.classes
    colours = {
        i.label: i.colour for _, picture in reversed(job.pictures) for i in reversed(picture.instances)
    }
    files: Files = {"labels.txt": "".join(f"{name}\n" for name in ("background", *classes)).encode("utf-8")}
    for stem, picture in job.pictures:
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
    ElementTree.SubElement(root, "filename").text = picture.name
    _children(root, "size", {"width": width, "height": height, "depth": 3})
    ElementTree.SubElement(root, "segmented").text = "1"
    for instance in picture.instances:
        left, top, box_width, box_height = instance.mask.box
        node = _children(root, "object", {"name": instance.label, "difficult": 0})
        corners = {"xmin": left + 1, "ymin": top + 1, "xmax": left + box_width, "ymax": top + box_height}
        _children(node, "bndbox", corners)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8")


def _children(parent: ElementTree.Element, name: str, values: Mapping[str, Any]) -> ElementTree.Element:
    node = ElementTree.SubElement(parent, name)
    for key, value in values.items():
        ElementTree.SubElement(node, key).text = str(value)
    return node


FORMATS = (ExportFormat("voc", "Pascal VOC", 8, _voc, label_map=True),)
