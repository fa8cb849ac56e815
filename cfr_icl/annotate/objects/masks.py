"""Masks in the field's compact form: COCO run lengths, column by column."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco

from cfr_icl.rectangle import Rectangle
from cfr_icl.rle import decode_runs, encode_run

MERGED_AT_ONCE = 10


@dataclass(frozen=True)
class Mask:
    """A binary mask as COCO run lengths; small enough to keep one for every step of a session."""

    height: int
    width: int
    counts: str

    @classmethod
    def _of_coco(cls, encoded: dict[str, Any]) -> Mask:
        height, width = encoded["size"]
        return cls(height, width, encoded["counts"].decode("ascii"))

    @classmethod
    def of(cls, pixels: np.ndarray) -> Mask:
        """Encode bool (H, W)."""
        by_column = pixels.view(np.uint8)
        if not by_column.flags.f_contiguous:
            # OpenCV transposes many times faster than NumPy
            by_column = cv2.transpose(np.ascontiguousarray(by_column)).T
        return cls._of_coco(coco.encode(by_column))

    @classmethod
    def of_runs(cls, height: int, width: int, runs: Sequence[int] | np.ndarray) -> Mask:
        """Encode run lengths, background and object in turn, column by column."""
        return cls._of_coco(coco.frPyObjects({"size": [height, width], "counts": runs}, height, width))

    @classmethod
    def placed(cls, part: np.ndarray, left: int, top: int, height: int, width: int) -> Mask:
        """Encode uint8 (h, w) of 0 and 1 that lies at (left, top) in a picture of (height, width)."""
        rows = part.shape[0]
        columns = np.zeros((part.shape[1], rows + 2), np.uint8)
        columns[:, 1:-1] = part.T
        column, row = np.divmod(np.flatnonzero(columns[:, 1:] != columns[:, :-1]), rows + 1)
        # a run that ends with its column and one that begins with the next are one
        places, times = np.unique((left + column) * height + top + row, return_counts=True)
        runs = np.diff(places[times == 1], prepend=0, append=height * width)
        return cls.of_runs(height, width, runs)

    @classmethod
    def empty(cls, height: int, width: int) -> Mask:
        return cls.of_runs(height, width, [height * width])

    @classmethod
    def parse(cls, height: int, width: int, counts: str) -> Mask:
        """A mask from a file; raises ValueError unless its runs fill the picture exactly."""
        runs = decode_runs(counts)
        if runs.min(initial=0) < 0 or runs.sum() != height * width:
            raise ValueError("The run lengths of a mask do not fill its picture.")
        return cls(height, width, counts)

    @classmethod
    def union(cls, masks: Sequence[Mask]) -> Mask:
        """All pixels of one or more masks of equal size."""
        if len(masks) > MERGED_AT_ONCE:  # in groups: merging one by one would visit the whole union each time
            parts = range(0, len(masks), MERGED_AT_ONCE)
            return cls.union([cls.union(masks[i : i + MERGED_AT_ONCE]) for i in parts])
        return cls._of_coco(coco.merge([mask.coco for mask in masks]))

    def intersection(self, other: Mask) -> Mask:
        """The pixels that both masks hold, computed from run lengths."""
        return self._of_coco(coco.merge([self.coco, other.coco], intersect=True))

    def shares_inside(self, masks: Sequence[Mask]) -> list[float]:
        """The share of each of these masks that lies in this one, 0 to 1."""
        if not masks:
            return []
        return coco.iou([mask.coco for mask in masks], [self.coco], [True])[:, 0].tolist()

    def iou(self, other: Mask) -> float:
        """Intersection over union of two masks of one picture, 0 to 1."""
        return float(coco.iou([self.coco], [other.coco], [False])[0, 0])

    def without(self, other: Mask) -> Mask:
        """The pixels that the other mask does not hold, computed from run lengths."""
        return self.intersection(other.inverted())

    def inverted(self) -> Mask:
        """All other pixels.

        An empty run of background is inserted at the start, or removed. COCO encodes runs from the fourth on
        as differences to the last but one, so only the first runs are encoded anew.
        """
        runs = re.findall(r"[P-o]*[0-O]", self.counts[:64])[:4]
        first = decode_runs("".join(runs)).tolist()
        rest = self.counts[len("".join(runs)) :]
        if first[0]:
            begin = [0, *first[:2], *(run - first[0] for run in first[2:3])]
            rest = "".join(runs[3:]) + rest
        else:
            begin = first[1:]
        return Mask(self.height, self.width, "".join(map(encode_run, begin)) + rest)

    def boxes_overlap(self, other: Mask) -> bool:
        """Whether the bounding boxes of the masks overlap; a quick test before `overlaps`."""
        return self.box.overlap(other.box) > 0

    def overlaps(self, other: Mask) -> bool:
        """Whether the masks have pixels in common."""
        return self.boxes_overlap(other) and self.intersection(other).area > 0

    @property
    def coco(self) -> dict:
        """The mask as pycocotools and COCO files hold it."""
        return {"size": [self.height, self.width], "counts": self.counts}

    @property
    def pixels(self) -> np.ndarray:
        """Decode to bool (H, W)."""
        return cv2.transpose(coco.decode(self.coco).T).view(bool)

    @property
    def box_pixels(self) -> np.ndarray:
        """The pixels inside its bounding box, bool (height, width)."""
        return self.cropped(self.box)

    def cropped(self, box: Rectangle) -> np.ndarray:
        """Decode the pixels inside a rectangle, bool (height, width)."""
        ends = np.cumsum(decode_runs(self.counts))
        first, end = box.left * self.height, box.right * self.height
        begin, stop = np.searchsorted(ends, (first, end))
        lengths = np.diff(ends[begin : stop + 1].clip(first, end), prepend=first)
        columns = np.repeat(np.arange(begin, begin + len(lengths)) % 2 == 1, lengths)
        return columns.reshape(box.width, self.height).T[box.top : box.bottom]

    def contains(self, x: float, y: float) -> bool:
        """Whether the pixel at (x, y), which must be in the picture, belongs to the mask."""
        left, top = int(x), int(y)
        return bool(self.cropped(Rectangle(left, top, left + 1, top + 1))[0, 0])

    @cached_property
    def area(self) -> int:
        return int(coco.area(self.coco))

    @cached_property
    def box(self) -> Rectangle:
        """The bounding box; all zeros for an empty mask."""
        left, top, width, height = (int(v) for v in coco.toBbox(self.coco))
        return Rectangle(left, top, left + width, top + height)

    @cached_property
    def version(self) -> str:
        """A short digest of the content, equal for equal masks of one picture."""
        return f"{zlib.crc32(self.counts.encode()):08x}{len(self.counts):x}"
