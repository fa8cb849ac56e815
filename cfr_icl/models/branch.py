"""The branch of the compact network: from the features of a picture and prompt maps to logits."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cfr_icl.models.hypotheses import SCALES as HYPOTHESIS_SCALES
from cfr_icl.models.layers import AttentionBlock, ConvNormAct, fit, resized

SCALES = 5
"""Feature scales of the encoder: 1/2, 1/4, 1/8, 1/16 and 1/32."""


class Branch(nn.Module):
    """A branch of its own, beside that of the network, for prompts of another kind.

    Args: those of `add_branch`.
    """

    def __init__(self, **sizes: Any) -> None:
        super().__init__()
        add_branch(self, **sizes)

    def forward(
        self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Do what `run_branch` does."""
        return run_branch(self, features, prompt_maps)


def add_branch(
    module: Any,
    widths: tuple[int, ...],
    blocks: tuple[int, ...],
    up_blocks: tuple[int, ...],
    attention: int,
) -> None:
    """Add the layers of a branch to a module; the arguments are those of `CompactNet`."""
    module.stem = ConvNormAct(3, widths[0], 3, stride=2)
    module.down = mixers(widths[1:], blocks)
    module.down[-1].extend(GlobalAttention(widths[-1]) for _ in range(attention))
    module.shrink = nn.ModuleList(
        ConvNormAct(widths[i], widths[i + 1], 3, stride=2) for i in range(SCALES - 1)
    )
    module.grow = nn.ModuleList(
        ConvNormAct(widths[i + 1], widths[i], 1, apply_act=False) for i in range(SCALES - 1)
    )
    module.up = mixers(widths[1:-1], up_blocks)
    module.fuse = ConvNormAct(widths[0], widths[0], 3)
    module.head = nn.Sequential(nn.Conv2d(widths[0], 4, 3, padding=1), nn.PixelShuffle(2))


def run_branch(
    module: Any, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Compute the logits, and the branch's coarse maps on its way up, 1/8, 1/16 and 1/32.

    Args:
        features: maps of the picture at 1/2, 1/4, ..., (B, C, h, w) each.
        prompt_maps: (B, 3, H, W).

    Returns:
        Logits float32 (B, 1, H, W), and the coarse maps (B, C, h, w), the finest first.
    """
    detail = module.stem(channels_last(prompt_maps)) + features[0]
    x, skips = detail, []
    for picture, shrink, mix in zip(features[1:], module.shrink, module.down, strict=True):
        x = mix(F.relu(fit(shrink(x), picture) + picture))
        skips.append(x)
    coarse = [x]
    for scale in reversed(range(1, SCALES - 1)):
        x = module.up[scale - 1](resized(module.grow[scale](x), skips[scale - 1]) + skips[scale - 1])
        coarse.insert(0, x)
    x = module.fuse(F.relu(resized(module.grow[0](x), detail) + detail))
    height, width = prompt_maps.shape[2:]
    return module.head(x)[..., :height, :width].float(), tuple(coarse[-HYPOTHESIS_SCALES:])


def mixers(widths: tuple[int, ...], counts: tuple[int, ...]) -> nn.ModuleList:
    """A sequence of blocks for each scale."""
    return nn.ModuleList(
        nn.Sequential(*[Mixer(width) for _ in range(count)])
        for width, count in zip(widths, counts, strict=True)
    )


class Mixer(nn.Module):
    """A residual block: 5x5 depthwise convolution, then two pointwise ones with a wide middle."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = ConvNormAct(width, width, 5, groups=width, apply_act=False)
        self.expand = ConvNormAct(width, 2 * width, 1)
        self.project = ConvNormAct(2 * width, width, 1, apply_act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.project(self.expand(self.spatial(x)))

    def init_as_identity(self) -> None:
        """Initialise as the identity, so that a block added to trained weights does not change the output."""
        nn.init.zeros_(self.project.conv.weight)


class GlobalAttention(nn.Module):
    """A transformer block over all positions of a map; a depthwise convolution encodes the positions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.position = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.block = AttentionBlock(width, max(1, width // 32))

    def init_as_identity(self) -> None:
        """As for a `Mixer`."""
        layers: tuple[Any, ...] = (self.position, self.block.attn.proj, self.block.mlp.fc2)
        for layer in layers:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.position(x)
        tokens = self.block(x.flatten(2).transpose(1, 2))
        return channels_last(tokens.transpose(1, 2).reshape(x.shape))


def channels_last(x: torch.Tensor) -> torch.Tensor:
    # other engines choose the layout by themselves
    return x if torch.jit.is_tracing() else x.contiguous(memory_format=torch.channels_last)
