"""A head that predicts further masks for a first click, such as a part of the object or all of it.

Not in the paper; several masks for an ambiguous click: Kirillov et al., Segment Anything, ICCV 2023
(arXiv 2304.02643). It is trained after the network, which does not change (`cfr_icl/learning/hypotheses.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from cfr_icl.models.iou_head import IoUHead, pool
from cfr_icl.models.layers import AttentionBlock, ConvNeXtBlock, LayerNorm2d, fit

FURTHER = 2
"""Number of masks that the head adds to that of the network."""
SCALES = 3
"""Number of the branch's maps that it takes: 1/8, 1/16 and 1/32."""
SHARE = 4
"""A side of the network's input in pixels of a further mask."""


class FurtherMasks(NamedTuple):
    """Further masks for a first click.

    Attributes:
        probabilities: float32 (FURTHER, h, w), at a lower resolution than the network's own mask.
        scores: predicted IoU of each mask, 0 to 1, that of the network's own first.
    """

    probabilities: torch.Tensor
    scores: list[float]


class Hypotheses(nn.Module):
    """Predict further masks, and each mask's IoU, from the branch's maps on its way up, 1/8, 1/16 and 1/32.

    Args:
        channels: of the three maps.
        widths: channels of the head at these scales.
        blocks: convolution blocks at these scales.
        attention: attention blocks at 1/32.
    """

    def __init__(
        self,
        channels: Sequence[int],
        widths: Sequence[int] = (48, 96, 128),
        blocks: Sequence[int] = (2, 1, 1),
        attention: int = 2,
    ) -> None:
        super().__init__()
        self.norm = nn.ModuleList(LayerNorm2d(count) for count in channels)
        # the network's mask, its maximum and the clicks beside each map
        self.enter = nn.ModuleList(nn.Conv2d(c + 3, w, 1) for c, w in zip(channels, widths, strict=True))
        self.position = nn.Conv2d(widths[-1], widths[-1], 3, padding=1, groups=widths[-1])
        self.attention = nn.Sequential(*(AttentionBlock(widths[-1], heads=4) for _ in range(attention)))
        self.grow = nn.ModuleList(nn.Conv2d(widths[i + 1], widths[i], 1) for i in range(len(widths) - 1))
        self.mix = nn.ModuleList(
            nn.Sequential(*(ConvNeXtBlock(w) for _ in range(n))) for w, n in zip(widths, blocks, strict=True)
        )
        self.masks = nn.Sequential(
            LayerNorm2d(widths[0]), nn.Conv2d(widths[0], 4 * FURTHER, 3, padding=1), nn.PixelShuffle(2)
        )
        self.rating = IoUHead(widths[-1] + widths[-2] + sum(channels[1:]), 32)

    def forward(
        self, maps: Sequence[torch.Tensor], first: torch.Tensor, clicks: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Compute logits of the further masks, float32 (N, FURTHER, h, w).

        Args:
            maps: of the branch, finest first.
            first: probabilities of the network's own mask, (N, 1, h, w).
            clicks: disks of the positive clicks, (N, 1, h, w).

        Returns:
            Logits, and the maps that `rate` pools.
        """
        entered = []
        for x, norm, enter in zip(maps, self.norm, self.enter, strict=True):
            size = x.shape[2], x.shape[3]
            joined = torch.cat(
                [
                    norm(x.float()),
                    F.adaptive_avg_pool2d(first, size),
                    F.adaptive_max_pool2d(first, size),
                    F.adaptive_max_pool2d(clicks, size),
                ],
                dim=1,
            )
            entered.append(enter(joined.contiguous(memory_format=torch.channels_last)))
        x = entered[-1]
        x = x + self.position(x)
        tokens = self.attention(x.flatten(2).transpose(1, 2))
        x = self.mix[-1](tokens.transpose(1, 2).reshape(x.shape))
        made = [x]
        for scale in reversed(range(len(entered) - 1)):
            above = F.interpolate(self.grow[scale](x), size=entered[scale].shape[2:], mode="bilinear")
            x = self.mix[scale](entered[scale] + above)
            made.append(x)
        return fit(self.masks(x), first), [made[1], made[0], *(each.float() for each in maps[1:])]

    def pool(
        self, maps: Sequence[torch.Tensor], probabilities: torch.Tensor, clicks: torch.Tensor
    ) -> torch.Tensor:
        """Pool the maps over each of K masks, for `rating`: float32 (N, K, D).

        Args:
            maps: of `forward`.
            probabilities: of the masks, (N, K, h, w).
            clicks: as for `forward`.
        """
        return torch.stack([pool(maps, mask[:, None], clicks) for mask in probabilities.unbind(1)], dim=1)


def reduced_inputs(logits: torch.Tensor, clicks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The arguments `first` and `clicks` of the head, from logits and disks of the input's size."""
    return F.avg_pool2d(torch.sigmoid(logits), SHARE), F.max_pool2d(clicks, SHARE)


def further_masks(
    head: Hypotheses, maps: Sequence[torch.Tensor], logits: torch.Tensor, prompt_maps: torch.Tensor
) -> FurtherMasks:
    """Predict further masks for a first click, without the mirror image, which would double the time.

    Args:
        maps: of the branch, for a window, and for its mirror image if that was shown.
        logits, prompt_maps: of the same, (1 or 2, ..., H, W).
    """
    first, clicks = reduced_inputs(logits[:1], prompt_maps[:1, 1:2])
    further, pooled = head([x[:1] for x in maps], first, clicks)
    masks = torch.cat([first, torch.sigmoid(further)], dim=1)
    scores = head.rating(head.pool(pooled, masks, clicks)[0])
    return FurtherMasks(masks[0, 1:].cpu(), scores.tolist())
