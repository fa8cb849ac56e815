"""Examples for the head that predicts further masks: first clicks in windows of training pictures.

A window is encoded once and clicked at several places. All objects under a click are its ground truths: the
object that was meant, its whole, its parts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch

from cfr_icl.clicks import Click
from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.samples import Dataset, Sample, random_samples, useful
from cfr_icl.evaluation.metrics import iou
from cfr_icl.icl import mask_ious
from cfr_icl.learning.feature_pool import prompt_maps_of_first
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.hypotheses import SHARE, reduced_inputs
from cfr_icl.robot import error_distances, random_click

CLICKS = 6
"""Clicks on one window at most."""
MOST_GT_MASKS = 4
ALIKE = 0.85
"""Ground truths of this IoU are the same."""
MIN_SHARE = 0.004
"""Objects below this share of the window are left out."""


@dataclasses.dataclass(frozen=True)
class Recorded:
    """One first click: the inputs of the head, and the ground truths under the click.

    Attributes:
        maps: of the branch, float16 (C, h, w) each.
        first, clicks: as for `Hypotheses.forward`, float16 (1, h, w).
        gt_masks: int8 (T, h, w): 1 object, 0 background, -1 ignored; first the object that was meant.
        own: IoU of the network's own mask with each ground truth.
        dataset: number of the data set in the mixture.
    """

    maps: tuple[torch.Tensor, ...]
    first: torch.Tensor
    clicks: torch.Tensor
    gt_masks: torch.Tensor
    own: torch.Tensor
    dataset: int = 0

    def mirrored(self) -> Recorded:
        """The same for the mirror image, whose features the network computes nearly so."""
        return dataclasses.replace(
            self,
            maps=tuple(x.flip(2) for x in self.maps),
            first=self.first.flip(2),
            clicks=self.clicks.flip(2),
            gt_masks=self.gt_masks.flip(2),
        )


def record(
    network: CompactNet,
    datasets: Sequence[Dataset],
    weights: Sequence[float],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[Recorded]:
    """Endless first clicks on objects of a weighted mixture of data sets."""
    for drawn, image, gt_masks in windows(datasets, weights, augmentation, rng):
        for example in clicked(network, encoded(network, image), gt_masks, CLICKS, rng):
            yield dataclasses.replace(example, dataset=drawn)


def windows(
    datasets: Sequence[Dataset],
    weights: Sequence[float],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Endless windows of a mixture: the number of the data set, picture, and ground truths int8 (K, S, S)."""
    samples = random_samples(datasets, weights, rng)
    yield from useful(_window(drawn, sample, augmentation, rng) for drawn, sample in samples)


def _window(
    drawn: int, sample: Sample, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[int, np.ndarray, np.ndarray] | None:
    """A window as of `windows`; None without an object that is large enough."""
    if not any((gt_mask == 1).any() for gt_mask in sample.gt_masks):
        return None
    order = rng.permutation(len(sample.gt_masks))[:24]
    image, cuts = augmentation.cut(sample.image, np.stack([sample.gt_masks[n] for n in order]), rng)
    gt_masks = cuts[(cuts == 1).mean(axis=(1, 2)) >= MIN_SHARE]
    return (drawn, augmentation.recolour(image, rng), gt_masks) if len(gt_masks) else None


@torch.no_grad()
def encoded(network: CompactNet, image: np.ndarray) -> tuple[torch.Tensor, ...]:
    """The features of a window, uint8 (S, S, 3)."""
    picture = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None].float() / 255
    return network.encode(picture)


@torch.no_grad()
def clicked(
    network: CompactNet,
    features: tuple[torch.Tensor, ...],
    gt_masks: np.ndarray,
    most: int,
    rng: np.random.Generator,
) -> Iterator[Recorded]:
    """Click on up to `most` objects of an encoded window; `gt_masks` is int8 (K, S, S)."""
    clicks: list[Click] = []
    found: list[np.ndarray] = []
    for number in rng.permutation(len(gt_masks))[:most]:
        click = first_click(gt_masks[number].astype(np.int32), rng)
        if click:
            clicks.append(click)
            found.append(gt_masks_under(click, gt_masks, int(number)))
    if not clicks:
        return
    features = tuple(x.expand(len(clicks), -1, -1, -1) for x in features)
    prompt = prompt_maps_of_first(clicks, *gt_masks.shape[1:])
    logits, maps = network.decode_with_maps(features, prompt, first=network.takes_first_clicks)
    first, disks = reduced_inputs(logits, prompt[:, 1:2])
    for number, under in enumerate(found):
        own = mask_ious(torch.sigmoid(logits[number])[None], torch.from_numpy(under)[:, None])[:, 0]
        small = torch.stack([reduced(gt_mask) for gt_mask in under])
        seen = tuple(x[number].half().clone() for x in maps)
        yield Recorded(seen, first[number].half(), disks[number].half(), small, own)


def first_click(gt_mask: np.ndarray, rng: np.random.Generator) -> Click | None:
    """The robot user's first click of evaluation or of training, with equal probability.

    Args:
        gt_mask: int (H, W); None is returned where it has no object.
    """
    empty = np.zeros(gt_mask.shape, np.float32)
    if rng.random() < 0.5:
        return random_click(empty, gt_mask, rng)
    depth, _ = error_distances(empty, gt_mask)
    y, x = np.unravel_index(depth.argmax(), gt_mask.shape)
    return Click(int(x), int(y)) if depth.max() > 0 else None


def gt_masks_under(click: Click, gt_masks: np.ndarray, meant: int) -> np.ndarray:
    """The object that was meant, and all others under a click that differ: int8 (T, S, S)."""
    chosen = [meant]
    for other in np.flatnonzero(gt_masks[:, int(click.y), int(click.x)] == 1):
        pixels = gt_masks[other] == 1
        if all(iou(pixels, gt_masks[one] == 1) < ALIKE for one in chosen):
            chosen.append(int(other))
    return gt_masks[chosen[:MOST_GT_MASKS]]


def reduced(gt_mask: np.ndarray) -> torch.Tensor:
    """A ground truth at the resolution of the further masks, int8 (h, w)."""
    size = (gt_mask.shape[1] // SHARE, gt_mask.shape[0] // SHARE)
    inside, ignored = (
        cv2.resize((gt_mask == value).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for value in (1, -1)
    )
    return torch.from_numpy(np.where(ignored > 0, -1, inside > 0.5).astype(np.int8))
