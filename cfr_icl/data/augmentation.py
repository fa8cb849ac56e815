"""From samples to training examples: windows, SUEM, colours and first clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from cfr_icl.clicks import Click
from cfr_icl.data.samples import Dataset, Sample
from cfr_icl.robot import random_click
from cfr_icl.suem import SUEM, Pair


@dataclass(frozen=True)
class Augmentation:
    """How a training window is cut from a picture, coloured, and clicked first.

    A window is the whole picture (`whole`), a zoom window around the object as inference sees it
    (`zoomed`, its object box times `zoom` but at least `min_side` picture pixels), or else the
    published random crop (`scale`, then padded and cropped to `size`). A zoom window may surround
    a part of the object only (`partial`), as it does when the answer before missed the rest.
    """

    size: int = 448
    whole: float = 0.0
    zoomed: float = 0.0
    zoom: tuple[float, float] = (1.1, 2.0)
    min_side: int = 200
    partial: float = 0.0
    scale: tuple[float, float] = (0.75, 1.40)
    brightness: tuple[float, float] = (-0.25, 0.25)
    contrast: tuple[float, float] = (-0.15, 0.40)
    rgb_shift: int = 10
    colour: float = 0.75
    merge: float = 0.15
    min_pixels: int = 60
    first_from_error: float = 0.5
    max_clicks: int = 24
    click_decay: float = 0.7

    def window(self, image: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The (left, top, right, bottom) in picture pixels that becomes the training picture."""
        height, width = truth.shape
        kind = rng.random()
        if kind < self.whole:
            return np.array([0, 0, width, height], float) + rng.uniform(0, 0.05) * np.array(
                [width, height, -width, -height]
            )
        rows, columns = np.flatnonzero((truth == 1).any(1)), np.flatnonzero((truth == 1).any(0))
        box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
        centre, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        if kind < self.whole + self.zoomed:
            if rng.random() < self.partial:
                part = sides * rng.uniform(0.3, 0.9, 2)
                centre = centre + rng.uniform(-0.5, 0.5, 2) * (sides - part)
                sides = part
            sides = np.maximum(sides * rng.uniform(*self.zoom), self.min_side * rng.uniform(0.6, 1.2))
            centre = centre + rng.uniform(-0.12, 0.12, 2) * sides
        else:
            sides = np.full(2, self.size / rng.uniform(*self.scale))
            low, high = np.minimum(sides / 2, centre), np.maximum([width, height] - sides / 2, centre)
            centre = np.clip(rng.uniform(low, high), centre - sides / 2, centre + sides / 2)
            return np.concatenate([centre - sides / 2, centre + sides / 2])
        window = np.concatenate([centre - sides / 2, centre + sides / 2])
        return np.clip(window, 0, [width, height, width, height])

    def cut(self, image: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> Pair:
        """A training picture and truth of `size` by `size`, mirrored half of the time."""
        left, top, right, bottom = self.window(image, truth, rng)
        across, down = self.size / (right - left), self.size / (bottom - top)
        flip = rng.random() < 0.5
        if flip:
            matrix = np.array([[-across, 0, right * across - 1], [0, down, -top * down]])
        else:
            matrix = np.array([[across, 0, -left * across], [0, down, -top * down]])
        shape = (self.size, self.size)
        shrinking = min(across, down) < 0.75
        smooth = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        inside = left >= 0 and top >= 0 and right <= image.shape[1] and bottom <= image.shape[0]
        if inside:
            rows, columns = slice(int(top), int(np.ceil(bottom))), slice(int(left), int(np.ceil(right)))
            picture = cv2.resize(np.ascontiguousarray(image[rows, columns]), shape, interpolation=smooth)
            wanted = _resized_truth(truth[rows, columns], shape, smooth)
            return (picture[:, ::-1], wanted[:, ::-1]) if flip else (picture, wanted)
        picture = cv2.warpAffine(image, matrix, shape, flags=cv2.INTER_LINEAR)
        return picture, cv2.warpAffine(truth, matrix, shape, flags=cv2.INTER_NEAREST)

    def recolour(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Brightness, contrast and channel shifts, each time the dice say so."""
        gain, offset = 1.0, np.zeros(3)
        if rng.random() < self.colour:
            gain = 1 + rng.uniform(*self.contrast)
            offset += 255 * rng.uniform(*self.brightness)
        if rng.random() < self.colour:
            offset += rng.uniform(-self.rgb_shift, self.rgb_shift, 3)
        tables = np.clip(np.arange(256)[:, None] * gain + offset, 0, 255).astype(np.uint8)
        return cv2.LUT(np.ascontiguousarray(image), tables[:, None, :])

    def first_clicks(self, truth: np.ndarray, rng: np.random.Generator) -> list[Click]:
        """One click as the robot makes it, or several sampled on, around and beside the object."""
        if rng.random() < self.first_from_error:
            click = random_click(np.zeros(truth.shape), truth, rng)
            return [click] if click else []
        positive = _sample(truth == 1, 1 + self._count(rng, self.max_clicks // 2 - 1), True, rng)
        border = cv2.dilate((truth == 1).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=10) > 0
        beside = (truth == 0) & border if rng.random() < 0.5 else truth == 0
        negative = _sample(beside, self._count(rng, self.max_clicks // 2), False, rng)
        return positive + negative

    def _count(self, rng: np.random.Generator, limit: int) -> int:
        return min(limit, int(rng.geometric(1 - self.click_decay)) - 1)


@dataclass(frozen=True)
class Example:
    """What a network is trained on: picture uint8 (3, S, S), truth int8 (1, S, S), first clicks."""

    image: torch.Tensor
    truth: torch.Tensor
    clicks: list[Click]


class TrainingExamples(torch.utils.data.Dataset):
    """Endless examples from a weighted mixture of data sets.

    Example number i depends on `seed` and i alone, so that training resumes where it stopped,
    with any number of workers and processes.
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
        self.weights = np.asarray(weights, float) / sum(weights)
        self.augmentation = augmentation
        self.suem = suem
        self.seed = seed

    def __getitem__(self, index: int) -> Example:
        """Example number `index`; another draw is made where one left nothing to click on."""
        rng = np.random.default_rng((self.seed, index))
        augmentation = self.augmentation
        while True:
            image, truth = self._draw(rng)
            if self.suem:
                image, truth = self.suem(image, truth, lambda: self._draw(rng), rng)
            if np.count_nonzero(truth == 1) < augmentation.min_pixels:
                continue
            clicks = augmentation.first_clicks(truth, rng)
            if clicks:
                break
        image = augmentation.recolour(image, rng)
        return Example(
            torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))),
            torch.from_numpy(np.ascontiguousarray(truth))[None],
            clicks,
        )

    def _draw(self, rng: np.random.Generator) -> Pair:
        """A window of a random picture with one of its objects, or two of them merged."""
        while True:
            dataset = self.datasets[rng.choice(len(self.datasets), p=self.weights)]
            sample = dataset[int(rng.integers(len(dataset)))]
            truth = self._object(sample, rng)
            if truth is None:
                continue
            image, truth = self.augmentation.cut(sample.image, truth, rng)
            if np.count_nonzero(truth == 1) >= self.augmentation.min_pixels:
                return image, truth

    def _object(self, sample: Sample, rng: np.random.Generator) -> np.ndarray | None:
        if not sample.truths:
            return None
        truth = sample.truths[rng.integers(len(sample.truths))]
        if np.count_nonzero(truth == 1) < self.augmentation.min_pixels:
            return None
        if rng.random() < self.augmentation.merge:
            truth = np.maximum(truth, sample.truths[rng.integers(len(sample.truths))])
        return truth


def collate(examples: Sequence[Example]) -> Example:
    """A batch: pictures (B, 3, S, S), truths (B, 1, S, S) and a list of clicks for each."""
    return Example(
        torch.stack([e.image for e in examples]),
        torch.stack([e.truth for e in examples]),
        [e.clicks for e in examples],
    )


def _resized_truth(truth: np.ndarray, shape: tuple[int, int], interpolation: int) -> np.ndarray:
    """A truth where its picture is: OpenCV's nearest pixel would lie half a pixel beside it."""
    wanted = (truth == 1).astype(np.float32)
    found = (cv2.resize(wanted, shape, interpolation=interpolation) > 0.5).astype(np.int8)
    if (truth == -1).any():
        ignored = (truth == -1).astype(np.uint8)
        found[cv2.resize(ignored, shape, interpolation=cv2.INTER_NEAREST_EXACT) == 1] = -1
    return found


def _sample(region: np.ndarray, count: int, positive: bool, rng: np.random.Generator) -> list[Click]:
    pixels = np.flatnonzero(region)
    if not len(pixels) or not count:
        return []
    rows, columns = np.unravel_index(rng.choice(pixels, count), region.shape)
    return [Click(int(x), int(y), positive) for x, y in zip(columns, rows, strict=True)]
