"""Objects as files that other programs read: masks, cut-outs, COCO, YOLO, labelme, Pascal VOC."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

import numpy as np
from PIL import Image, ImageColor

from cfr_icl.annotate.document import Document, Instance
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.polygons import Part, Ring, areas_of, joined, opened, parts_of

Files = dict[str, bytes]
"""Contents by relative file name."""


@dataclass(frozen=True)
class Annotated:
    """A picture with its objects; the pixels are only read where a format holds them."""

    name: str
    size: tuple[int, int]
    document: Document
    read: Callable[[], np.ndarray]
    """Decodes the picture, uint8 (H, W, 3)."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects that have pixels."""
        return tuple(instance for instance in self.document.instances if instance.mask.area)


def export(format: str, pictures: Sequence[Annotated], detail: float = 1.0) -> Files:
    """The files of one of FORMATS, or with "everything" of all, a folder each.

    Args:
        detail: how far, in pixels, a polygon may stray from the mask.

    Raises:
        ValueError: for an unknown format.
    """
    if format == "everything":
        return {
            f"{name}/{path}": content
            for name in FORMATS
            for path, content in export(name, pictures, detail).items()
        }
    if format not in FORMATS:
        raise ValueError(f"There is no format {format!r}; there are {', '.join(FORMATS)} and everything.")
    return FORMATS[format](_with_stems(pictures), detail)


def losses(format: str, pictures: Sequence[Annotated]) -> list[str]:
    """What a format of `export` cannot hold of these pictures, as sentences for the person."""
    empty = sum(not i.mask.area for picture in pictures for i in picture.document.instances)
    sentences = [f"Objects without pixels are not in the export: {empty}."] if empty else []
    if format in ("indexed", "voc", "everything") and any(_overlap(picture) for picture in pictures):
        sentences.append("Where objects overlap, a label map holds only the later one.")
    return sentences


def _overlap(picture: Annotated) -> bool:
    masks = [instance.mask for instance in picture.instances]
    return bool(masks) and Mask.union(masks).area < sum(mask.area for mask in masks)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as one zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def mask_png(mask: np.ndarray) -> bytes:
    """A mask, bool (H, W), as a PNG of the picture's size with 0 and 255."""
    return _png(Image.fromarray(mask.astype(np.uint8) * 255))


def cutout_png(picture: np.ndarray, mask: np.ndarray) -> bytes:
    """The picture, uint8 (H, W, 3), as an RGBA PNG that is transparent outside the mask."""
    alpha = mask.astype(np.uint8) * 255
    return _png(Image.fromarray(np.dstack([np.where(mask[..., None], picture, 0).astype(np.uint8), alpha])))


def indexed_png(size: tuple[int, int], layers: Sequence[tuple[int, str, np.ndarray]]) -> bytes:
    """A label map of (id, colour, mask) layers, later ones on top, as a PNG that holds the ids.

    Up to id 255 the colours are its palette; above it is a 16-bit grey PNG.
    """
    largest = max((id for id, _, _ in layers), default=0)
    ids = np.zeros(size, np.uint8 if largest < 256 else np.uint16)
    for id, _, mask in layers:
        ids[mask] = id
    image = Image.fromarray(ids)
    if largest < 256:
        palette = np.zeros((256, 3), np.uint8)
        for id, colour, _ in layers:
            palette[id] = ImageColor.getrgb(colour)
        image = image.convert("P")
        image.putpalette(palette.tobytes())
    return _png(image)


def polygons(instance: Instance, detail: float) -> list[Ring]:
    """An object's parts as rings along the pixels' edges, holes cut open (COCO's convention)."""
    return _rings(areas_of(instance.mask.pixels, detail))


def _rings(parts: Sequence[Part]) -> list[Ring]:
    return [opened(outline, holes) for outline, holes in parts]


Stemmed = Sequence[tuple[str, Annotated]]


def _with_stems(pictures: Sequence[Annotated]) -> Stemmed:
    """Pictures with what their files are called: the name without its ending where that is unique."""
    stems = [str(PurePosixPath(picture.name).with_suffix("")) for picture in pictures]
    counts = Counter(stems)
    return [
        (_safe(stem if counts[stem] == 1 else picture.name), picture)
        for stem, picture in zip(stems, pictures, strict=True)
    ]


def _safe(name: str) -> str:
    """A relative path that every system takes, as near to `name` as it can be: readers match by name."""
    shown = "".join(c if c.isprintable() and c not in '\\:*?"<>|' else "_" for c in name)
    return "/".join(part.strip(". ")[:200] or "_" for part in shown.split("/"))


def _masks(pictures: Stemmed, detail: float) -> Files:
    return {
        f"{stem}_{instance.id}_{_safe(instance.label.replace('/', '_'))}.png": mask_png(instance.mask.pixels)
        for stem, picture in pictures
        for instance in picture.instances
    }


def _cutouts(pictures: Stemmed, detail: float) -> Files:
    files = {}
    for stem, picture in pictures:
        if picture.instances:
            pixels = picture.read()
        for instance in picture.instances:
            name = f"{stem}_{instance.id}_{_safe(instance.label.replace('/', '_'))}.png"
            files[name] = cutout_png(pixels, instance.mask.pixels)
    return files


def _indexed(pictures: Stemmed, detail: float) -> Files:
    return {
        f"{stem}.png": indexed_png(picture.size, [(i.id, i.colour, i.mask.pixels) for i in picture.instances])
        for stem, picture in pictures
    }


def _coco(pictures: Stemmed, detail: float) -> Files:
    return {"annotations.json": _json(_coco_dictionary(pictures, lambda i: dict(i.mask.coco)))}


def _coco_polygons(pictures: Stemmed, detail: float) -> Files:
    def segmentation(instance: Instance) -> list[list[float]]:
        return [_flat(ring) for ring in polygons(instance, detail) if len(ring) >= 3]

    return {"annotations.json": _json(_coco_dictionary(pictures, segmentation))}


def _coco_dictionary(pictures: Stemmed, segmentation: Callable[[Instance], Any]) -> dict[str, Any]:
    categories = _categories(pictures)
    images, annotations = [], []
    for image_id, (_, picture) in enumerate(pictures, start=1):
        height, width = picture.size
        images.append({"id": image_id, "file_name": picture.name, "width": width, "height": height})
        for instance in picture.instances:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": categories[instance.label],
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
        "categories": [{"id": id, "name": name} for name, id in categories.items()],
    }


def _yolo(pictures: Stemmed, detail: float) -> Files:
    categories = _categories(pictures)
    files = {}
    for stem, picture in pictures:
        height, width = picture.size
        lines = []
        for instance in picture.instances:
            # Half a pixel more than the centre's index: right as a fraction, and readers cut it off.
            ring = joined(_rings(parts_of(instance.mask.pixels, detail))) + 0.5
            ring = ring if len(ring) >= 3 else np.concatenate([ring, ring[-1:], ring[-1:]])
            numbers = " ".join(f"{value:.6f}" for value in (ring / [width, height]).reshape(-1))
            lines.append(f"{categories[instance.label] - 1} {numbers}\n")
        files[f"labels/{stem}.txt"] = "".join(lines).encode("utf-8")
    names = "".join(
        f"  {id - 1}: {json.dumps(name, ensure_ascii=False)}\n" for name, id in categories.items()
    )
    # Without "path" the pictures are looked for beside this file, in images/.
    files["data.yaml"] = f"train: images\nval: images\nnames:\n{names}".encode()
    return files


def _labelme(pictures: Stemmed, detail: float) -> Files:
    files = {}
    for stem, picture in pictures:
        height, width = picture.size
        shapes = [shape for instance in picture.instances for shape in _labelme_shapes(instance, detail)]
        files[f"{stem}.json"] = _json(
            {
                "version": "5.5.0",
                "flags": {},
                "shapes": shapes,
                "imagePath": PurePosixPath(picture.name).name,
                "imageData": None,
                "imageHeight": height,
                "imageWidth": width,
            }
        )
    return files


def _labelme_shapes(instance: Instance, detail: float) -> list[dict[str, Any]]:
    """A polygon a part; an object with holes, which polygons cannot say, is a mask shape."""
    pixels = instance.mask.pixels
    parts = parts_of(pixels, detail)
    shape = {"label": instance.label, "group_id": instance.id, "description": "", "flags": {}, "mask": None}
    if any(holes or len(outline) < 3 for outline, holes in parts):
        left, top, width, height = instance.mask.box
        cut = pixels[top : top + height, left : left + width]
        content = base64.b64encode(_png(Image.fromarray(cut))).decode("ascii")
        corners = [[left, top], [left + width - 1, top + height - 1]]
        return [{**shape, "shape_type": "mask", "points": corners, "mask": content}]
    return [{**shape, "shape_type": "polygon", "points": outline.tolist()} for outline, _ in parts]


def _voc(pictures: Stemmed, detail: float) -> Files:
    categories = _categories(pictures)
    colours = {i.label: i.colour for _, picture in reversed(pictures) for i in reversed(picture.instances)}
    files: Files = {
        "labels.txt": "".join(f"{name}\n" for name in ("background", *categories)).encode("utf-8")
    }
    for stem, picture in pictures:
        masks = [(instance, instance.mask.pixels) for instance in picture.instances]
        files[f"SegmentationClass/{stem}.png"] = indexed_png(
            picture.size, [(categories[i.label], colours[i.label], mask) for i, mask in masks]
        )
        files[f"SegmentationObject/{stem}.png"] = indexed_png(
            picture.size, [(i.id, i.colour, mask) for i, mask in masks]
        )
        files[f"Annotations/{stem}.xml"] = _voc_xml(picture)
    return files


def _voc_xml(picture: Annotated) -> bytes:
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


def _categories(pictures: Stemmed) -> dict[str, int]:
    """Ids of the labels from 1: those of the lists of labels first, then as they occur."""
    names = [label.name for _, picture in pictures for label in picture.document.labels]
    names += [instance.label for _, picture in pictures for instance in picture.instances]
    return {name: id for id, name in enumerate(dict.fromkeys(names), start=1)}


def _flat(ring: Ring) -> list[float]:
    return [float(value) for value in ring.reshape(-1)]


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode("utf-8")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Stemmed, float], Files]] = {
    "masks": _masks,
    "indexed": _indexed,
    "cutouts": _cutouts,
    "coco": _coco,
    "coco-polygons": _coco_polygons,
    "yolo": _yolo,
    "labelme": _labelme,
    "voc": _voc,
}
"""Writers by name: binary PNG an object, label map, RGBA cut-outs, COCO run lengths, and so on."""
