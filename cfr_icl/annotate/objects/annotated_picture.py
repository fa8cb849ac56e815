"""A picture with its objects, as exports and class numbers take it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cfr_icl.annotate.objects.document import Document, Instance


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture with its objects; pixels are read only for formats that hold them."""

    name: str
    size: tuple[int, int]
    """Height and width in pixels."""
    document: Document
    read: Callable[[], np.ndarray]
    """Decodes the picture, uint8 (H, W, 3)."""
    seconds: float = 0.0
    """Time at work on it, 0 if not saved."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The objects that have pixels."""
        return tuple(instance for instance in self.document.instances if instance.mask.area)


def class_names(pictures: Sequence[AnnotatedPicture], numbered: Sequence[str] = ()) -> list[str]:
    """All labels in the order of their numbers: `numbered`, those of lists of labels, those of objects."""
    names = [*numbered]
    names += [label.name for picture in pictures for label in picture.document.labels]
    names += [instance.label for picture in pictures for instance in picture.instances]
    return list(dict.fromkeys(names))
