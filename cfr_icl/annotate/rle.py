"""COCO's compressed run-length strings: column-wise run lengths, background first, as five-bit characters."""

from __future__ import annotations


def encode_run(value: int) -> str:
    """A number in COCO's compressed string: five bits a character, lowest first, the last with the sign."""
    characters = ""
    while True:
        chunk, value = value & 31, value >> 5
        more = value != (-1 if chunk & 16 else 0)
        characters += chr(48 + chunk + 32 * more)
        if not more:
            return characters


def decode_runs(counts: str) -> list[int]:
    """The run lengths in COCO's compressed string; raises ValueError for an incomplete string."""
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        chunk = ord(character) - 48
        if not 0 <= chunk < 64 or shift > 40:
            raise ValueError("The run lengths of a mask are damaged.")
        value |= (chunk & 31) << shift
        shift += 5
        if not chunk & 32:
            if chunk & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("The run lengths of a mask are damaged.")
    return runs
