"""Make training examples from a mixture of data sets, with augmentation and SUEM."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cfr_icl.clicks import Click
from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.samples import Dataset, Sample, random_samples, useful
from cfr_icl.suem import SUEM, Pair


@dataclass(frozen=True)
class Example:
    """A training example: a picture uint8 (3, S, S) with K of its objects.

    `gt_mask` is int8 (K, S, S), `clicks` the first clicks of each object, `seeds` those of the numbers that
    the loss draws for each.
    """

    image: torch.Tensor
    gt_mask: torch.Tensor
    clicks: list[list[Click]]
    seeds: list[int]


@dataclass(frozen=True)
class Batch:
    """B pictures uint8 (B, 3, S, S) and N objects in them.

    `gt_mask` is int8 (N, 1, S, S), `clicks` the first clicks of each object, `picture_indices` int64 (N,)
    the index of each object's picture, `seeds` those of each object's random numbers.
    """

    image: torch.Tensor
    gt_mask: torch.Tensor
    clicks: list[list[Click]]
    picture_indices: torch.Tensor
    seeds: Sequence[int] = ()


class TrainingExamples(torch.utils.data.Dataset):
    """Endless examples from a weighted mixture of data sets.

    Example number i depends only on `seed` and i, so that training can resume with any number of workers and
    processes.
    """

    def __init__(
        self,
        datasets: Sequence[Dataset],
        weights: Sequence[float],
        augmentation: Augmentation,
        suem: SUEM | None,
        seed: int = 0,
    ) -> None:
        self.datasets = datasets
        self.weights = weights
        self.augmentation = augmentation
        self.suem = suem
        self.seed = seed

    def __getitem__(self, index: int) -> Example:
        """Example number `index`.

        Raises:
            ValueError: when none of many random pictures has an object to click on.
        """
        rng = np.random.default_rng((self.seed, index))
        return next(useful(self._example(rng) for _ in itertools.repeat(None)))

    def _example(self, rng: np.random.Generator) -> Example | None:
        """A random example; None if there is nothing to click on."""
        augmentation = self.augmentation
        image, gt_masks = self._draw(rng, augmentation.objects)
        if self.suem:
            image, gt_masks = self.suem(image, gt_masks, lambda: self._paste(rng), rng)
        gt_masks = augmentation.large(gt_masks)
        objects = [(gt_mask, augmentation.first_clicks(gt_mask, rng)) for gt_mask in gt_masks]
        objects = [(gt_mask, clicks) for gt_mask, clicks in objects if clicks]
        if not objects:
            return None
        image = augmentation.recolour(image, rng)
        return Example(
            torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))),
            torch.from_numpy(np.stack([gt_mask for gt_mask, _ in objects])),
            [clicks for _, clicks in objects],
            rng.integers(2**63, size=len(objects)).tolist(),
        )

    def _paste(self, rng: np.random.Generator) -> Pair:
        """A window of another picture with one object, its ground truth (H, W)."""
        image, gt_masks = self._draw(rng, 1)
        return image, gt_masks[0]

    def _draw(self, rng: np.random.Generator, most: int) -> Pair:
        """A window of a random picture with up to `most` of its objects, int8 (K, S, S).

        The window lies around the first; with a small probability an object is two of them merged.

        Raises:
            ValueError: when hardly any picture has an object that is large enough.
        """
        samples = random_samples(self.datasets, self.weights, rng)
        return next(useful(self._window(sample, rng, most) for _, sample in samples))

    def _window(self, sample: Sample, rng: np.random.Generator, most: int) -> Pair | None:
        """A window of a picture, as `_draw` says; None if the first object is too small."""
        gt_masks = self._objects(sample, rng, most)
        if not gt_masks:
            return None
        image, cuts = self.augmentation.cut(sample.image, np.stack(gt_masks), rng)
        cuts = self.augmentation.large(cuts)
        return (image, cuts) if len(cuts) else None

    def _objects(self, sample: Sample, rng: np.random.Generator, most: int) -> list[np.ndarray]:
        """Ground truths (H, W) of up to `most` random objects; none if the first is too small."""
        if not sample.gt_masks:
            return []
        first = int(rng.integers(len(sample.gt_masks)))
        if np.count_nonzero(sample.gt_masks[first] == 1) < self.augmentation.min_pixels:
            return []
        gt_masks = [self.merged(sample.gt_masks[first], sample, rng)]
        if most > 1:
            others = [number for number in rng.permutation(len(sample.gt_masks)) if number != first]
            gt_masks += [self.merged(sample.gt_masks[number], sample, rng) for number in others[: most - 1]]
        return gt_masks

    def merged(self, gt_mask: np.ndarray, sample: Sample, rng: np.random.Generator) -> np.ndarray:
        """With probability `merge`, the union of a ground truth with a random one of the same picture."""
        if rng.random() >= self.augmentation.merge:
            return gt_mask
        other = sample.gt_masks[int(rng.integers(len(sample.gt_masks)))]
        return np.where((gt_mask == 1) | (other == 1), np.int8(1), np.minimum(gt_mask, other))


def collate(examples: Sequence[Example]) -> Batch:
    """Join examples to one batch of all their pictures and objects."""
    counts = torch.tensor([len(e.gt_mask) for e in examples])
    return Batch(
        torch.stack([e.image for e in examples]),
        torch.cat([e.gt_mask for e in examples])[:, None],
        [clicks for e in examples for clicks in e.clicks],
        torch.repeat_interleave(torch.arange(len(examples)), counts),
        [seed for e in examples for seed in e.seeds],
    )
