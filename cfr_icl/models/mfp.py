"""Plain ViT with a click-modulated probability map: MFP, Lee, Lee and Kim, CVPR 2024 (arXiv 2404.18448).

The formulas, with the places where the published code stops or gives no number: docs/mfp.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cfr_icl.clicks import Click
from cfr_icl.models.base import Cues
from cfr_icl.models.normalise import normalised
from cfr_icl.models.plain_vit import MLPHead, PlainViT
from cfr_icl.zoom.window import Window, to_window

LARGEST_RADIUS = 100
"""Radius of the modulation without a click of the other sign, in pixels of the network's input."""
SMALLEST_RADIUS = 10
FIRST_CLICKS = 7
"""The exponent depends on the probabilities for so many clicks, and on the distance alone afterwards."""
POSITIVE_GOAL, NEGATIVE_GOAL = 0.99, 0.01
"""What modulation brings the probability at the last click to."""


@dataclass(frozen=True)
class ClickPrompt:
    """The maps of `InteractiveModel.prompt`, and the clicks of each picture of the batch in their order."""

    maps: torch.Tensor
    clicks: list[list[Click]]

    @property
    def shape(self) -> torch.Size:
        return self.maps.shape

    def __len__(self) -> int:
        return len(self.maps)


class MFP(PlainViT):
    """A plain ViT that takes the previous probabilities twice: as they are, and modulated by the last click.

    Both also go into the head, with the picture, at 1/4. Where there is no previous mask, a pass without
    modulation makes one first, so the pass for a first click takes twice as long.

    Args: those of `PlainViT`.
    """

    prompt_channels = 4

    def __init__(self, *, neck: tuple[int, int, int, int], head: int, **sizes: Any) -> None:
        super().__init__(neck=neck, head=head, **sizes)
        self.head = ModulatedHead(neck, head)

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens of the pictures, and the normalised pictures, which the head takes too."""
        return super().encode(image), normalised(image)

    def decode(self, features: tuple[torch.Tensor, torch.Tensor], prompt_maps: torch.Tensor) -> torch.Tensor:
        """Logits, float32 (B, 1, H, W).

        Args:
            features: from `encode`.
            prompt_maps: (B, 4, H, W): previous probabilities, the modulated ones, disks of the positive and
                of the negative clicks; or (B, 3, H, W) without the modulated ones, which then are not.
        """
        tokens, image = features
        if prompt_maps.shape[1] == 3:
            prompt_maps = torch.cat([prompt_maps[:, :1], prompt_maps], dim=1)
        pyramid = self.pyramid(tokens, prompt_maps)
        logits = self.head(pyramid, torch.cat([image, prompt_maps[:, :2]], dim=1))
        return F.interpolate(logits.float(), size=prompt_maps.shape[2:], mode="bilinear", align_corners=True)

    def prompt(self, cues: Cues, window: Window, size: tuple[int, int], flip: bool) -> ClickPrompt:
        maps = super().prompt(cues, window, size, flip)
        clicks = [to_window(click, window, size) for click in cues.clicks]
        mirrored = [[click.mirrored(size[1]) for click in clicks]] if flip else []
        return ClickPrompt(maps, [clicks, *mirrored])

    def logits(self, features: Any, prompt: ClickPrompt, previous: torch.Tensor) -> torch.Tensor:
        disks = prompt.maps[:, 1:].to(self.device)
        if not previous.any():
            unmodulated = torch.cat([previous, previous], dim=1).to(self.device)
            first = self.decode_in_precision(features, torch.cat([unmodulated, disks], dim=1))
            previous = torch.sigmoid(first).cpu()
        modulated = modulate(previous[:, 0], prompt.clicks)[:, None]
        maps = torch.cat([previous, modulated], dim=1).to(self.device)
        return self.decode_in_precision(features, torch.cat([maps, disks], dim=1))


class ModulatedHead(MLPHead):
    """SegFormer's head, joined at 1/4 by features of the picture and of both probability maps.

    Args:
        channels: of the pyramid.
        width: channels of both parts.
    """

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__(channels, width)
        self.maps = nn.Sequential(
            nn.Conv2d(5, 64, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(64, width, 3, 2, 1),
            nn.ReLU(),
            _Separable(width, width),
        )
        self.join = nn.Sequential(_Separable(2 * width, width), _Separable(width, width))

    def forward(self, features: list[torch.Tensor], maps: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Logits (B, 1, H / 4, W / 4) for a pyramid and picture and probability maps (B, 5, H, W)."""
        joined = self.join(torch.cat([self.fused(features), self.maps(maps)], dim=1))
        return self.logit(self.dropout(joined))


class _Separable(nn.Sequential):
    """Two depthwise 3x3 convolutions with a norm between them, one of 1x1, a norm and ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, 1, 1, groups=channels),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 3, 1, 1, groups=channels),
            nn.Conv2d(channels, out, 1),
            nn.BatchNorm2d(out),
            nn.ReLU(),
        )


def modulate(probabilities: torch.Tensor, clicks: Sequence[Sequence[Click]]) -> torch.Tensor:
    """Raise or lower probabilities around the last click of each picture.

    Args:
        probabilities: float32 (B, height, width).
        clicks: of each picture in their order, in pixels of the maps.

    Returns:
        float32 (B, height, width); the probabilities themselves where there is no click, or where the last
        one of a picture lies to the left of its map or above it.
    """
    if any(not of_one or min(of_one[-1].x, of_one[-1].y) < 0 for of_one in clicks):
        return probabilities
    return torch.stack([_modulated(p, of_one) for p, of_one in zip(probabilities, clicks, strict=True)])


def _modulated(probabilities: torch.Tensor, clicks: Sequence[Click]) -> torch.Tensor:
    last = clicks[-1]
    height, width = probabilities.shape
    distance = _distance(last, height, width)
    opposite = [click for click in clicks if click.positive != last.positive]
    inside, radius = _reach(last, opposite, distance)
    p = float(probabilities[min(int(last.y), height - 1), min(int(last.x), width - 1)])
    modulated = probabilities.double()
    if not inside.any():
        return probabilities
    if p == (0 if last.positive else 1):  # no exponent changes it: a cone in its place
        near = 1 - distance[inside] / distance[inside].max().clamp(min=1)
        modulated[inside] = near if last.positive else 1 - near
        return modulated.float()
    strength = _strength(p, last.positive)
    if len(clicks) <= FIRST_CLICKS:
        exponent = _by_probability((probabilities[inside] - p) ** 2, strength)
    else:
        share = distance[inside] / radius
        exponent = strength * (1 - share) + share
    modulated[inside] **= 1 / exponent if last.positive else exponent
    row, column = min(round(last.y), height - 1), min(round(last.x), width - 1)
    modulated[row, column] = float(last.positive)
    return modulated.float()


def _distance(click: Click, height: int, width: int) -> torch.Tensor:
    rows = torch.arange(height, dtype=torch.float64) - click.y
    columns = torch.arange(width, dtype=torch.float64) - click.x
    return torch.sqrt(rows[:, None] ** 2 + columns[None, :] ** 2)


def _reach(last: Click, opposite: list[Click], distance: torch.Tensor) -> tuple[torch.Tensor, float]:
    """The pixels that are modulated, bool (height, width), and their radius."""
    apart = {click: math.dist((last.x, last.y), (click.x, click.y)) for click in opposite}
    radius = min(apart.values()) / 2 if apart else LARGEST_RADIUS
    if radius >= SMALLEST_RADIUS:
        return distance <= radius, radius
    inside = distance <= SMALLEST_RADIUS
    for click, between in apart.items():
        if between < SMALLEST_RADIUS:
            inside &= _distance(click, *distance.shape) > between
    return inside, SMALLEST_RADIUS


def _strength(p: float, positive: bool) -> float:
    """How much a click changes its own probability `p` to bring it to its goal: an exponent, at least 1."""
    if positive:
        return 1 / (math.log(POSITIVE_GOAL) / math.log(p) + 1e-8) if p < POSITIVE_GOAL else 1.0
    return math.log(NEGATIVE_GOAL) / math.log(p) if p > NEGATIVE_GOAL else 1.0


def _by_probability(difference: torch.Tensor, strength: float) -> torch.Tensor:
    """Exponents: `strength` where a probability is that of the click, 1 from the median difference on."""
    if difference.max() == 0:
        return torch.full_like(difference, strength)
    scaled = difference / difference.max() * 1000
    middle = scaled.median()
    if middle == 0:
        return torch.where(scaled > 0, 1.0, strength)
    return (-(strength - 1) / middle**3 * (scaled - middle) ** 3 + 1).clamp(min=1)
