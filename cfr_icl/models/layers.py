"""Layers of the compact network: timm's, with the same names of weights and the same output.

They are not imported from timm because `import timm` takes longer than all else in loading the network: it
imports torchvision, which imports PyTorch's compiler (benchmarks/RESULTS.md, Start).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn


class BatchNormAct(nn.BatchNorm2d):
    """A batch norm and the activation behind it; None for no activation."""

    def __init__(self, channels: int, act: nn.Module | None = None, eps: float = 1e-5) -> None:
        super().__init__(channels, eps=eps)
        self.act = act or nn.Identity()

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self.act(super().forward(input))


class ConvNormAct(nn.Module):
    """A convolution, a batch norm and, by default, a ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 1,
        stride: int = 1,
        groups: int = 1,
        apply_act: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=False
        )
        self.bn = BatchNormAct(out_channels, nn.ReLU(inplace=True) if apply_act else None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn(self.conv(x))


class Conv2dSame(nn.Conv2d):
    """A convolution with TensorFlow's padding: a map of side s gives one of ceil(s / stride)."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(pad_same(input, self), self.weight, self.bias)


def pad_same(x: torch.Tensor, convolution: nn.Conv2d) -> torch.Tensor:
    """Pad maps with zeros for a convolution as TensorFlow does: the odd zero comes after the map."""
    padding = []
    for dimension in (1, 0):  # F.pad takes the last one first
        side, kernel = x.shape[2 + dimension], convolution.kernel_size[dimension]
        stride, dilation = convolution.stride[dimension], convolution.dilation[dimension]
        zeros = max(0, (-(-side // stride) - 1) * stride + (kernel - 1) * dilation + 1 - side)
        padding += [zeros // 2, zeros - zeros // 2]
    return F.pad(x, padding)


class LayerNorm2d(nn.LayerNorm):
    """A layer norm over the channels of maps (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """Two layers with a GELU in between."""

    def __init__(self, width: int, hidden: int, layer: Callable[[int, int], nn.Module] = nn.Linear) -> None:
        super().__init__()
        self.fc1 = layer(width, hidden)
        self.fc2 = layer(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Attention(nn.Module):
    """Self-attention of tokens (N, T, width).

    Attributes:
        fused_attn: use PyTorch's fused kernel.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.fused_attn = True
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, count, width = x.shape
        per_head = self.qkv(x).reshape(batch, count, 3, self.heads, width // self.heads)
        query, key, value = per_head.permute(2, 0, 3, 1, 4).unbind(0)
        if self.fused_attn:
            x = F.scaled_dot_product_attention(query, key, value)
        else:
            products = (query * (width // self.heads) ** -0.5) @ key.transpose(-2, -1)
            x = products.softmax(dim=-1) @ value
        return self.proj(x.transpose(1, 2).reshape(batch, count, width))


class AttentionBlock(nn.Module):
    """A transformer block with norms before attention and MLP, for tokens (N, T, width)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width, 2 * width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ConvNeXtBlock(nn.Module):
    """ConvNeXt's residual block (Liu et al., CVPR 2022) with a 3x3 kernel and without layer scale."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm = LayerNorm2d(width)
        self.mlp = Mlp(width, 2 * width, lambda given, made: nn.Conv2d(given, made, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.mlp(self.norm(self.conv_dw(x)))


def resized(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Resize maps (B, C, H, W) bilinearly to the height and width of `like`."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


def fit(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Resize `x` to the size of `like`; encoders round odd sizes differently, by a pixel."""
    return x if x.shape[2:] == like.shape[2:] else resized(x, like)
