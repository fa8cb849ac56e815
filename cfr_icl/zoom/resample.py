"""Bilinear interpolation between the pixels of a picture and those of the network's input and output.

Corners are aligned everywhere (align_corners=True), as published. Where `F.interpolate` would compute all
pixels of a large picture, functions of this file compute only the rows or pixels that are needed;
benchmarks/large_pictures.py measures the time saved.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.rectangle import Rectangle


def resize(values: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Resize a map (h, w) to `size` = (height, width)."""
    return F.interpolate(values[None, None], size, mode="bilinear", align_corners=True)[0, 0]


def crop(maps: torch.Tensor, window: Rectangle, size: tuple[int, int]) -> torch.Tensor:
    """Crop a window of maps (B, C, H, W) and resize it to `size` = (height, width)."""
    rows, columns = window.slices
    part = maps[..., rows, columns]
    return F.interpolate(part, size=size, mode="bilinear", align_corners=True)


def paste(maps: torch.Tensor, window: Rectangle, picture: Rectangle) -> torch.Tensor:
    """Resize maps (B, C, h, w) to the window and put them into zeros of the picture's size."""
    part = F.interpolate(maps, size=window.size, mode="bilinear", align_corners=True)
    if window == picture:
        return part
    pixels = part.new_zeros(*part.shape[:2], *picture.size)
    rows, columns = window.slices
    pixels[..., rows, columns] = part
    return pixels


def crop_picture(picture: np.ndarray, window: Rectangle, size: tuple[int, int]) -> torch.Tensor:
    """Crop a window of a picture uint8 (H, W, 3) and resize it: float (1, 3, height, width) in [0, 1]."""
    if window.area <= 4 * size[0] * size[1]:
        part = torch.from_numpy(picture[window.slices].copy()).permute(2, 0, 1)[None].float()
        return F.interpolate(part, size=size, mode="bilinear", align_corners=True).div_(255)
    # F.interpolate would need 12 bytes for each pixel of a large window; the result depends on few of them
    rows, down = _interpolated_pixels(*window.rows, size[0])
    columns, right = _interpolated_pixels(*window.columns, size[1])
    above, below = (
        torch.from_numpy(picture.take(near.numpy(), 0).take(columns.flatten().numpy(), 1)).float()
        for near in rows
    )
    near = torch.lerp(above, below, down[:, None, None]).unflatten(1, columns.shape)
    return torch.lerp(near[:, 0], near[:, 1], right[:, None]).div_(255).permute(2, 0, 1)[None]


def resampled_rows(
    values: torch.Tensor, span: tuple[int, int], target: tuple[int, int], size: int
) -> torch.Tensor:
    """Spread rows (h, w) over the pixels of `span`, then resize the pixels of `target` to `size` rows.

    Args:
        span, target: first pixel, and last pixel plus one; pixels outside of `span` are zero.
    """
    pixels, share = _interpolated_pixels(*target, size)
    near = spread_rows(values, pixels.flatten() - span[0], span[1] - span[0]).unflatten(0, pixels.shape)
    return torch.lerp(near[0], near[1], share[:, None])


def spread_rows(values: torch.Tensor, places: torch.Tensor, length: int) -> torch.Tensor:
    """Spread rows (h, w) over `length` pixels and return the rows at some of these: float32 (n, w).

    Args:
        places: pixels, int (n,) or float (n,); those outside of [0, length) get zeros.
    """
    before, share = between(len(values), places, length)
    after = (before + 1).clamp(max=len(values) - 1)
    rows = values.index_select(0, before).lerp_(values.index_select(0, after), share[:, None])
    inside = (places >= 0) & (places < length)
    return rows if inside.all() else rows * inside[:, None]


def between(count: int, places: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Locate pixels among `count` values that are spread over `length` pixels.

    Returns:
        The index of the value before each pixel, int64 (n,), and the weight of the next value, 0 to 1.
    """
    position = (count - 1) / max(length - 1, 1) * places.to(torch.float32)
    before = position.floor().clamp(0, count - 1).long()
    return before, (position - before).clamp(0, 1)


def _interpolated_pixels(first: int, end: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The two pixels of [first, end) that each of `size` outputs is interpolated from.

    Returns:
        The pixels, int64 (2, size), and the weight of the second one, float32 (size,).
    """
    # in float32, as F.interpolate computes them
    position = (end - first - 1) / max(size - 1, 1) * torch.arange(size, dtype=torch.float32)
    before = position.floor()
    pixels = first + torch.stack([before, before + 1]).long()
    return pixels.clamp(max=end - 1), position - before
