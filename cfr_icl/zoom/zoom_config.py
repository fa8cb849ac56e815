"""Zoom-in: where the window is placed for each pass (published protocol)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window

OBJECT_THRESHOLD = 0.50
"""Probability above which a pixel counts as object when the window is placed."""


@dataclass(frozen=True, kw_only=True)
class ZoomConfig:
    """The zoom-in: from which click on, and how the window is placed around the object.

    Attributes:
        size: the network's input in pixels: both sides, or the longest side with `keep_aspect`.
        keep_aspect: keep the aspect ratio of the window.
        skip_clicks: number of clicks that are predicted on the unresized picture before zoom-in begins; with
            -1 the picture is resized to `size` even for the first click.
        expansion: ratio of the window's sides to those of the object's bounding box.
        min_side: shortest side of the window in picture pixels.
        recompute_iou: move the window when its IoU with the newly computed one is below this value, 0 to 1.
        widen: also move it when the object reaches its edge. Not in the published protocol.
        exact_up_to: largest picture, in pixels, for which the window and CFR's stopping rule are computed
            from every pixel; for larger ones they are computed from the network's output map. None: always
            from every pixel, as in the published protocol.

    Raises:
        ValueError: for a value of another type or out of its range.
    """

    size: int = 448
    keep_aspect: bool = False
    skip_clicks: int = -1
    expansion: float = 1.4
    min_side: int = 200
    recompute_iou: float = 0.5
    widen: bool = False
    exact_up_to: int | None = 500_000

    def __post_init__(self) -> None:
        least = {"size": 1, "skip_clicks": -1, "min_side": 1}
        for entry in fields(self):
            value, default = getattr(self, entry.name), entry.default
            kinds = (int, float) if isinstance(default, float) else (type(default),)
            if value is None and entry.name == "exact_up_to":
                continue
            if type(value) not in kinds or not value >= least.get(entry.name, 0):
                raise ValueError(f"{entry.name} of the zoom-in cannot be {value!r:.40}.")

    def published(self) -> ZoomConfig:
        """The same zoom-in without the settings that are not in the published protocol."""
        return replace(self, widen=False, exact_up_to=None)

    def is_exact(self, picture: Rectangle) -> bool:
        """Whether decisions are computed from every pixel of this picture (see `exact_up_to`)."""
        return self.exact_up_to is None or picture.area <= self.exact_up_to

    def input_size(self, window: Rectangle) -> tuple[int, int]:
        """(height, width) of the network's input for a window."""
        if not self.keep_aspect:
            return self.size, self.size
        scale = self.size / max(window.height, window.width)
        return max(1, round(window.height * scale)), max(1, round(window.width * scale))

    def next_window(
        self,
        current: Window | None,
        probabilities: ProbabilityMap | None,
        clicks: Sequence[Click],
        picture: Window,
    ) -> Window | None:
        """Place the window of the next pass; None stands for the unresized picture.

        The window stays where it is unless it misses a positive click, differs much from the newly computed
        one (`recompute_iou`) or, with `widen`, truncates the object.

        Args:
            current: the window of the last pass.
            probabilities: the map of the last pass; None before the first.
            clicks: all clicks on the object.
            picture: the whole picture.
        """
        if len(clicks) <= self.skip_clicks:
            return current
        box = None if probabilities is None else _object_box(probabilities, clicks)
        if box is None and self.skip_clicks >= 0:
            return current
        window = self._around(box, picture) if box else picture
        if current is None or not current.holds(clicks) or window.iou(current) < self.recompute_iou:
            return window
        return window if self.widen and box and current.truncates(box, picture) else current

    def small_object(self, probabilities: ProbabilityMap) -> bool:
        """Whether the first pass, on the unresized picture, is repeated zoomed in on a small object."""
        if self.skip_clicks > 0:
            return False
        window = self.object_window(probabilities, [])
        return window is not None and window.iou(probabilities.picture) < 0.5

    def object_window(self, probabilities: ProbabilityMap, clicks: Sequence[Click]) -> Window | None:
        """The window around the object and the positive clicks; None where no pixel counts as object."""
        box = _object_box(probabilities, clicks)
        return self._around(box, probabilities.picture) if box else None

    def _around(self, box: Rectangle, picture: Window) -> Window:
        left, right = expanded(box.left, box.right - 1, picture.width, self.expansion, self.min_side)
        top, bottom = expanded(box.top, box.bottom - 1, picture.height, self.expansion, self.min_side)
        return Window(left, top, right, bottom)


def expanded(first: float, last: float, limit: int, expansion: float, least: float) -> tuple[int, int]:
    """The span of a window around the pixels `first` to `last`, cut off at 0 and `limit`.

    Args:
        expansion: ratio of the span's length to that of these pixels.
        least: shortest length.
    """
    centre = 0.5 * (first + last)
    length = max(expansion * (last - first + 1), least)
    # the published box includes its last row and column; `Rectangle` excludes them
    return max(0, round(centre - 0.5 * length)), min(limit, round(centre + 0.5 * length) + 1)


def _object_box(probabilities: ProbabilityMap, clicks: Sequence[Click]) -> Rectangle | None:
    """The bounding box of the object and the positive clicks; None where no pixel counts as object.

    In a large picture (`exact_up_to`) the box extends to the next value of the network's map on each side.
    """
    decision = probabilities.decision_map
    positive = [click for click in clicks if click.positive]
    spans = []
    for dim, (first, end), clicked in (
        (0, decision.window.columns, [int(click.x) for click in positive]),
        (1, decision.window.rows, [int(click.y) for click in positive]),
    ):
        places = (decision.values.amax(dim) > OBJECT_THRESHOLD).nonzero()
        if not len(places):
            return None
        span = _dependent_span(int(places[0]), int(places[-1]), decision.values.shape[1 - dim], first, end)
        spans.append((min(*span, *clicked), max(*span, *clicked) + 1))
    (left, right), (top, bottom) = spans
    return Rectangle(left, top, right, bottom)


def _dependent_span(low: int, high: int, count: int, first: int, end: int) -> tuple[int, int]:
    """First and last pixel of [first, end) that depend on the values `low` to `high` of `count` values."""
    step = (end - first - 1) / (count - 1) if count > 1 else end - first
    before, after = first + (low - 1) * step, first + (high + 1) * step
    return max(first, math.floor(before) + 1), min(end - 1, math.ceil(after) - 1)
