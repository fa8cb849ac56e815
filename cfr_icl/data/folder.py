"""A plain folder of pictures and label maps: `images/NAME.jpg` with `masks/NAME.png`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cfr_icl.data.files import (
    ignore_outline,
    matching_files,
    object_gt_mask,
    picture_files,
    read_labels,
    read_shown,
    require,
    stored_size,
)
from cfr_icl.data.samples import Sample

IGNORE = 255


class FolderDataset:
    """Pictures with label maps: 0 background, 255 ignored, every other value one object.

    Pictures are turned by their EXIF (`read_shown`). With `components` each connected part of a value is an
    object of its own, for label maps that hold classes. With `background` the background is one more object,
    so that training also sees surfaces with objects on them; with `whole` all values together are one more.
    Objects of fewer than `min_pixels` are left out.

    Pixels at most `band` pixels from an outline are ignored, unless that would leave less than half of the
    object: outlines that were drawn by hand are inexact.

    Raises:
        FileNotFoundError: when a folder or a picture's label map is missing.
    """

    shown = True

    def __init__(
        self,
        root: str | Path,
        components: bool = False,
        min_pixels: int = 1,
        background: bool = False,
        whole: bool = False,
        band: float = 0.0,
    ) -> None:
        self.components = components
        self.background = background
        self.whole = whole
        self.band = band
        self.min_pixels = min_pixels
        require(Path(root), "images", "masks")
        self.pictures = picture_files(Path(root) / "images")
        self.names = [path.stem for path in self.pictures]
        self.masks = matching_files(self.names, Path(root) / "masks")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image = read_shown(self.pictures[index], stored_size(self.masks[index]))
        labels = read_labels(self.masks[index], like=image)
        regions = [labels == value for value in np.unique(labels) if value not in (0, IGNORE)]
        if self.components:
            regions = [part for region in regions for part in _components(region)]
        ignored = labels == IGNORE
        if self.background:
            regions.append(labels == 0)
        if self.whole:
            regions.append((labels != 0) & ~ignored)
        gt_masks = [object_gt_mask(r, ignored) for r in regions if np.count_nonzero(r) >= self.min_pixels]
        if self.band:
            gt_masks = [ignore_outline(gt_mask, self.band) for gt_mask in gt_masks]
        return Sample(self.names[index], image, gt_masks)


def _components(mask: np.ndarray) -> list[np.ndarray]:
    count, parts = cv2.connectedComponents(mask.astype(np.uint8))
    return [parts == part for part in range(1, count)]
