"""Find where the columns of a large picture cross a threshold, without computing all of its pixels.

Between two values of the network's map a column is linear and crosses the threshold at most once, so only the
first pixel after each crossing is computed. The result equals, pixel by pixel, that of `crossings_of_pixels`
in tests/zoom/test_crossings.py; benchmarks/large_pictures.py measures the time saved.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.resample import between, spread_rows


def crossings(values: torch.Tensor, window: Rectangle, picture: Rectangle, threshold: float) -> np.ndarray:
    """Find where runs of pixels above a threshold begin and end, column by column.

    Args:
        values: float32 (h, w), spread over the window; pixels outside of it are 0.
        threshold: at least 0.

    Returns:
        int64 (n,), ascending: column * picture.height + row of each run's first pixel and of the pixel after
        its last one.
    """
    columns = _dependent_pixels((values > threshold).any(dim=0), window.width)
    by_column = spread_rows(values.T.contiguous(), columns, window.width).numpy()
    above = np.zeros((len(by_column), by_column.shape[1] + 2), bool)
    np.greater(by_column, threshold, out=above[:, 1:-1])
    across, behind = np.divmod(np.flatnonzero(above[:, 1:] ^ above[:, :-1]), by_column.shape[1] + 1)
    rows = _first_rows(by_column, across, behind, threshold, window.height)
    places = (window.left + columns.numpy()[across]) * picture.height + window.top + rows
    # two crossings before the same pixel cancel out, and so do an end and the next column's beginning
    places, times = np.unique(places, return_counts=True)
    return places[(times % 2 == 1) & (places < picture.area)]


def _first_rows(
    values: np.ndarray, columns: np.ndarray, behind: np.ndarray, threshold: float, length: int
) -> np.ndarray:
    """The first row after each crossing of a threshold, in columns (n, h) that are spread over `length` rows.

    Args:
        columns: the column of each crossing.
        behind: index of the first value after each crossing, or h for the column's end.
    """
    count = values.shape[1]
    before, share = between(count, torch.arange(length), length)
    starts = np.append(np.searchsorted(before.numpy(), np.arange(count)), length)
    last = starts[behind]
    rows = np.where(behind % count, starts[behind - 1], last)
    one, other = (torch.from_numpy(values[columns, i]) for i in (behind - 1, behind.clip(max=count - 1)))
    above_behind = other.numpy() > threshold
    for _ in range(np.max(last - rows, initial=0)):
        pixels = torch.lerp(one, other, share[rows.clip(max=length - 1)]).numpy()
        rows += (rows < last) & ((pixels > threshold) != above_behind)
    return rows


def _dependent_pixels(marked: torch.Tensor, length: int) -> torch.Tensor:
    """The range of `length` pixels that depend on the marked values, bool (w,), spread over them."""
    if not marked.any():
        return torch.arange(0)
    first, last = marked.nonzero()[[0, -1], 0].tolist()
    step = (length - 1) / max(len(marked) - 1, 1)
    return torch.arange(max(0, math.floor((first - 1) * step)), min(length, math.ceil((last + 1) * step) + 1))
