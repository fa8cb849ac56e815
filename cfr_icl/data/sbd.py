"""SBD: `img/NAME.jpg` with `inst/NAME.mat`, and the names of each split in `SPLIT.txt`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from cfr_icl.data.files import label_gt_masks, read_rgb, require, require_files
from cfr_icl.data.samples import Sample
from cfr_icl.rectangle import Rectangle


class SbdDataset:
    """The Semantic Boundaries Dataset; the root is `benchmark_RELEASE/dataset` of its archive.

    Objects that fill less than `min_fill` of their bounding box are left out: published training
    uses 0.08 against damaged annotations, evaluation keeps all.
    """

    def __init__(self, root: str | Path, split: str = "val", min_fill: float = 0.0) -> None:
        self.root, self.min_fill = Path(root), min_fill
        require(self.root, "img", "inst", f"{split}.txt")
        self.names = (self.root / f"{split}.txt").read_text().split()
        self.pictures = [self.root / "img" / f"{name}.jpg" for name in self.names]
        require_files(self.root / "img", [f"{name}.jpg" for name in self.names])
        require_files(self.root / "inst", [f"{name}.mat" for name in self.names])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        name = self.names[index]
        labels = loadmat(str(self.root / "inst" / f"{name}.mat"))["GTinst"]["Segmentation"][0, 0]
        gt_masks = [gt_mask for gt_mask in label_gt_masks(labels) if _fill(gt_mask == 1) >= self.min_fill]
        return Sample(name, read_rgb(self.pictures[index]), gt_masks)


def _fill(region: np.ndarray) -> float:
    """The share of its bounding box that a region fills, 0 to 1."""
    return np.count_nonzero(region) / Rectangle.of_mask(region).area
