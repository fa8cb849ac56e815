"""COCO's run lengths, column by column, background first, and their strings of five-bit characters."""

from __future__ import annotations

import numpy as np

LONGEST_NUMBER = 9
"""The most characters of a number."""

DAMAGED = "The run lengths of a mask are damaged."


def run_lengths(mask: np.ndarray) -> np.ndarray:
    """The run lengths of a mask, bool (H, W): int64 (n,)."""
    ends = np.flatnonzero(np.diff(mask.T.flatten(), prepend=False))
    return np.diff(ends, prepend=0, append=mask.size)


def encode_run(value: int) -> str:
    """A number in COCO's compressed string: five bits a character, lowest first, the last with the sign."""
    characters = ""
    while True:
        chunk, value = value & 31, value >> 5
        more = value != (-1 if chunk & 16 else 0)
        characters += chr(48 + chunk + 32 * more)
        if not more:
            return characters


def decode_runs(counts: str) -> np.ndarray:
    """The run lengths in COCO's compressed string, int64 (n,); raises ValueError for a damaged string."""
    try:
        chunks = np.frombuffer(counts.encode("ascii"), np.uint8) - np.uint8(48)
    except UnicodeEncodeError as error:
        raise ValueError(DAMAGED) from error
    ends = np.flatnonzero(chunks < 32)  # the last characters of the numbers
    starts = np.append(0, ends + 1)
    lengths = np.diff(starts)
    if (chunks > 63).any() or starts[-1] != len(chunks) or lengths.max(initial=0) > LONGEST_NUMBER:
        raise ValueError(DAMAGED)
    starts, runs = starts[:-1], np.zeros(len(ends), np.int64)
    for place in range(lengths.max(initial=0)):
        longer = np.flatnonzero(lengths > place)
        runs[longer] |= (chunks[starts[longer] + place] & 31).astype(np.int64) << 5 * place
    negative = np.flatnonzero(chunks[ends] & 16)
    runs[negative] -= np.left_shift(1, 5 * lengths[negative])
    # from the fourth on a run is stored as its difference to the last but one
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs
