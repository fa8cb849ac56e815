"""Masks, cut-outs and label maps as PNG files."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageColor

from cfr_icl.annotate.pictures.value_labels import with_labels


def mask_png(mask: np.ndarray) -> bytes:
    """A mask, bool (H, W), as a PNG of the picture's size with 0 and 255."""
    return encode_png(Image.fromarray(mask.astype(np.uint8) * 255))


def cutout_png(picture: np.ndarray, mask: np.ndarray) -> bytes:
    """The picture, uint8 (H, W, 3), as an RGBA PNG that is transparent outside the mask."""
    alpha = mask.astype(np.uint8) * 255
    return encode_png(
        Image.fromarray(np.dstack([np.where(mask[..., None], picture, 0).astype(np.uint8), alpha]))
    )


def indexed_png(
    size: tuple[int, int],
    layers: Sequence[tuple[int, str, np.ndarray]],
    labels: Mapping[int, str] | None = None,
) -> bytes:
    """A label map of (id, colour, mask) layers, later ones on top, as a PNG that holds the ids.

    Up to id 254 the colours are its palette; above it is a 16-bit grey PNG, for 255 is void to many readers.

    Args:
        labels: labels of the ids, which the file holds too.
    """
    largest = max((id for id, _, _ in layers), default=0)
    ids = np.zeros(size, np.uint8 if largest < 255 else np.uint16)
    for id, _, mask in layers:
        ids[mask] = id
    image = Image.fromarray(ids)
    if largest < 255:
        palette = np.zeros((256, 3), np.uint8)
        for id, colour, _ in layers:
            palette[id] = ImageColor.getrgb(colour)
        image = image.convert("P")
        image.putpalette(palette.tobytes())
    return encode_png(image, labels)


def encode_png(image: Image.Image, labels: Mapping[int, str] | None = None) -> bytes:
    """Encode a picture as PNG, with the labels of its values if there are any."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", pnginfo=with_labels(labels) if labels else None)
    return buffer.getvalue()
