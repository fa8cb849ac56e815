"""Make convolutional networks faster without changing their output: fold batch norms and padding into
convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import fuse_conv_bn_weights

from cfr_icl.models.layers import Conv2dSame, pad_same


@torch.no_grad()
def fold_batch_norms(module: nn.Module) -> None:
    """Replace, in place, each batch norm that is registered right after its convolution.

    The norm's scale and shift in evaluation are multiplied into the convolution; the activation inside of
    timm's norms stays. Other norms are not changed. A folded network can predict, but can be neither trained
    nor saved.
    """
    for parent, convolution, name, norm in convolutions_with_norms(module):
        mean, variance = _statistics(norm)
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            mean,
            variance,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        setattr(parent, name, _activation(norm))


def fold_padding(module: nn.Module) -> None:
    """Replace, in place, convolutions with TensorFlow's padding, which copy each map into a padded one."""
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and _pads_same(child):
                setattr(parent, name, SamePadding(child))


class SamePadding(nn.Module):
    """A convolution with TensorFlow's padding that makes no padded copy of maps with even sides."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.shifted: torch.Tensor
        self.register_buffer("shifted", _shifted(convolution.weight), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        convolution = self.convolution
        return _same_padded(convolution, x, convolution.weight, convolution.bias, self.shifted)


def _shifted(weight: torch.Tensor) -> torch.Tensor:
    """A kernel with a zero row and column in front of it.

    TensorFlow pads one pixel less before the map than after it; with this kernel both paddings are equal.
    """
    return F.pad(weight, (1, 0, 1, 0))


def _pads_same(convolution: nn.Conv2d) -> bool:
    """Whether a convolution has TensorFlow's padding: our class or timm's, known by its name without timm."""
    return type(convolution).__name__ == Conv2dSame.__name__


def _same_padded(
    convolution: nn.Conv2d,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    shifted: torch.Tensor | None = None,
) -> torch.Tensor:
    height, width = convolution.kernel_size
    strides, even = convolution.stride == (2, 2), x.shape[2] % 2 == x.shape[3] % 2 == 0
    if strides and even and height % 2 == width % 2 == 1 and convolution.dilation == (1, 1):
        shifted, padding = _shifted(weight) if shifted is None else shifted, (height // 2, width // 2)
        return F.conv2d(x, shifted, bias, convolution.stride, padding, groups=convolution.groups)
    return convolution._conv_forward(pad_same(x, convolution), weight, bias)


def compute_folded(module: nn.Module) -> None:
    """Apply, in place, each batch norm that follows its convolution to the convolution's weights.

    For training with norms in evaluation: gradients and names of weights stay the same, and no map is
    normalised by itself. Do not copy the module afterwards: the copy would compute with this one's weights.
    """
    for _, convolution, _, norm in convolutions_with_norms(module):
        setattr(convolution, "forward", _Folded(convolution, norm))  # noqa: B010  mypy forbids assignment
        setattr(norm, "forward", _activation(norm).forward)  # noqa: B010


class _Folded:
    def __init__(self, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
        self.convolution, self.norm = convolution, norm

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        convolution, norm = self.convolution, self.norm
        mean, variance = _statistics(norm)
        scale = norm.weight * torch.rsqrt(variance + norm.eps)
        bias = -mean if convolution.bias is None else convolution.bias - mean
        weight, bias = convolution.weight * scale[:, None, None, None], norm.bias + scale * bias
        if _pads_same(convolution):
            return _same_padded(convolution, x, weight, bias)
        return convolution._conv_forward(x, weight, bias)


def convolutions_with_norms(
    module: nn.Module,
) -> Iterator[tuple[nn.Module, nn.Conv2d, str, nn.BatchNorm2d]]:
    """Each batch norm that is registered right after its convolution: (parent, convolution, name, norm)."""
    for parent in list(module.modules()):
        for (_, convolution), (name, norm) in pairwise(list(parent.named_children())):
            if (
                isinstance(convolution, nn.Conv2d)
                and isinstance(norm, nn.BatchNorm2d)
                and norm.num_features == convolution.out_channels
            ):
                yield parent, convolution, name, norm


def is_depthwise(module: nn.Module) -> bool:
    """Whether a module is a convolution that sees each channel by itself."""
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1


def _statistics(norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """The running mean and variance."""
    assert norm.running_mean is not None and norm.running_var is not None, "The norm tracks statistics."
    return norm.running_mean, norm.running_var


def _activation(norm: nn.BatchNorm2d) -> nn.Module:
    """The activation inside of timm's norms; the identity for others."""
    return getattr(norm, "act", nn.Identity())
