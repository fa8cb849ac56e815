"""Normalise pictures as an encoder's training did."""

from __future__ import annotations

from collections.abc import Sequence

import torch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def normalised(
    image: torch.Tensor, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> torch.Tensor:
    """Pictures, float (..., 3, H, W): each channel less its mean, divided by its standard deviation."""
    means, deviations = (image.new_tensor(values).view(3, 1, 1) for values in (mean, std))
    return (image - means) / deviations
