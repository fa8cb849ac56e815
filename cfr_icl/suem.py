"""SUEM copy-paste: combine two training pictures into a harder one (CFR-ICL, arXiv 2303.05620, section 3.3).

The paper's modes are simple, union, exclusion and mixing; its published code has `occlusion` too.

Each mode takes a picture uint8 (H, W, 3) with its ground truth int8 (H, W), 1 object, 0 background, -1
ignored, and another picture and ground truth of the same size; it returns a picture and a ground truth.

Extension of the paper: the ground truth may hold several objects of the picture, int8 (K, H, W). The first
is the object of the paper. The others are pasted with it and lose the pixels that are pasted over them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MIN_VISIBLE = 20
"""An exclusion that leaves at most this number of object pixels is drawn again."""
MAX_TRIES = 5
"""The most exclusions that are drawn for a picture; after them the picture stays unchanged."""

Pair = tuple[np.ndarray, np.ndarray]


def simple(image: np.ndarray, gt_mask: np.ndarray, other_image: np.ndarray, alpha: float) -> Pair:
    """Paste the object on the other picture, blended with weight alpha; the ground truth is the object."""
    object_pixels = (gt_mask == 1).reshape(-1, *image.shape[:2]).any(axis=0)
    pasted = other_image.copy()
    pasted[object_pixels] = _blend(image[object_pixels], other_image[object_pixels], alpha)
    return pasted, (gt_mask == 1).astype(np.int8)


def union(image: np.ndarray, gt_mask: np.ndarray, other_image: np.ndarray, other_gt_mask: np.ndarray) -> Pair:
    """Paste the other object on the picture; the ground truth is both objects."""
    result = _covered(gt_mask, other_gt_mask)
    _first(result)[other_gt_mask == 1] = 1
    return _pasted(image, other_image, other_gt_mask), result


def exclusion(
    image: np.ndarray, gt_mask: np.ndarray, other_image: np.ndarray, other_gt_mask: np.ndarray
) -> Pair:
    """Paste the other object on the picture; the ground truth is the visible rest of the first object."""
    return _pasted(image, other_image, other_gt_mask), _covered(gt_mask, other_gt_mask)


def occlusion(
    image: np.ndarray, gt_mask: np.ndarray, other_image: np.ndarray, other_gt_mask: np.ndarray, alpha: float
) -> Pair:
    """Blend the other object over the picture with weight 1 - alpha; the ground truth stays."""
    pasted, region = image.copy(), other_gt_mask == 1
    pasted[region] = _blend(image[region], other_image[region], alpha)
    return pasted, gt_mask


def mixing(image: np.ndarray, gt_mask: np.ndarray, other_image: np.ndarray, alpha: float) -> Pair:
    """Blend the whole picture, with weight alpha, with the other one; the ground truth stays."""
    return _blend(image, other_image, alpha), gt_mask


@dataclass(frozen=True)
class SUEM:
    """Applies modes by chance: simple, then at most one of exclusion, union and occlusion, then mixing.

    Each field is the probability of a mode, 0 to 1; the defaults are those of the published code. Exclusion,
    union and occlusion are at most 1 together.

    Raises:
        ValueError: for other values.
    """

    simple: float = 0.5
    exclusion: float = 1 / 6
    union: float = 1 / 6
    occlusion: float = 1 / 6
    mixing: float = 0.5

    def __post_init__(self) -> None:
        overlapping = self.exclusion + self.union + self.occlusion
        if min(dataclasses.astuple(self)) < 0 or max(self.simple, self.mixing, overlapping) > 1 + 1e-9:
            raise ValueError(
                "SUEM's probabilities lie between 0 and 1, as does the sum of exclusion, union and occlusion."
            )

    def __call__(
        self, image: np.ndarray, gt_mask: np.ndarray, draw: Callable[[], Pair], rng: np.random.Generator
    ) -> Pair:
        """Apply the drawn modes to a picture and its ground truth.

        Args:
            image: uint8 (H, W, 3).
            gt_mask: int8 (H, W), or (K, H, W) for several objects.
            draw: returns another random picture and ground truth, int8 (H, W), of the same size.
        """
        if rng.random() < self.simple:
            image, gt_mask = simple(image, gt_mask, draw()[0], rng.uniform(0.5, 1))
        image, gt_mask = self._overlap(image, gt_mask, draw, rng)
        if rng.random() < self.mixing:
            image, gt_mask = mixing(image, gt_mask, draw()[0], rng.uniform(0.5, 1))
        return image, gt_mask

    def _overlap(
        self, image: np.ndarray, gt_mask: np.ndarray, draw: Callable[[], Pair], rng: np.random.Generator
    ) -> Pair:
        """Apply one of exclusion, union and occlusion, or none of them."""
        drawn = rng.random()
        if drawn < self.union:
            return union(image, gt_mask, *draw())
        if drawn < self.union + self.occlusion:
            return occlusion(image, gt_mask, *draw(), alpha=rng.uniform(0.5, 1))
        if drawn < self.union + self.occlusion + self.exclusion:
            for _ in range(MAX_TRIES):
                pasted, visible = exclusion(image, gt_mask, *draw())
                if np.count_nonzero(_first(visible) == 1) > MIN_VISIBLE:
                    return pasted, visible
        return image, gt_mask


def _covered(gt_mask: np.ndarray, other_gt_mask: np.ndarray) -> np.ndarray:
    """A ground truth without the pixels that the other object covers."""
    return np.where(other_gt_mask == 1, np.int8(0), gt_mask)


def _first(gt_mask: np.ndarray) -> np.ndarray:
    """The ground truth (H, W) of the paper's object, a view."""
    return gt_mask if gt_mask.ndim == 2 else gt_mask[0]


def _pasted(image: np.ndarray, other_image: np.ndarray, other_gt_mask: np.ndarray) -> np.ndarray:
    """The picture with the pixels of the other object pasted on it."""
    return np.where((other_gt_mask == 1)[..., None], other_image, image)


def _blend(image: np.ndarray, other_image: np.ndarray, alpha: float) -> np.ndarray:
    mixed = alpha * image.astype(np.float32) + (1 - alpha) * other_image.astype(np.float32)
    return np.rint(mixed).astype(np.uint8)
