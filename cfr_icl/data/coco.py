"""COCO: `annotations/instances_SPLIT.json` with the pictures in `SPLIT/`."""

from __future__ import annotations

import dataclasses
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from cfr_icl.data.files import (
    ignore_outline,
    label_gt_masks,
    matching_files,
    object_gt_mask,
    read_labels,
    read_rgb,
    read_shown,
    require,
    require_files,
)
from cfr_icl.data.folder import IGNORE
from cfr_icl.data.samples import Sample
from cfr_icl.rle import decode_runs

DAMAGED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
)
"""Errors of reading damaged JSON files, packed ones too."""

FARTHEST = 4
"""Largest coordinate of a polygon, in longer sides of its picture."""


class InstanceDataset:
    """Pictures with the objects of a JSON file in COCO's format.

    Pixels of crowds are ignored in all objects of their picture; pictures without objects are left out.

    Args:
        root: folder of the data set.
        annotations: path of the JSON file below it.
        picture: returns the path of a picture below the root, from its entry in the file.

    Raises:
        FileNotFoundError: when the file or a picture is missing.
        ValueError: when the file is damaged or has another format.
    """

    def __init__(self, root: Path, annotations: str, picture: Callable[[dict[str, Any]], str]) -> None:
        require(root, annotations)
        objects: dict[int, list] = defaultdict(list)
        try:
            content = read_json(root / annotations)
            for entry in content["annotations"]:
                objects[entry["image_id"]].append([entry["segmentation"], entry.get("iscrowd", 0)])
            images = sorted((i for i in content["images"] if i["id"] in objects), key=lambda i: i["id"])
            self.pictures = [root / picture(image) for image in images]
            self.sizes = [(image.get("height"), image.get("width")) for image in images]
        except DAMAGED as error:
            raise ValueError(
                f"{root / annotations} is not a whole COCO file: it needs images with id and file name, and "
                "annotations with image_id and segmentation."
            ) from error
        self.names: Sequence[str] = [path.stem for path in self.pictures]
        # as text: smaller than a million lists, and worker processes share its memory
        self._objects = [json.dumps(objects[image["id"]]) for image in images]
        for folder in sorted({path.parent for path in self.pictures}):
            require_files(folder, [path.name for path in self.pictures if path.parent == folder])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image = self._read(index)
        regions, crowd = [], np.zeros(image.shape[:2], bool)
        for segmentation, is_crowd in json.loads(self._objects[index]):
            try:
                region = decode(segmentation, *image.shape[:2])
            except ValueError as error:
                raise ValueError(f"{self.names[index]}: {error}.") from error
            if is_crowd:
                crowd |= region
            elif region.any():
                regions.append(region)
        return Sample(self.names[index], image, [object_gt_mask(region, crowd) for region in regions])

    def _read(self, index: int) -> np.ndarray:
        return read_rgb(self.pictures[index])


class CocoDataset(InstanceDataset):
    """COCO 2017 as unpacked from the official archives; `split` is train2017 or val2017."""

    def __init__(self, root: str | Path, split: str = "val2017") -> None:
        annotations = f"annotations/instances_{split}.json"
        super().__init__(Path(root), annotations, lambda image: f"{split}/{image['file_name']}")


class CocoFileDataset(InstanceDataset):
    """The pictures of a folder with the objects of a COCO file, which may be packed with gzip.

    Pictures are turned by their EXIF (`read_shown`), as the page exports their objects. Objects may overlap.
    `masks` is a folder of label maps, as for `FolderDataset`, whose objects are added to those of the file;
    along their outlines `band` pixels are ignored as there. Objects of fewer than `min_pixels` are left out.
    """

    shown = True

    def __init__(
        self,
        root: str | Path,
        annotations: str,
        masks: str | None = None,
        band: float = 0.0,
        min_pixels: int = 1,
    ) -> None:
        # a relative path is resolved against the working folder, not against `root`
        super().__init__(Path(root), str(Path(annotations).resolve()), lambda image: image["file_name"])
        self.masks = matching_files(self.names, Path(masks)) if masks else None
        self.band = band
        self.min_pixels = min_pixels

    def __getitem__(self, index: int) -> Sample:
        sample = super().__getitem__(index)
        gt_masks = list(sample.gt_masks)
        if self.masks:
            drawn = label_gt_masks(read_labels(self.masks[index], like=sample.image), ignored=IGNORE)
            gt_masks += [ignore_outline(gt_mask, self.band) for gt_mask in drawn] if self.band else drawn
        gt_masks = [gt_mask for gt_mask in gt_masks if np.count_nonzero(gt_mask == 1) >= self.min_pixels]
        return dataclasses.replace(sample, gt_masks=gt_masks)

    def _read(self, index: int) -> np.ndarray:
        return read_shown(self.pictures[index], self.sizes[index])


def read_json(path: Path) -> Any:
    """Read a JSON file, also one packed with gzip (.gz)."""
    open_file = gzip.open if path.suffix == ".gz" else open
    with open_file(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def decode(segmentation: list | dict, height: int, width: int) -> np.ndarray:
    """The mask, bool (height, width), of polygons or of run lengths as a list or a string.

    Polygons of two points have no area.

    Raises:
        ValueError: for polygons that are none or lie far outside of the picture, for run lengths of another
            size, and for those that do not fill their picture, the rest of which pycocotools makes up.
    """
    try:
        if isinstance(segmentation, list):
            _check_polygons(segmentation, FARTHEST * max(height, width))
            areas = [polygon for polygon in segmentation if len(polygon) > 4]
            if not areas:
                return np.zeros((height, width), bool)
            code = coco_mask.merge(coco_mask.frPyObjects(areas, height, width))
            return coco_mask.decode(code).astype(bool)
        size, counts = list(segmentation["size"]), segmentation["counts"]
        runs = decode_runs(counts) if isinstance(counts, str) else np.asarray(counts)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("a mask is damaged") from error
    if size != [height, width]:
        raise ValueError("a mask is not of the size of its picture")
    pixels = height * width
    whole = runs.ndim == 1 and runs.dtype.kind == "i" and ((runs >= 0) & (runs <= pixels)).all()
    if not whole or runs.sum() != pixels:
        raise ValueError("a mask is damaged")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def _check_polygons(polygons: list, farthest: float) -> None:
    """Raise ValueError or TypeError unless these are lists of coordinates up to `farthest`."""
    if not polygons:
        raise ValueError
    for polygon in polygons:
        coordinates = np.asarray(polygon, np.float64)
        if coordinates.ndim != 1 or len(coordinates) < 4 or len(coordinates) % 2:
            raise ValueError
        if not np.abs(coordinates).max() <= farthest:  # which also refuses what is no number
            raise ValueError
