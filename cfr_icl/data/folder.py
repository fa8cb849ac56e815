"""A plain folder of pictures and label maps: `images/NAME.jpg` with `masks/NAME.png`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cfr_icl.data.samples import Sample

IGNORE = 255
PICTURE_TYPES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


class FolderDataset:
    """Pictures with label maps: 0 background, 255 ignored, every other value one object.

    With `components` each connected part of a value is an object of its own, for label maps that
    hold classes. Objects of fewer than `min_pixels` are left out.

    Raises:
        FileNotFoundError: when a folder or a picture's label map is missing.
    """

    def __init__(self, root: str | Path, components: bool = False, min_pixels: int = 1) -> None:
        self.root = Path(root)
        self.components = components
        self.min_pixels = min_pixels
        for part in ("images", "masks"):
            if not (self.root / part).is_dir():
                raise FileNotFoundError(
                    f"{self.root} has no folder {part}/; expected are images/NAME.jpg and masks/NAME.png."
                )
        self.pictures = sorted(
            path for path in (self.root / "images").iterdir() if path.suffix.lower() in PICTURE_TYPES
        )
        masks = {path.stem for path in (self.root / "masks").glob("*.png")}
        missing = [path.name for path in self.pictures if path.stem not in masks]
        if missing or not self.pictures:
            what = f"{len(missing)} pictures, the first {missing[0]}," if missing else "no pictures, so none"
            raise FileNotFoundError(f"{self.root}/masks lacks label maps: there are {what} without one.")
        self.names = [path.stem for path in self.pictures]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Sample:
        path = self.pictures[index]
        image = np.asarray(Image.open(path).convert("RGB"))
        labels = np.asarray(Image.open(self.root / "masks" / f"{path.stem}.png")).astype(np.uint8)
        return Sample(path.stem, image, self._truths(labels))

    def _truths(self, labels: np.ndarray) -> list[np.ndarray]:
        truths = []
        for value in np.unique(labels):
            if value in (0, IGNORE):
                continue
            for region in _components(labels == value) if self.components else [labels == value]:
                if np.count_nonzero(region) >= self.min_pixels:
                    truth = region.astype(np.int8)
                    truth[labels == IGNORE] = -1
                    truths.append(truth)
        return truths


def _components(mask: np.ndarray) -> list[np.ndarray]:
    count, parts = cv2.connectedComponents(mask.astype(np.uint8))
    return [parts == part for part in range(1, count)]
