"""Objects as files that other programs read."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def mask_png(mask: np.ndarray) -> bytes:
    """A mask, bool (H, W), as a PNG of the picture's size with 0 and 255."""
    return _png(Image.fromarray(mask.astype(np.uint8) * 255))


def cutout_png(picture: np.ndarray, mask: np.ndarray) -> bytes:
    """The picture, uint8 (H, W, 3), as an RGBA PNG that is transparent outside the mask."""
    alpha = mask.astype(np.uint8) * 255
    pixels = np.dstack([np.where(mask[..., None], picture, 0), alpha])
    return _png(Image.fromarray(pixels.astype(np.uint8)))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
