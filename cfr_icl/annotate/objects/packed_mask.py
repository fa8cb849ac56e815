"""Masks as Label Studio packs them: run lengths of RGBA values, in numbers of few bits.

A header has 32 bits for the number of values, 5 for the bits of a value less one, and 4 times 4 for the bits
of a length less one. Runs follow: a bit that is set where one value repeats, 2 for the width of the length,
the length less one, and the value, or all values. The last of the four channels is the mask.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CHANNELS = 4
LENGTH_BITS = (3, 4, 8, 16)
"""Bits for the length of a run that is written; each run uses the smallest width that fits."""


def packed(mask: np.ndarray) -> np.ndarray:
    """Pack a mask, bool (H, W), as RGBA values of 0 or 255: uint8 (n,)."""
    values = mask.reshape(-1)
    changes = np.flatnonzero(np.diff(values)) + 1
    starts = [0, *changes.tolist()]
    header = [(mask.size * CHANNELS, 32), (7, 5), *((bits - 1, 4) for bits in LENGTH_BITS)]
    bits = [f"{number:0{width}b}" for number, width in header]
    for start, end in zip(starts, [*starts[1:], mask.size], strict=True):
        value, left = "1" * 8 if values[start] else "0" * 8, (end - start) * CHANNELS
        while left:
            length = min(left, 1 << LENGTH_BITS[-1])
            kind = next(i for i, width in enumerate(LENGTH_BITS) if length <= 1 << width)
            bits.append(f"1{kind:02b}{length - 1:0{LENGTH_BITS[kind]}b}{value}")
            left -= length
    text = "".join(bits)
    return np.packbits(np.frombuffer(text.encode("ascii"), np.uint8) - ord("0"))


def unpacked(data: np.ndarray, size: tuple[int, int]) -> Iterator[tuple[int, int, int | np.ndarray]]:
    """Unpack a mask of (height, width) run by run, from uint8 (n,).

    A pixel is in the mask when the first bit of its last channel is set.

    Yields:
        Start and end of the pixels of a run, counted row by row, and their value, 0 or 1, or all values.

    Raises:
        ValueError: for run lengths that are damaged or of another size.
    """
    bits = np.unpackbits(data)
    text = (bits + ord("0")).tobytes().decode("ascii")
    place = at = 0

    def number(width: int) -> int:
        nonlocal place
        place += width
        return int(text[place - width : place], 2)

    count, depth = number(32), number(5) + 1
    widths = [number(4) + 1 for _ in range(4)]
    if count != size[0] * size[1] * CHANNELS:
        raise ValueError("size")
    while at < count:
        repeats, length = number(1), number(widths[number(2)]) + 1
        start, end = at // CHANNELS, (at + length) // CHANNELS
        last = place + depth * (CHANNELS * start + CHANNELS - 1 - at)
        place += depth if repeats else depth * length
        if at + length > count or place > len(text):
            raise ValueError("rle")
        yield start, end, int(bits[place - depth]) if repeats else bits[last : place : depth * CHANNELS]
        at += length
