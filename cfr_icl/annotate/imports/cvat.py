"""CVAT for images 1.1: the masks, polygons, boxes and ellipses of one picture in an XML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from cfr_icl.annotate.imports.json_values import check_size, foreign_entries
from cfr_icl.annotate.imports.loaded import (
    MAX_OBJECTS,
    LoadedLabel,
    LoadedMasks,
    LoadedObject,
    MaskFileError,
    counted,
    read_file,
)
from cfr_icl.annotate.imports.named_pictures import place_among
from cfr_icl.annotate.imports.shapes import check_affordable, ellipse, filled_areas, turned
from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.saved.store import MAX_JSON_BYTES

OF_PICTURE = ("tag", "attribute")
"""Elements of an entry that tell of the picture, not of an object."""


@dataclass(frozen=True)
class CvatImage:
    """The entry of one picture in a CVAT file, and the labels that the file lists."""

    entry: ElementTree.Element
    labels: Sequence[LoadedLabel]

    @property
    def name(self) -> str:
        """Name or path of the picture; empty where the entry has none."""
        return self.entry.get("name") or ""

    @property
    def has_objects(self) -> bool:
        """Whether the entry has shapes."""
        return any(shape.tag not in OF_PICTURE for shape in self.entry)


def cvat_images(path: Path) -> list[CvatImage]:
    """The entries of all pictures in a file; raises MaskFileError when it is no CVAT file or is damaged."""
    root = _root(path)
    names = [label_name(label.findtext("name") or "") for label in root.findall("meta//labels/label")]
    labels = [LoadedLabel(name) for name in names[:MAX_OBJECTS] if name]
    return [CvatImage(image, labels) for image in root.findall("image")]


def load_cvat(path: Path, picture: str, size: tuple[int, int]) -> LoadedMasks:
    """Read the objects of a picture, as `load_cvat_image`.

    Args:
        picture, size: name, and (height, width), as in `load_coco`.

    Raises:
        MaskFileError: when the file is no CVAT file, is damaged, or has no object of this picture.
    """
    images = cvat_images(path)
    return load_cvat_image(images[place_among((each.name or None for each in images), picture, "CVAT")], size)


def load_cvat_image(image: CvatImage, size: tuple[int, int]) -> LoadedMasks:
    """Read the objects of an entry; points and lines, which have no area, are left out and counted.

    Raises:
        MaskFileError: when the picture has another (height, width) there, or no object can be used.
    """
    check_size(image.entry.get("height"), image.entry.get("width"), size, "CVAT")
    drawn: list[tuple[ElementTree.Element, Mask | np.ndarray]] = []
    left_out = 0
    for shape in image.entry:
        if shape.tag in OF_PICTURE:
            continue
        if len(drawn) == MAX_OBJECTS:
            raise MaskFileError(
                "The {tool} file has more than {most} objects in this picture.", tool="CVAT", most=MAX_OBJECTS
            )
        try:
            drawn.append((shape, _drawn(shape, size)))
        except (ValueError, KeyError, OverflowError):
            left_out += 1
    check_affordable((part for _, part in drawn), size, "CVAT")
    objects = []
    for shape, part in drawn:
        mask = filled_areas([part], size) if isinstance(part, np.ndarray) else part
        if mask.area:
            name = label_name(shape.get("label") or "") or None
            objects.append(LoadedObject(mask, name, foreign=_attributes(shape)))
        else:
            left_out += 1
    if not objects:
        raise MaskFileError("The {tool} file has {count} objects that can be read.", tool="CVAT", count=0)
    sentences = counted(("Shapes that are damaged or have no area are left out: {count}.", left_out))
    return LoadedMasks(objects, sentences=sentences, labels=image.labels)


class _WithoutDefinitions(ElementTree.TreeBuilder):
    """Refuses a document type, in any encoding, before its entities, which grow as they are read."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ValueError("doctype")


def _root(path: Path) -> ElementTree.Element:
    content = read_file(path, MAX_JSON_BYTES)
    parser = ElementTree.XMLParser(target=_WithoutDefinitions())
    try:
        root = ElementTree.fromstring(content, parser)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise MaskFileError("The XML file is damaged.") from error
    if root.tag == "annotation":
        raise MaskFileError("XML files of Pascal VOC hold boxes alone; load the masks in SegmentationObject.")
    if root.tag != "annotations":
        raise MaskFileError("This XML file is not one of CVAT for images.")
    return root


def _drawn(shape: ElementTree.Element, size: tuple[int, int]) -> Mask | np.ndarray:
    """The mask of a shape, or its corners (N, 2); raises ValueError or KeyError for other shapes."""
    values = shape.attrib
    if shape.tag == "mask":
        return _mask(values, size)
    if shape.tag == "polygon":
        points = np.array([corner.split(",") for corner in values["points"].split(";")], dtype=np.float64)
    elif shape.tag == "box":
        left, top, right, bottom = (float(values[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        points = turned(corners, float(values.get("rotation", 0)), corners.mean(axis=0))
    elif shape.tag == "ellipse":
        centre, radii = np.array([[float(values[kind + axis]) for axis in "xy"] for kind in "cr"])
        points = turned(centre + ellipse(radii), float(values.get("rotation", 0)), centre)
    else:
        raise ValueError("shape")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not (np.abs(points) < 1e7).all():
        raise ValueError("points")
    return points


def _mask(values: Mapping[str, str], size: tuple[int, int]) -> Mask:
    """A mask from run lengths inside of its box, row by row, outside and inside in turn."""
    left, top, width, height = (int(values[name]) for name in ("left", "top", "width", "height"))
    if not (0 <= left < left + width <= size[1] and 0 <= top < top + height <= size[0]):
        raise ValueError("box")
    runs = np.array(values["rle"].split(","), dtype=np.int64)
    if (runs < 0).any() or (runs > width * height).any() or runs.sum() != width * height:
        raise ValueError("rle")
    part = np.repeat(np.arange(len(runs), dtype=np.uint8) % 2, runs).reshape(height, width)
    return Mask.placed(part, left, top, *size)


def _attributes(shape: ElementTree.Element) -> dict[str, object] | None:
    """The attributes of an object; CVAT writes flags as "true" and "false"."""
    texts = {each.get("name") or "": each.text or "" for each in shape.findall("attribute")}
    flags = {"true": True, "false": False}
    values = {name: flags.get(text, text) for name, text in texts.items() if name}
    if shape.get("occluded") == "1":
        values["occluded"] = True
    return foreign_entries({"attributes": values or None}, ())
