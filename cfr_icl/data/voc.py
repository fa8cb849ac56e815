"""Pascal VOC 2012: `JPEGImages`, `SegmentationObject` and `ImageSets/Segmentation/SPLIT.txt`."""

from __future__ import annotations

from pathlib import Path

from cfr_icl.data.files import label_gt_masks, read_labels, read_rgb, require, require_files
from cfr_icl.data.samples import Sample

VOID = 255


class VocDataset:
    """The object masks of VOC 2012; the root is `VOCdevkit/VOC2012`; void pixels are ignored."""

    def __init__(self, root: str | Path, split: str = "val") -> None:
        self.root = Path(root)
        names = f"ImageSets/Segmentation/{split}.txt"
        require(self.root, "JPEGImages", "SegmentationObject", names)
        self.names = (self.root / names).read_text().split()
        self.pictures = [self.root / "JPEGImages" / f"{name}.jpg" for name in self.names]
        require_files(self.root / "JPEGImages", [f"{name}.jpg" for name in self.names])
        require_files(self.root / "SegmentationObject", [f"{name}.png" for name in self.names])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        name = self.names[index]
        image = read_rgb(self.pictures[index])
        labels = read_labels(self.root / "SegmentationObject" / f"{name}.png", like=image)
        return Sample(name, image, label_gt_masks(labels, VOID))
