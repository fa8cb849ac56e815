"""A small head that predicts the IoU of a mask with the object, from features of the branch that made it.

Not in the paper. It is trained after the network, which does not change (`cfr_icl/learning/iou_head.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

POOLS = 4
"""Weighted means of each feature map: over the mask, the ring around it, uncertain places and clicks."""


class IoUHead(nn.Module):
    """Predict IoUs from pooled features.

    Args:
        channels: channels of all feature maps together.
        hidden: units of the hidden layer.
    """

    mean: torch.Tensor
    spread: torch.Tensor

    def __init__(self, channels: int, hidden: int = 16) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(POOLS * channels))
        self.register_buffer("spread", torch.ones(POOLS * channels))
        self.hidden = nn.Linear(POOLS * channels, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Predict IoUs, 0 to 1, float (N,), from pooled features (N, POOLS * channels)."""
        standard = (pooled - self.mean) / self.spread
        return torch.sigmoid(self.output(F.gelu(self.hidden(standard))))[:, 0]


def rate(
    head: IoUHead, logits: torch.Tensor, coarse: Sequence[torch.Tensor], prompt_maps: torch.Tensor
) -> float:
    """Predict the IoU of one window's mask, 0 to 1.

    Args:
        logits, prompt_maps: of the window, and of its mirror image if that was shown, (1 or 2, ..., h, w).
        coarse: the branch's coarsest maps, of the same.
    """
    maps = [_mirrored_mean(x.float()) for x in coarse]
    probabilities = torch.sigmoid(_mirrored_mean(logits))
    return float(head(pool(maps, probabilities, prompt_maps[:1, 1:2])))


def _mirrored_mean(x: torch.Tensor) -> torch.Tensor:
    """Average maps of a window and its mirror image, (2, C, h, w) to (1, C, h, w); one map stays."""
    return x if len(x) == 1 else 0.5 * (x[:1] + x[1:].flip(3))


def pool(maps: Sequence[torch.Tensor], probabilities: torch.Tensor, clicks: torch.Tensor) -> torch.Tensor:
    """Take weighted means of feature maps.

    Args:
        maps: feature maps, (N, C, h, w) each, of any resolutions.
        probabilities: of the mask, float (N, 1, H, W).
        clicks: disks of the positive clicks, float (N, 1, H, W).

    Returns:
        Float32 (N, POOLS * channels).
    """
    means = []
    for features in maps:
        height, width = features.shape[2:]
        mask = F.adaptive_avg_pool2d(probabilities, (height, width))
        reach = max(3, height // 8 | 1)
        ring = F.max_pool2d(mask, reach, 1, reach // 2) - mask
        disks = F.adaptive_max_pool2d(clicks, (height, width))
        weights = torch.cat([mask, ring, mask * (1 - mask), disks], dim=1).flatten(2)
        weights = weights / weights.sum(2, keepdim=True).clamp(min=1e-3)
        means.append((weights @ features.float().flatten(2).transpose(1, 2)).flatten(1))
    return torch.cat(means, dim=1)
