"""COCO: `annotations/instances_SPLIT.json` with the pictures in `SPLIT/`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from cfr_icl.data.files import object_truth, read_rgb, require, require_files
from cfr_icl.data.samples import Sample


class InstanceDataset:
    """Pictures with the objects that a JSON file in COCO's format lists for them.

    Crowds are ignored pixels of all objects of their picture; pictures without entries are left out.
    `picture` says where the picture of an entry lies under the root.
    """

    def __init__(self, root: Path, annotations: str, picture: Callable[[dict[str, Any]], str]) -> None:
        require(root, annotations)
        content = json.loads((root / annotations).read_text(encoding="utf-8"))
        objects: dict[int, list] = defaultdict(list)
        for entry in content["annotations"]:
            objects[entry["image_id"]].append([entry["segmentation"], entry.get("iscrowd", 0)])
        images = sorted((i for i in content["images"] if i["id"] in objects), key=lambda i: i["id"])
        self.pictures = [root / picture(image) for image in images]
        self.names = [path.stem for path in self.pictures]
        # Text instead of a million lists: smaller, and worker processes share it untouched.
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
        return Sample(self.names[index], image, [object_truth(region, crowd) for region in regions])


class CocoDataset(InstanceDataset):
    """COCO 2017 as unpacked from the official archives; `split` is train2017 or val2017."""

    def __init__(self, root: str | Path, split: str = "val2017") -> None:
        annotations = f"annotations/instances_{split}.json"
        super().__init__(Path(root), annotations, lambda image: f"{split}/{image['file_name']}")


def decode(segmentation: Sequence | dict, height: int, width: int) -> np.ndarray:
    """The pixels, bool (height, width), of polygons or of a run-length code, packed or not."""
    if isinstance(segmentation, list):
        code = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        code = coco_mask.frPyObjects(segmentation, height, width)
    else:
        code = segmentation
    return coco_mask.decode(code).astype(bool)
