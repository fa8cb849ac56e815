"""Pictures of more than 8 bits a channel, shown in 8 bits between two percentiles of their values."""

from __future__ import annotations

import warnings
from contextlib import suppress

import cv2
import numpy as np
from PIL import Image

_SAMPLES = 1_000_000
_ROWS_AT_ONCE = 256
_GDAL_NODATA = 42113


def is_deep(image: Image.Image) -> bool:
    """Whether a picture has more than 8 bits a channel, from its header."""
    return image.mode.startswith("I") or image.mode == "F" or _deep_colours(image)


def deep_values(image: Image.Image) -> np.ndarray:
    """Decode a picture of more than 8 bits: (H, W) or, of colours, (H, W, 3) RGB; alpha is left out.

    Pixels that the file marks as without a value are NaN.
    """
    if _deep_colours(image):
        colours = _sixteen_bit_colours(image)
        if colours is not None:
            return colours
    values = np.asarray(image)
    nodata = _nodata(image)
    if nodata is not None and (values == nodata).any():
        values = np.where(values == nodata, np.nan, values.astype(np.float64)).astype(np.float32)
    return values


def shown_range(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Values at two percentiles (0 to 100) of the finite values, from a sample of at most a million pixels.

    If the two are equal: the smallest and the largest value.
    """
    step = max(1, int(np.ceil(np.sqrt(values.shape[0] * values.shape[1] / _SAMPLES))))
    sample = values[::step, ::step].astype(np.float64).ravel()
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        return 0.0, 1.0
    black, white = np.percentile(sample, [low, high])
    if black < white:
        return float(black), float(white)
    smallest, largest = float(np.nanmin(sample)), float(np.nanmax(sample))
    if step > 1:
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        smallest, largest = float(finite.min()), float(finite.max())
    return smallest, largest


def to_8_bit(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Scale values of any type to uint8, `black` to 0 and `white` to 255; NaN becomes 0.

    If `black` equals `white`, all values become 0.
    """
    scaled = np.empty(values.shape, np.uint8)
    scale = 255 / (white - black) if white > black else 0.0
    for start in range(0, len(values), _ROWS_AT_ONCE):
        rows = values[start : start + _ROWS_AT_ONCE].astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            bytes_of_rows = np.round(np.clip((rows - black) * scale, 0, 255))
        scaled[start : start + _ROWS_AT_ONCE] = np.nan_to_num(bytes_of_rows, nan=0.0)
    return scaled


def _deep_colours(image: Image.Image) -> bool:
    """Whether Pillow would drop the lower byte of 16-bit colours."""
    if image.mode not in ("RGB", "RGBA", "LA"):
        return False
    tile = getattr(image, "tile", None) or ()
    return any(
        isinstance(part, str) and ";16" in part
        for entry in tile
        for part in (entry[3] if isinstance(entry[3], tuple) else (entry[3],))
    )


def _sixteen_bit_colours(image: Image.Image) -> np.ndarray | None:
    """uint16 (H, W, 3) RGB decoded by OpenCV; None where it cannot, or would take another page."""
    file = getattr(image, "fp", None)
    if image.tell() or file is None:
        return None
    file.seek(0)
    content = np.frombuffer(file.read(), np.uint8)
    with suppress(cv2.error), warnings.catch_warnings():
        decoded = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
        if decoded is None or decoded.dtype != np.uint16 or decoded.shape[:2] != image.size[::-1]:
            return None
        if decoded.ndim == 2:
            return np.repeat(decoded[..., None], 3, axis=2)
        return np.ascontiguousarray(decoded[..., :3][..., ::-1])
    return None


def _nodata(image: Image.Image) -> float | None:
    with suppress(Exception):  # a damaged tag may raise anything
        text = image.tag_v2.get(_GDAL_NODATA)  # type: ignore[attr-defined]
        return None if text is None else float(str(text).strip("\0 "))
    return None
