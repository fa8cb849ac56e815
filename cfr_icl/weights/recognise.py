"""What a set of tensors is, by names and shapes; for errors that say what a wrong file looks like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Shapes = Mapping[str, tuple[int, ...]]

KNOWN_BY = (
    ("image_embed.weight", "a plain ViT of this package"),
    ("hint_scale", "an HRNet of this package"),
    ("lateral.0.conv.weight", "a compact network of this package"),
    ("patch_embed_coords.", "a published SimpleClick or CFR-ICL checkpoint"),
    ("maps_transform.", "a published RITM or FocalClick checkpoint"),
    ("image_encoder.patch_embed.", "a Segment Anything checkpoint"),
    ("decoder_embed.", "an MAE pretraining checkpoint with its decoder"),
    ("patch_embed.proj.weight", "a ViT without clicks, such as an MAE pretraining checkpoint"),
    ("transition1.", "an HRNet without clicks"),
    ("layer1.0.conv1.weight", "a ResNet"),
)
"""The beginning of a tensor's name, and the network that has such a tensor; the first hit counts."""


def looks_like(names: Iterable[str]) -> str:
    """What a file with these tensors looks like, for an error's sentence."""
    names = list(names)
    for start, description in KNOWN_BY:
        if any(name.startswith(start) for name in names):
            return description
    return f"something unknown with {len(names)} tensors such as {names[0]!r}" if names else "an empty file"


def check_shapes(found: Shapes, wanted: Shapes, source: str, architecture: str) -> None:
    """Raise ValueError unless names and shapes are the network's, naming the first that differs."""
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    if len(missing) == len(wanted):
        raise ValueError(f"{source} looks like {looks_like(found)}; expected the weights of {architecture}.")
    if missing or unknown:
        first = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is unknown"
        others = len(missing) + len(unknown) - 1
        more = f", and {others} more do not fit" if others else ""
        raise ValueError(f"{source} does not hold the weights of {architecture}: {first}{more}.")
    for name, shape in wanted.items():
        if found[name] != shape:
            raise ValueError(
                f"{source} does not hold the weights of {architecture}: {name!r} is {found[name]}, "
                f"expected {shape}."
            )
