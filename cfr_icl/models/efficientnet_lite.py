"""EfficientNet-Lite0, the encoder of the compact network (Tan and Le, ICML 2019, arXiv 1905.11946).

It is timm's `tf_efficientnet_lite0` with `features_only`: the same names of weights and the same maps; why it
is not imported from there: see `layers.py`.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from cfr_icl.models.layers import BatchNormAct, Conv2dSame

NAME = "tf_efficientnet_lite0"
"""timm's name of it, which configurations hold."""
STEM = 32
STAGES = (
    # kernel, stride, expansion, channels, blocks
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
FEATURE_STAGES = (0, 1, 2, 4, 6)
"""Stages whose output is a feature map: the last one at each scale."""


class EfficientNetLite0(nn.Module):
    """Five feature maps of pictures (N, 3, H, W), which were normalised by `mean` and `std`.

    Attributes:
        reductions: pixels of the picture along a side of a value, for each map.
        channels: of each map.
    """

    mean = std = (0.5, 0.5, 0.5)
    reductions = (2, 4, 8, 16, 32)
    channels = tuple(STAGES[stage][3] for stage in FEATURE_STAGES)

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = _convolution(3, STEM, 3, stride=2)
        self.bn1 = _norm(STEM)
        stages, width = [], STEM
        for kernel, stride, expansion, channels, count in STAGES:
            block = _Separable if expansion == 1 else _InvertedResidual
            blocks = []
            for number in range(count):
                blocks.append(block(width, channels, kernel, 1 if number else stride, expansion))
                width = channels
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        for module in self.modules():
            # on "meta" there are no values, and PyTorch would import its compiler
            if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
                fan_out = module.out_channels * math.prod(module.kernel_size) // module.groups
                nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x = self.bn1(self.conv_stem(image))
        maps = []
        for number, stage in enumerate(self.blocks):
            x = stage(x)
            if number in FEATURE_STAGES:
                maps.append(x)
        return maps


class _Separable(nn.Module):
    """A depthwise convolution and a pointwise one."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.conv_dw = _convolution(in_channels, in_channels, kernel, stride, groups=in_channels)
        self.bn1 = _norm(in_channels)
        self.conv_pw = _convolution(in_channels, out_channels)
        self.bn2 = _norm(out_channels, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn2(self.conv_pw(self.bn1(self.conv_dw(x))))


class _InvertedResidual(nn.Module):
    """Pointwise to `expansion` times the channels, depthwise, and pointwise again."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = expansion * in_channels
        self.conv_pw = _convolution(in_channels, wide)
        self.bn1 = _norm(wide)
        self.conv_dw = _convolution(wide, wide, kernel, stride, groups=wide)
        self.bn2 = _norm(wide)
        self.conv_pwl = _convolution(wide, out_channels)
        self.bn3 = _norm(out_channels, act=False)
        self.has_skip = stride == 1 and in_channels == out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        projected = self.bn3(self.conv_pwl(self.bn2(self.conv_dw(self.bn1(self.conv_pw(x))))))
        return projected + x if self.has_skip else projected


def _convolution(
    in_channels: int, out_channels: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """A convolution without bias; TensorFlow's padding differs from PyTorch's for strides alone."""
    if stride > 1:
        return Conv2dSame(in_channels, out_channels, kernel, stride, groups=groups, bias=False)
    return nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, groups=groups, bias=False)


def _norm(channels: int, act: bool = True) -> BatchNormAct:
    return BatchNormAct(channels, nn.ReLU6(inplace=True) if act else None, eps=1e-3)
