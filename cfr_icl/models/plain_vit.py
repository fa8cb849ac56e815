"""Plain ViT for clicks: SimpleClick, Liu et al., ICCV 2023 (arXiv 2210.11006), the network of CFR-ICL.

The feature pyramid is that of ViTDet (Li et al., ECCV 2022, arXiv 2203.16527), the head that of SegFormer
(Xie et al., NeurIPS 2021, arXiv 2105.15203).
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from timm.models.vision_transformer import Block
from torch import nn

from cfr_icl.models.base import Features
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.normalise import normalised

WINDOW = 224
"""Side of an attention window in pixels of the network's input."""


class PlainViT(MapModel):
    """A plain vision transformer with a simple feature pyramid and an all-MLP head.

    The prompt maps go through a patch embedding of their own and are added to the picture's tokens, so that
    every pass runs all blocks. Most blocks attend within windows of 224 pixels; the last block of each group
    attends globally. A group has 6 blocks when there are 12, else a quarter of them. The input's sides must
    be multiples of the patch.

    Args:
        patch: side of a patch in pixels.
        dim: channels of the tokens.
        depth: number of blocks.
        heads: attention heads of each block.
        neck: channels of the feature pyramid at 1/4, 1/8, 1/16 and 1/32.
        head: channels of the head.
        grid: patches a side for which the position embedding is stored; it is resized for other inputs.

    The registry holds the published sizes (`vit_xtiny`, `vit_b`, `vit_l`, `vit_h`).

    >>> import torch
    >>> from cfr_icl.models.registry import build_model, default_config
    >>> model = build_model(default_config("vit_xtiny"))
    >>> features = model.encode(torch.rand(1, 3, 224, 224))
    >>> model.decode(features, torch.zeros(1, 3, 224, 224)).shape
    torch.Size([1, 1, 224, 224])
    """

    encoder_modules = ("image_embed",)
    prompt_channels = 3

    def __init__(
        self,
        patch: int,
        dim: int,
        depth: int,
        heads: int,
        neck: tuple[int, int, int, int],
        head: int,
        grid: int,
    ) -> None:
        super().__init__()
        self.patch = patch
        self.grid = grid
        self.group = 6 if depth == 12 else depth // 4
        self.image_embed = nn.Conv2d(3, dim, patch, patch)
        self.hint_embed = nn.Conv2d(self.prompt_channels, dim, patch, patch)
        self.position = nn.Parameter(torch.empty(1, dim, grid, grid))
        nn.init.trunc_normal_(self.position, std=0.02)
        norm: Any = partial(nn.LayerNorm, eps=1e-6)
        self.blocks = nn.ModuleList(Block(dim, heads, qkv_bias=True, norm_layer=norm) for _ in range(depth))
        self.neck = Pyramid(dim, neck)
        self.head = MLPHead(neck, head)
        self._resized_position: tuple[tuple, torch.Tensor] | None = None

    def encode(self, image: torch.Tensor) -> Features:
        if any(side % self.patch for side in image.shape[2:]):
            height, width = image.shape[2:]
            raise ValueError(
                f"The network's input must be a multiple of {self.patch} pixels, not {width} x {height}."
            )
        tokens = self.image_embed(normalised(image))
        return tokens + self._position_for(*tokens.shape[2:])

    def decode(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        logits = self.head(self.pyramid(features, prompt_maps))
        return F.interpolate(logits.float(), size=prompt_maps.shape[2:], mode="bilinear", align_corners=True)

    def pyramid(self, tokens: torch.Tensor, prompt_maps: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps at 1/4, 1/8, 1/16 and 1/32 of a picture's tokens with prompt maps."""
        # the residual stream stays float32 for every precision inside the blocks
        x = (tokens.float() + self.hint_embed(prompt_maps)).permute(0, 2, 3, 1)
        for i, block in enumerate(self.blocks):
            x = _global(block, x) if (i + 1) % self.group == 0 else self._windowed(block, x)
        return self.neck(x.permute(0, 3, 1, 2))

    def learning_rate_scales(self, encoder: float, layer_decay: float) -> dict[str, float]:
        """`encoder` for the transformer, times `layer_decay` for each layer further from the output."""

        def scale(name: str) -> float:
            if name.startswith("blocks."):
                return encoder * layer_decay ** (len(self.blocks) - int(name.split(".")[1]))
            if name.startswith(("image_embed.", "position")):
                return encoder * layer_decay ** (len(self.blocks) + 1)
            return 1.0

        return {name: scale(name) for name, _ in self.named_parameters()}

    def _position_for(self, height: int, width: int) -> torch.Tensor:
        """The position embedding for a grid of patches; the last resized one is cached for inference."""
        position = self.position
        if (height, width) == (self.grid, self.grid):
            return position
        if torch.is_grad_enabled():
            return resize_position(position, height, width)
        key = (height, width, position.device, position.dtype, position.data_ptr(), position._version)
        cached = self._resized_position
        if cached is None or cached[0] != key:
            cached = self._resized_position = (key, resize_position(position, height, width))
        return cached[1]

    def _windowed(self, block: nn.Module, x: torch.Tensor) -> torch.Tensor:
        """Run a block inside windows; the grid is padded with zeros to a multiple of the window."""
        batch, height, width, dim = x.shape
        rows, columns = (math.ceil(side * self.patch / WINDOW) for side in (height, width))
        h, w = math.ceil(height / rows), math.ceil(width / columns)
        x = F.pad(x, (0, 0, 0, columns * w - width, 0, rows * h - height))
        x = x.view(batch, rows, h, columns, w, dim).transpose(2, 3).reshape(-1, h * w, dim)
        x = block(x).view(batch, rows, columns, h, w, dim).transpose(2, 3)
        return x.reshape(batch, rows * h, columns * w, dim)[:, :height, :width]


class Pyramid(nn.Module):
    """Feature maps at 1/4, 1/8, 1/16 and 1/32 from the transformer's single one (ViTDet's simple FPN)."""

    def __init__(self, dim: int, channels: tuple[int, int, int, int]) -> None:
        super().__init__()
        quarter, eighth = (max(2 * channels[0], dim // 2), max(channels[1], dim // 2))
        last = max(channels[3], 2 * dim)
        self.to_4 = nn.Sequential(
            nn.ConvTranspose2d(dim, quarter, 2, 2),
            nn.GroupNorm(1, quarter),
            nn.GELU(),
            nn.ConvTranspose2d(quarter, quarter // 2, 2, 2),
            *_projection(quarter // 2, channels[0]),
        )
        self.to_8 = nn.Sequential(nn.ConvTranspose2d(dim, eighth, 2, 2), *_projection(eighth, channels[1]))
        self.to_16 = nn.Sequential(nn.Conv2d(dim, channels[2], 1), nn.GroupNorm(1, channels[2]), nn.GELU())
        self.to_32 = nn.Sequential(nn.Conv2d(dim, last, 2, 2), *_projection(last, channels[3]))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [self.to_4(x), self.to_8(x), self.to_16(x), self.to_32(x)]


class MLPHead(nn.Module):
    """1x1 convolutions on every scale, brought to 1/4 and fused to one logit (SegFormer's head).

    The fusing convolution is computed at each scale, before the maps are enlarged to 1/4: a 1x1 convolution
    and an interpolation commute.
    """

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.fuse = nn.Conv2d(len(channels) * width, width, 1)
        self.dropout = nn.Dropout2d(0.1)
        self.logit = nn.Conv2d(width, 1, 1)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        return self.logit(self.dropout(self.fused(features)))

    def fused(self, features: list[torch.Tensor]) -> torch.Tensor:
        """All scales in one map at 1/4."""
        size = features[0].shape[2:]
        weights = self.fuse.weight.chunk(len(features), dim=1)
        fused = self.fuse.bias.to(features[0].dtype).view(-1, 1, 1)
        for conv, x, weight in zip(self.scales, features, weights, strict=True):
            fused = fused + _enlarged(F.conv2d(F.relu(conv(x)), weight), size)
        return F.relu(fused)


def _enlarged(x: torch.Tensor, size: torch.Size) -> torch.Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def _projection(inner: int, outer: int) -> tuple[nn.Module, ...]:
    return nn.GroupNorm(1, inner), nn.Conv2d(inner, outer, 1), nn.GroupNorm(1, outer), nn.GELU()


def _global(block: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return block(x.flatten(1, 2)).view(x.shape)


def resize_position(position: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Resize a position embedding (1, dim, grid, grid) to height x width patches, bicubically."""
    return F.interpolate(position.float(), size=(height, width), mode="bicubic", align_corners=False)
