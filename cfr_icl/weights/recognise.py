"""Recognise a network by the names and shapes of its tensors, for error messages about a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Shapes = Mapping[str, tuple[int, ...]]

KNOWN_BY = (
    ("image_embed.weight", "a plain ViT of this package"),
    ("hint_scale", "an HRNet of this package"),
    ("lateral.0.conv.weight", "a compact network of this package"),
    ("patch_embed_coords.", "a published SimpleClick, CFR-ICL or MFP checkpoint"),
    ("maps_transform.", "a published RITM or FocalClick checkpoint"),
    ("image_encoder.patch_embed.", "a Segment Anything checkpoint"),
    ("decoder_embed.", "an MAE pretraining checkpoint with its decoder"),
    ("patch_embed.proj.weight", "a ViT without clicks, such as an MAE pretraining checkpoint"),
    ("transition1.", "an HRNet without clicks"),
    ("layer1.0.conv1.weight", "a ResNet"),
)
"""Beginnings of tensor names and the networks that have such tensors; the first match counts."""


def looks_like(names: Iterable[str]) -> str:
    """The likely content of a file with tensors of these names, as a noun phrase."""
    names = list(names)
    for start, description in KNOWN_BY:
        if any(name.startswith(start) for name in names):
            return description
    return f"something unknown with {len(names)} tensors such as {names[0]!r}" if names else "an empty file"


def check_shapes(shapes: Shapes, expected: Shapes, source: str, architecture: str) -> None:
    """Compare the tensors of a file with those of a network.

    Args:
        shapes, expected: shapes of the file's and of the network's tensors, by name.
        source, architecture: names of the file and of the network in messages.

    Raises:
        ValueError: naming the first tensor that differs.
    """
    missing = [name for name in expected if name not in shapes]
    unknown = [name for name in shapes if name not in expected]
    if len(missing) == len(expected):
        raise ValueError(f"{source} looks like {looks_like(shapes)}; expected the weights of {architecture}.")
    if missing or unknown:
        first = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is unknown"
        others = len(missing) + len(unknown) - 1
        more = f", and {others} more do not fit" if others else ""
        raise ValueError(f"{source} does not hold the weights of {architecture}: {first}{more}.")
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise ValueError(
                f"{source} does not hold the weights of {architecture}: {name!r} is {shapes[name]}, "
                f"expected {shape}."
            )
