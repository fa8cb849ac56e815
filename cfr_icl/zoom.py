"""Zoom-in: the part of the picture that the network looks at (published protocol)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle

OBJECT_THRESHOLD = 0.50
"""Probability above which a pixel counts as object when the window is placed."""

LOOKED_AT_WHOLE = 500_000
"""Pixels of the largest pictures of which every one is looked at to place a window and to compare two
answers, as published; of larger ones only what the network answered for them is."""

CLOSE_UP = 0.5
"""Share of the window's sides that a close-up of a click has."""

BLOCK = 128
"""Rows of a large picture that are computed at a time: few enough to stay in the processor's cache."""


class Window(Rectangle):
    """The part of a picture that the network looks at."""

    __slots__ = ()

    def iou(self, other: Window) -> float:
        """Product of the overlaps of the row spans and of the column spans."""
        return _span_iou(self.rows, other.rows) * _span_iou(self.columns, other.columns)

    def holds(self, clicks: Sequence[Click]) -> bool:
        """Whether every positive click lies inside; the last row and column count as outside."""
        return all(
            self.top <= c.y < self.bottom - 1 and self.left <= c.x < self.right - 1
            for c in clicks
            if c.positive
        )

    def around(self, click: Click, share: float) -> Window:
        """The part of this rectangle around a click that has a share, 0 to 1, of its sides."""
        left, right = _placed(click.x, share, self.left, self.right)
        top, bottom = _placed(click.y, share, self.top, self.bottom)
        return Window(left, top, right, bottom)

    def cuts(self, box: Window, picture: Window) -> bool:
        """Whether a box reaches an edge of the window that is not also an edge of the picture."""
        return (
            (box.top <= self.top > picture.top)
            or (box.left <= self.left > picture.left)
            or (box.bottom >= self.bottom < picture.bottom)
            or (box.right >= self.right < picture.right)
        )


@dataclass(frozen=True)
class PlacedMap:
    """Values float32 (h, w) for a window of a picture: between them bilinear, around it zero.

    Only the picture's pixels that are asked for are computed, so that large pictures cost no more.
    """

    values: torch.Tensor
    window: Window
    picture: Window

    @classmethod
    def of(cls, whole: torch.Tensor) -> PlacedMap:
        """A map that has a value for every pixel of its picture."""
        picture = Window.of_size(*whole.shape)
        return cls(whole, picture, picture)

    @property
    def large(self) -> bool:
        """Whether the picture is too large for every pixel to be looked at after every pass."""
        return self.picture.height * self.picture.width > LOOKED_AT_WHOLE

    def whole(self) -> torch.Tensor:
        """The value of every pixel, float32 (H, W)."""
        if self._complete:
            return self.values
        if not self.large:
            return paste(self.values[None, None], self.window, self.picture)[0, 0]
        found = torch.zeros(self.picture.height, self.picture.width)
        inside = found[self.window.slices]
        across = self._columns(torch.arange(self.window.width)).T.contiguous()
        for rows in torch.arange(self.window.height).split(BLOCK):
            inside[rows[0] : rows[-1] + 1] = _spread_rows(across, rows, self.window.height)
        return found

    def above(self, threshold: float) -> np.ndarray:
        """Where the value of a pixel is above a threshold that is not below zero, bool (H, W)."""
        if self._complete or not self.large:
            return self.whole().numpy() > threshold
        runs = self.runs(threshold)
        by_column = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
        return by_column.reshape(self.picture.width, self.picture.height).T

    def runs(self, threshold: float) -> np.ndarray:
        """How many pixels in turn are not above and above a threshold, column by column as COCO counts.

        Of a large picture no pixel is computed: between two values of the map a column crosses the
        threshold once, and the first pixel behind that place is found.
        """
        if self._complete or not self.large:
            by_column = self.above(threshold).T.flatten()
            ends = np.flatnonzero(np.diff(by_column, prepend=False))
        else:
            ends = self._crossings(threshold)
        return np.diff(ends, prepend=0, append=self.picture.height * self.picture.width)

    def _crossings(self, threshold: float) -> np.ndarray:
        """Numbers of the pixels, column by column, at which one side of a threshold ends."""
        columns = _reached((self.values > threshold).any(dim=0), self.window.width)
        values = self._columns(columns).numpy()
        over = np.zeros((len(values), values.shape[1] + 2), bool)
        np.greater(values, threshold, out=over[:, 1:-1])
        across, behind = np.divmod(np.flatnonzero(over[:, 1:] ^ over[:, :-1]), values.shape[1] + 1)
        rows = _first_rows(values, across, behind, threshold, self.window.height)
        places = (self.window.left + columns.numpy()[across]) * self.picture.height + self.window.top + rows
        # two crossings before the same pixel, and an end that is the next column's beginning, are none
        places, times = np.unique(places, return_counts=True)
        return places[times % 2 == 1]

    def _columns(self, columns: torch.Tensor) -> torch.Tensor:
        """The map's values in these columns of the window, float32 (columns, h)."""
        return _spread_rows(self.values.T.contiguous(), columns, self.window.width)

    def finer(self) -> PlacedMap:
        """The same function with values halfway between these, but no more than one for each pixel."""
        sides = zip(self.values.shape, (self.window.height, self.window.width), strict=True)
        size = [min(2 * side - 1, pixels) for side, pixels in sides]
        return replace(self, values=_resized(self.values, size))

    def with_details(self, fine: PlacedMap, coarse: PlacedMap) -> PlacedMap:
        """This map with what a fine map has beyond a coarse one, where this one is like the coarse one.

        It fades as these two differ, and where they differ by a half or more nothing is added.
        """
        fine, coarse = (other._resampled(self.window, tuple(self.values.shape)) for other in (fine, coarse))
        same = (1 - 2 * (self.values - coarse).abs()).clamp(min=0)
        return replace(self, values=(self.values + same * (fine - coarse)).clamp(0, 1))

    def with_close_up(self, close: PlacedMap) -> PlacedMap:
        """This map with another one of a part of its window, which fades in from its edge."""
        found = self.values.clone()
        rows, down = _fading(found.shape[0], self.window.rows, close.window.rows)
        columns, across = _fading(found.shape[1], self.window.columns, close.window.columns)
        seen = _spread_rows(close.values, rows[1], close.window.height)
        seen = _spread_rows(seen.T.contiguous(), columns[1], close.window.width).T
        found[rows[0], columns[0]] = torch.lerp(found[rows[0], columns[0]], seen, torch.outer(down, across))
        return replace(self, values=found)

    @property
    def _complete(self) -> bool:
        return self.window == self.picture and self.values.shape == (self.picture.height, self.picture.width)

    def crop(self, window: Window, size: tuple[int, int]) -> torch.Tensor:
        """Like `crop` of the whole map, float32 (height, width); for the map's own window the map itself."""
        if not self.large:
            return crop(self.looked_at.values[None, None], window, size)[0, 0]
        return self._resampled(window, size)

    def _resampled(self, window: Window, size: tuple[int, int]) -> torch.Tensor:
        if window == self.window:
            return self.values if size == self.values.shape else _resized(self.values, size)
        # whole rows are copied fast, so the columns are made rows while the map is small
        across = self._rows(self.values.T.contiguous(), window.columns, self.window.columns, size[1])
        return self._rows(across.T.contiguous(), window.rows, self.window.rows, size[0])

    @staticmethod
    def _rows(values: torch.Tensor, wanted: tuple[int, int], own: tuple[int, int], size: int) -> torch.Tensor:
        """Rows for the pixels in `own`, resized to `size` rows for those in `wanted`."""
        pixels, share = _neighbours(*wanted, size)
        near = _spread_rows(values, pixels.flatten() - own[0], own[1] - own[0]).unflatten(0, pixels.shape)
        return torch.lerp(near[0], near[1], share[:, None])

    @property
    def looked_at(self) -> PlacedMap:
        """What windows are placed and answers compared by: every pixel, but of a large picture this map."""
        return self if self.large else self._every_pixel

    @cached_property
    def _every_pixel(self) -> PlacedMap:
        return PlacedMap.of(self.whole())


def _resized(values: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    return F.interpolate(values[None, None], size, mode="bilinear", align_corners=True)[0, 0]


def _spread_rows(values: torch.Tensor, places: torch.Tensor, length: int) -> torch.Tensor:
    """Rows (h, w) spread over `length` places, bilinear at some of these; zero at any others."""
    before, share = _between(len(values), places, length)
    after = (before + 1).clamp(max=len(values) - 1)
    found = values.index_select(0, before).lerp_(values.index_select(0, after), share[:, None])
    inside = (places >= 0) & (places < length)
    return found if inside.all() else found * inside[:, None]


def _between(count: int, places: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Behind which of `count` values, spread over `length` places, these places lie, and how far, 0 to 1."""
    position = (count - 1) / max(length - 1, 1) * places.to(torch.float32)
    before = position.floor().clamp(0, count - 1).long()
    return before, (position - before).clamp(0, 1)


def _fading(
    count: int, own: tuple[int, int], part: tuple[int, int]
) -> tuple[tuple[slice, torch.Tensor], torch.Tensor]:
    """Which of `count` values for a span of pixels lie in a part of it, where in that, and its weight there.

    The weight is 1 in the middle half of the part and falls to 0 at its ends.
    """
    places = own[0] - part[0] + (own[1] - own[0] - 1) / max(count - 1, 1) * torch.arange(count)
    length = part[1] - part[0]
    inside = ((places >= 0) & (places <= length - 1)).nonzero()[:, 0]
    chosen = slice(int(inside[0]), int(inside[-1]) + 1)
    weight = (2 * torch.sin(math.pi * places[chosen] / max(length - 1, 1)) ** 2).clamp(max=1)
    return (chosen, places[chosen]), weight


def _first_rows(
    values: np.ndarray, columns: np.ndarray, behind: np.ndarray, threshold: float, length: int
) -> np.ndarray:
    """The first rows behind crossings of a threshold, in columns (n, h) that are spread over `length` rows.

    Args:
        columns: of each crossing its column.
        behind: the first of the column's values that is behind it, or h for the column's end.
    """
    count = values.shape[1]
    before, share = _between(count, torch.arange(length), length)
    starts = np.append(np.searchsorted(before.numpy(), np.arange(count)), length)
    last = starts[behind]
    rows = np.where(behind % count, starts[behind - 1], last)
    one, other = (torch.from_numpy(values[columns, i]) for i in (behind - 1, behind.clip(max=count - 1)))
    wanted = other.numpy() > threshold
    for _ in range(np.max(last - rows, initial=0)):
        found = torch.lerp(one, other, share[rows.clip(max=length - 1)]).numpy()
        rows += (rows < last) & ((found > threshold) != wanted)
    return rows


def _reached(marked: torch.Tensor, length: int) -> torch.Tensor:
    """Of `length` places those that get something of marked rows, bool (h,), spread over them."""
    if not marked.any():
        return torch.arange(0)
    first, last = marked.nonzero()[[0, -1], 0].tolist()
    step = (length - 1) / max(len(marked) - 1, 1)
    return torch.arange(max(0, math.floor((first - 1) * step)), min(length, math.ceil((last + 1) * step) + 1))


@dataclass(frozen=True)
class ZoomConfig:
    """When and how the network's view zooms in on the object.

    `size` is the network's input: both sides when the aspect is not kept, else the longest side.
    `skip_clicks` is the number of clicks answered on the picture as it is; with -1 even the
    first click's picture is resized to `size`. With `widen`, which is not in the published protocol,
    the window is also placed anew when the object runs over its edge, so that nothing is cut off.
    From click number `close_up` on, which is not in the published protocol either (0: never), the last
    refinement of CFR sees the surroundings of the click alone, and larger; what it finds stays until
    the answer changes there.
    """

    size: int = 448
    keep_aspect: bool = False
    skip_clicks: int = -1
    expansion: float = 1.4
    min_side: int = 200
    recompute_iou: float = 0.5
    widen: bool = False
    close_up: int = 0

    def input_size(self, window: Window) -> tuple[int, int]:
        """(height, width) at which the network sees this window."""
        if not self.keep_aspect:
            return self.size, self.size
        scale = self.size / max(window.height, window.width)
        return max(1, round(window.height * scale)), max(1, round(window.width * scale))

    def next_window(
        self,
        current: Window | None,
        probabilities: PlacedMap | None,
        clicks: Sequence[Click],
        picture: Window,
    ) -> Window | None:
        """The window for the next pass; None means the picture as it is.

        Args:
            probabilities: of the pass before, or None before the first.
        """
        if len(clicks) <= self.skip_clicks:
            return current
        box = None if probabilities is None else _object_box(probabilities, clicks)
        if box is None and self.skip_clicks >= 0:
            return current
        wanted = self._around(box, picture) if box else picture
        if current is None or not current.holds(clicks) or wanted.iou(current) < self.recompute_iou:
            return wanted
        return wanted if self.widen and box and current.cuts(box, picture) else current

    def small_object(self, probabilities: PlacedMap) -> bool:
        """Whether an answer on the picture as it is should be computed once more, zoomed in."""
        if self.skip_clicks > 0:
            return False
        window = self.object_window(probabilities, [])
        return window is not None and window.iou(probabilities.picture) < 0.5

    def object_window(self, probabilities: PlacedMap, clicks: Sequence[Click]) -> Window | None:
        """The window around the object and the positive clicks; None where there is no object."""
        box = _object_box(probabilities, clicks)
        return self._around(box, probabilities.picture) if box else None

    def _around(self, box: Window, picture: Window) -> Window:
        left, right = self._expanded(box.left, box.right - 1, picture.width)
        top, bottom = self._expanded(box.top, box.bottom - 1, picture.height)
        return Window(left, top, right, bottom)

    def _expanded(self, first: int, last: int, limit: int) -> tuple[int, int]:
        centre = 0.5 * (first + last)
        length = max(self.expansion * (last - first + 1), self.min_side)
        # The published box is inclusive on both sides; ours excludes its end.
        return (
            max(0, round(centre - 0.5 * length)),
            min(limit, round(centre + 0.5 * length) + 1),
        )


def crop(maps: torch.Tensor, window: Window, size: tuple[int, int]) -> torch.Tensor:
    """Cut the window out of maps (B, C, H, W) and resize it to `size` = (height, width)."""
    part = maps[(..., *window.slices)]
    return F.interpolate(part, size=size, mode="bilinear", align_corners=True)


def crop_picture(picture: np.ndarray, window: Window, size: tuple[int, int]) -> torch.Tensor:
    """Like `crop` for a picture uint8 (H, W, 3): float (1, 3, height, width) in [0, 1]."""
    if window.height * window.width <= 4 * size[0] * size[1]:
        part = picture[window.slices].copy()
        part = torch.from_numpy(part).permute(2, 0, 1)[None].float()
        return F.interpolate(part, size=size, mode="bilinear", align_corners=True).div_(255)
    # of a large window only the pixels that the result depends on are touched
    rows, down = _neighbours(window.top, window.bottom, size[0])
    columns, right = _neighbours(window.left, window.right, size[1])
    above, below = (
        torch.from_numpy(picture.take(near.numpy(), 0).take(columns.flatten().numpy(), 1)).float()
        for near in rows
    )
    near = torch.lerp(above, below, down[:, None, None]).unflatten(1, columns.shape)
    return torch.lerp(near[:, 0], near[:, 1], right[:, None]).div_(255).permute(2, 0, 1)[None]


def _neighbours(first: int, end: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Between which pixels of [first, end) each of `size` outputs lies (2, size), and the second's share."""
    # in float32, as F.interpolate places them
    position = (end - first - 1) / max(size - 1, 1) * torch.arange(size, dtype=torch.float32)
    before = position.floor()
    pixels = first + torch.stack([before, before + 1]).long()
    return pixels.clamp(max=end - 1), position - before


def paste(maps: torch.Tensor, window: Window, picture: Window) -> torch.Tensor:
    """Put what was computed for a window (B, C, h, w) back into picture size, zeros around it."""
    part = F.interpolate(maps, size=(window.height, window.width), mode="bilinear", align_corners=True)
    if window == picture:
        return part
    whole = part.new_zeros(*part.shape[:2], picture.height, picture.width)
    whole[(..., *window.slices)] = part
    return whole


def to_window(click: Click, window: Window, size: tuple[int, int]) -> Click:
    """A click in the pixels of the resized window."""
    height, width = size
    return Click(
        x=width * (click.x - window.left) / window.width,
        y=height * (click.y - window.top) / window.height,
        positive=click.positive,
    )


def _placed(centre: float, share: float, first: int, end: int) -> tuple[int, int]:
    """A span around a centre that has a share of [first, end) and lies in it."""
    length = max(1, round(share * (end - first)))
    start = min(max(first, round(centre - length / 2)), end - length)
    return start, start + length


def _span_iou(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    return max(0, min(a[1], b[1]) - max(a[0], b[0])) / (max(a[1], b[1]) - min(a[0], b[0]))


def _object_box(probabilities: PlacedMap, clicks: Sequence[Click]) -> Window | None:
    """A rectangle around the object and the positive clicks; None where there is no object.

    It is the smallest one, or in a large picture up to the next value of the map on each side.
    """
    found = probabilities.looked_at
    window, positive = found.window, [click for click in clicks if click.positive]
    spans = []
    for dim, first, end, clicked in (
        (0, window.left, window.right, [int(click.x) for click in positive]),
        (1, window.top, window.bottom, [int(click.y) for click in positive]),
    ):
        places = (found.values.amax(dim) > OBJECT_THRESHOLD).nonzero()
        if not len(places):
            return None
        reach = _reach(int(places[0]), int(places[-1]), found.values.shape[1 - dim], first, end)
        spans.append((min(*reach, *clicked), max(*reach, *clicked) + 1))
    (left, right), (top, bottom) = spans
    return Window(left, top, right, bottom)


def _reach(low: int, high: int, count: int, first: int, end: int) -> tuple[int, int]:
    """First and last pixel of [first, end) in which the values from `low` to `high` of `count` have a say."""
    apart = (end - first - 1) / (count - 1) if count > 1 else end - first
    before, after = first + (low - 1) * apart, first + (high + 1) * apart
    return max(first, math.floor(before) + 1), min(end - 1, math.ceil(after) - 1)
