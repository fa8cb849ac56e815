"""Masks in the field's compact form: COCO run lengths, column by column."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pycocotools import mask as coco


@dataclass(frozen=True)
class Mask:
    """A binary mask as COCO run lengths; small enough to keep one for every step of a session."""

    height: int
    width: int
    counts: str

    @classmethod
    def of(cls, pixels: np.ndarray) -> Mask:
        """Encode bool (H, W)."""
        encoded = coco.encode(np.asfortranarray(pixels.astype(np.uint8, copy=False)))
        return cls(*encoded["size"], encoded["counts"].decode("ascii"))

    @classmethod
    def empty(cls, height: int, width: int) -> Mask:
        return cls.of(np.zeros((height, width), bool))

    @classmethod
    def union(cls, masks: Sequence[Mask]) -> Mask:
        """All pixels of one or more masks of equal size."""
        merged = coco.merge([mask.coco for mask in masks])
        return cls(*merged["size"], merged["counts"].decode("ascii"))

    @property
    def coco(self) -> dict:
        """The mask as pycocotools and COCO files hold it."""
        return {"size": [self.height, self.width], "counts": self.counts}

    @property
    def pixels(self) -> np.ndarray:
        """Decode to bool (H, W)."""
        return coco.decode(self.coco).astype(bool)

    @cached_property
    def area(self) -> int:
        return int(coco.area(self.coco))

    @cached_property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the smallest rectangle around it; zeros when empty."""
        return tuple(int(v) for v in coco.toBbox(self.coco))

    @cached_property
    def version(self) -> str:
        """A short name of the contents, equal for equal masks of one picture."""
        return f"{zlib.crc32(self.counts.encode()):08x}{len(self.counts):x}"
