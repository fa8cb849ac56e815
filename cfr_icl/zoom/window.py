"""The zoom-in window: the rectangle of the picture that the network sees."""

from __future__ import annotations

from collections.abc import Sequence

from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle


class Window(Rectangle):
    """The part of a picture that the network sees."""

    __slots__ = ()

    def iou(self, other: Window) -> float:
        """The IoU of the row spans times the IoU of the column spans, as published."""
        return _span_iou(self.rows, other.rows) * _span_iou(self.columns, other.columns)

    def holds(self, clicks: Sequence[Click]) -> bool:
        """Whether every positive click lies inside; as published, not in the last row or column."""
        return all(
            self.top <= c.y < self.bottom - 1 and self.left <= c.x < self.right - 1
            for c in clicks
            if c.positive
        )

    def around(self, click: Click, share: float) -> Window:
        """The part of this window around a click whose sides are a share (0 to 1) of this window's sides."""
        left, right = _placed(click.x, share, *self.columns)
        top, bottom = _placed(click.y, share, *self.rows)
        return Window(left, top, right, bottom)

    def truncates(self, box: Rectangle, picture: Rectangle) -> bool:
        """Whether a box reaches an edge of this window that is not also an edge of the picture."""
        return (
            (box.top <= self.top > picture.top)
            or (box.left <= self.left > picture.left)
            or (box.bottom >= self.bottom < picture.bottom)
            or (box.right >= self.right < picture.right)
        )


def to_window(click: Click, window: Rectangle, size: tuple[int, int]) -> Click:
    """Convert a click from picture pixels to pixels of the window resized to `size` = (height, width)."""
    height, width = size
    return Click(
        x=width * (click.x - window.left) / window.width,
        y=height * (click.y - window.top) / window.height,
        positive=click.positive,
    )


def _placed(centre: float, share: float, first: int, end: int) -> tuple[int, int]:
    """The span around a centre with a share of the length of [first, end), moved to lie inside of it."""
    length = max(1, round(share * (end - first)))
    start = min(max(first, round(centre - length / 2)), end - length)
    return start, start + length


def _span_iou(a: tuple[int, int], b: tuple[int, int]) -> float:
    return max(0, min(a[1], b[1]) - max(a[0], b[0])) / (max(a[1], b[1]) - min(a[0], b[0]))
