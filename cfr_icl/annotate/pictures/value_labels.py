"""Labels of the values of a label map, in a text of its PNG file: other programs pass over it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from PIL import Image
from PIL.PngImagePlugin import PngInfo

KEY = "Labels"
"""The keyword of the text, a JSON object such as {"1": "cat", "2": "dog"}."""

MAX_LENGTH = 1_000_000
"""Longer texts are not read; a label map of 1000 objects has a tenth of it."""


def with_labels(labels: Mapping[int, str]) -> PngInfo:
    """What Pillow saves in a PNG file beside its pixels: the labels by value."""
    text = PngInfo()
    text.add_itxt(KEY, json.dumps({str(value): label for value, label in labels.items()}, ensure_ascii=False))
    return text


def labels_of(image: Image.Image) -> dict[int, str]:
    """The labels by value in a decoded, untrusted picture; empty where it has none that can be read."""
    text = image.info.get(KEY)
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        return {}
    try:
        entries = json.loads(text)
        return {int(value): label for value, label in entries.items() if isinstance(label, str)}
    except (ValueError, AttributeError, RecursionError):
        return {}
