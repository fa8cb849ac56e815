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
