"""Training windows with their features, for a frozen encoder: encoded once, used in several steps.

Each use of a window has new clicks; the oldest window is replaced by a newly augmented one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from cfr_icl.clicks import Click, disk_maps
from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.examples import Batch, Example
from cfr_icl.models.base import Features, map_features
from cfr_icl.models.map_model import MapModel

AWAY = 9
"""Pixels between the objects of a window and a click beside them."""


@dataclass(frozen=True)
class Reminder:
    """A click beside the objects of a window, and the starting model's answer to it."""

    click: Click
    probabilities: torch.Tensor
    """float16 (1, S, S)."""


@dataclass(frozen=True)
class Encoded:
    """A training window with its features, in half precision, and a reminder where there is room for one."""

    example: Example
    features: Features
    reminder: Reminder | None


@dataclass(frozen=True)
class Drawn:
    """A batch with the features of its pictures, and B' reminders with the numbers of their pictures."""

    batch: Batch
    features: Features
    reminders: Sequence[Reminder]
    reminded: torch.Tensor
    """int64 (B',)."""


class FeaturePool:
    """Windows in memory; a new one replaces the oldest.

    Args:
        model: the network with the frozen encoder.
        teacher: the starting model.
        make: returns the window with this number.
        size: largest number of windows.
    """

    def __init__(
        self,
        model: MapModel,
        teacher: MapModel,
        make: Callable[[int], Example],
        augmentation: Augmentation,
        size: int,
    ) -> None:
        self._model, self._teacher, self._make = model, teacher, make
        self._augmentation = augmentation
        self._size = size
        self._windows: list[Encoded] = []

    def __len__(self) -> int:
        return len(self._windows)

    @torch.no_grad()
    def add(self, number: int) -> None:
        """Make and encode the window with this number."""
        example = self._make(number)
        image = example.image[None].float() / 255
        features = self._model.encode(image)
        reminder = self._remind(example, features, np.random.default_rng(number))
        self._windows.append(Encoded(example, _converted(features, torch.float16), reminder))
        del self._windows[: -self._size]

    def draw(self, count: int, rng: np.random.Generator) -> Drawn:
        """Draw a batch of random windows, each object with new first clicks."""
        while True:
            chosen = [
                self._windows[n] for n in rng.choice(len(self._windows), min(count, len(self)), replace=False)
            ]
            masks, clicks, picture_indices = [], [], []
            for number, window in enumerate(chosen):
                for gt_mask in window.example.gt_mask:
                    first = self._augmentation.first_clicks(gt_mask.numpy(), rng)
                    if first:
                        masks.append(gt_mask)
                        clicks.append(first)
                        picture_indices.append(number)
            if len(set(picture_indices)) == len(chosen):
                break
        batch = Batch(
            torch.stack([window.example.image for window in chosen]),
            torch.stack(masks)[:, None],
            clicks,
            torch.tensor(picture_indices),
        )
        of_windows = [_converted(window.features, torch.float32) for window in chosen]
        reminded = [number for number, window in enumerate(chosen) if window.reminder]
        return Drawn(
            batch,
            map_features(lambda *maps: torch.cat(maps), *of_windows),
            [window.reminder for window in chosen if window.reminder],
            torch.tensor(reminded, dtype=torch.int64),
        )

    def _remind(self, example: Example, features: Features, rng: np.random.Generator) -> Reminder | None:
        covered = (example.gt_mask != 0).any(dim=0).numpy().astype(np.uint8)
        away = cv2.dilate(covered, np.ones((2 * AWAY + 1, 2 * AWAY + 1), np.uint8)) == 0
        pixels = np.flatnonzero(away)
        if not len(pixels):
            return None
        y, x = np.unravel_index(rng.choice(pixels), away.shape)
        click = Click(int(x), int(y))
        logits = self._teacher.decode_first(features, prompt_maps_of_first([click], *away.shape))
        return Reminder(click, torch.sigmoid(logits[0].float()).half())


def prompt_maps_of_first(clicks: Sequence[Click], height: int, width: int) -> torch.Tensor:
    """The prompt maps of one first click for each picture, float32 (B, 3, height, width)."""
    disks = disk_maps([[click] for click in clicks], height, width)
    return torch.cat([torch.zeros_like(disks[:, :1]), disks], dim=1)


def _converted(features: Features, dtype: torch.dtype) -> Features:
    return map_features(lambda maps: maps.to(dtype) if maps.is_floating_point() else maps, features)
