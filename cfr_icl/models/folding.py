"""Batch norms folded into the convolutions before them: the same answers in fewer steps."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_weights


@torch.no_grad()
def fold_batch_norms(module: nn.Module) -> None:
    """Replace, in place, each batch norm that is registered right after its convolution.

    The convolution takes over the norm's scale and shift as they are in evaluation; of timm's norms
    with an activation the activation stays. Norms that stand anywhere else are left as they are. A
    folded network answers, but is neither trained nor saved.
    """
    for (_, convolution), (name, norm) in pairwise(list(module.named_children())):
        if (
            isinstance(convolution, nn.Conv2d)
            and isinstance(norm, nn.BatchNorm2d)
            and norm.num_features == convolution.out_channels
        ):
            convolution.weight, convolution.bias = fuse_conv_bn_weights(
                convolution.weight,
                convolution.bias,
                norm.running_mean,
                norm.running_var,
                norm.eps,
                norm.weight,
                norm.bias,
            )
            # timm's norms carry the activation that follows them
            setattr(module, name, getattr(norm, "act", nn.Identity()))
    for child in module.children():
        fold_batch_norms(child)
