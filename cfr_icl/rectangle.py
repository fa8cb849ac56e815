"""The one rectangle type: windows, boxes and bounding boxes of masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from cfr_icl.sentences import Refusal

if TYPE_CHECKING:
    from typing_extensions import Self


class Rectangle(NamedTuple):
    """A rectangle of picture pixels; `right` and `bottom` are exclusive.

    File formats store rectangles in other orders, such as [x, y, width, height]; they are converted where
    such a file is read or written.
    """

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def of_size(cls, height: int, width: int) -> Self:
        """The rectangle of a whole picture."""
        return cls(0, 0, width, height)

    @classmethod
    def of_mask(cls, mask: np.ndarray) -> Self:
        """The bounding box of a mask, bool (H, W); all zeros for an empty one."""
        left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
        return cls(left, top, left + width, top + height)

    @classmethod
    def of_sides(cls, left: float, top: float, right: float, bottom: float) -> Self:
        """The rectangle to which the pixels on its four sides belong, as in lists of clicks and on the page.

        Raises:
            Refusal: a ValueError, for sides that are not finite, and for a left side beyond the right or a
                top below the bottom.
        """
        if not all(abs(side) < 1e6 for side in (left, top, right, bottom)):
            raise Refusal("A box needs finite coordinates.")
        if left > right or top > bottom:
            sides = ", ".join(f"{side:g}" for side in (left, top, right, bottom))
            raise Refusal("The sides of a box are left, top, right, bottom, not {sides}.", sides=sides)
        return cls(round(left), round(top), round(right) + 1, round(bottom) + 1)

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, in the order of an array's shape."""
        return self.height, self.width

    @property
    def area(self) -> int:
        return self.height * self.width

    @property
    def xywh(self) -> tuple[int, int, int, int]:
        """Left, top, width and height, as COCO files have it."""
        return self.left, self.top, self.width, self.height

    def inside(self, height: int, width: int) -> Rectangle:
        """The part inside a picture of this size; its width or height is 0 or less where there is none."""
        left, top = max(self.left, 0), max(self.top, 0)
        return Rectangle(left, top, min(self.right, width), min(self.bottom, height))

    def overlap(self, other: Rectangle) -> float:
        """Intersection over union of the pixels with those of another rectangle, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        common = max(0, width) * max(0, height)
        return common / max(1, self.area + other.area - common)

    @property
    def rows(self) -> tuple[int, int]:
        """First row, and last row plus one."""
        return self.top, self.bottom

    @property
    def columns(self) -> tuple[int, int]:
        """First column, and last column plus one."""
        return self.left, self.right

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index of an array (H, W, ...)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)
