"""COCO: `annotations/instances_SPLIT.json` with the pictures in `SPLIT/`."""

from __future__ import annotations

import dataclasses
import gzip
import json
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
    require,
    require_files,
)
from cfr_icl.data.folder import IGNORE
from cfr_icl.data.samples import Sample


class InstanceDataset:
    """Pictures with the objects of a JSON file in COCO's format.

    Pixels of crowds are ignored in all objects of their picture; pictures without objects are left out.

    Args:
        root: folder of the data set.
        annotations: path of the JSON file below it.
        picture: returns the path of a picture below the root, from its entry in the file.

    Raises:
        FileNotFoundError: when the file or a picture is missing.
    """

    def __init__(self, root: Path, annotations: str, picture: Callable[[dict[str, Any]], str]) -> None:
        require(root, annotations)
        content = read_json(root / annotations)
        objects: dict[int, list] = defaultdict(list)
        for entry in content["annotations"]:
            objects[entry["image_id"]].append([entry["segmentation"], entry.get("iscrowd", 0)])
        images = sorted((i for i in content["images"] if i["id"] in objects), key=lambda i: i["id"])
        self.pictures = [root / picture(image) for image in images]
        self.names: Sequence[str] = [path.stem for path in self.pictures]
        # as text: smaller than a million lists, and worker processes share its memory
        self._objects = [json.dumps(objects[image["id"]]) for image in images]
        for folder in sorted({path.parent for path in self.pictures}):
            require_files(folder, [path.name for path in self.pictures if path.parent == folder])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image = read_rgb(self.pictures[index])
        regions, crowd = [], np.zeros(image.shape[:2], bool)
        for segmentation, is_crowd in json.loads(self._objects[index]):
            region = decode(segmentation, *image.shape[:2])
            if is_crowd:
                crowd |= region
            elif region.any():
                regions.append(region)
        return Sample(self.names[index], image, [object_gt_mask(region, crowd) for region in regions])


class CocoDataset(InstanceDataset):
    """COCO 2017 as unpacked from the official archives; `split` is train2017 or val2017."""

    def __init__(self, root: str | Path, split: str = "val2017") -> None:
        annotations = f"annotations/instances_{split}.json"
        super().__init__(Path(root), annotations, lambda image: f"{split}/{image['file_name']}")


class CocoFileDataset(InstanceDataset):
    """The pictures of a folder with the objects of a COCO file, which may be packed with gzip.

    Objects may overlap. `masks` is a folder of label maps, as for `FolderDataset`, whose objects are
    added to those of the file; along their outlines `band` pixels are ignored as there. Objects of fewer
    than `min_pixels` are left out.
    """

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


def read_json(path: Path) -> Any:
    """Read a JSON file, also one packed with gzip (.gz)."""
    open_file = gzip.open if path.suffix == ".gz" else open
    with open_file(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def decode(segmentation: list | dict, height: int, width: int) -> np.ndarray:
    """The mask, bool (height, width), of polygons or of run lengths as a list or a string."""
    if isinstance(segmentation, list):
        code = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        code = coco_mask.frPyObjects(segmentation, height, width)
    else:
        code = segmentation
    return coco_mask.decode(code).astype(bool)
