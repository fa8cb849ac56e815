"""Initial states of training batches, not in the paper: warm-up clicks, close-ups, boxes, wrong regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.box import box_clicks, box_guess
from cfr_icl.clicks import Click
from cfr_icl.icl import ClickedObjects, Draws, ICLConfig, InitialState, IterativeClickLoss, add_clicks
from cfr_icl.rectangle import Rectangle
from cfr_icl.robot import random_click
from cfr_icl.zoom.resample import crop
from cfr_icl.zoom.window import Window, to_window


@dataclass(frozen=True)
class TrainingConfig(ICLConfig):
    """ICL and the initial states of batches; probabilities are 0 to 1.

    Attributes:
        warm_up: the most clicks before the supervised ones, without gradient; trains later corrections.
        fresh: probability of no such clicks; keeps training the first click.
        refine: probability that the mask is fed back without a new click, as in CFR.
        close_up: probability that close-ups of the newest clicks are supervised (cfr_icl/close_up.py).
        sides: range of the ratio of a close-up's sides to the picture's.
        box: probability that objects start with a box, as on the page (cfr_icl/box.py).
        sloppy: each side of the box is moved by up to this share of the object's width or height.
        wrong: probability that objects start with a mask that includes another object of their picture, and
            a click that corrects it.
    """

    warm_up: int = 0
    fresh: float = 0.0
    refine: float = 0.0
    close_up: float = 0.0
    sides: tuple[float, float] = (0.35, 0.75)
    box: float = 0.0
    sloppy: float = 0.05
    wrong: float = 0.0


class TrainingLoss(IterativeClickLoss):
    """L_ICL of batches with various initial states."""

    config: TrainingConfig

    def begin(self, objects: ClickedObjects) -> InitialState:
        config, rng = self.config, objects.draws.shared
        if config.close_up and rng.random() < config.close_up:
            return self._begin_with_close_ups(objects)
        state = super().begin(objects)
        if config.wrong and rng.random() < config.wrong:
            state.mask = begin_with_wrong_regions(
                state.clicks, state.gt_mask, objects.picture_indices, state.draws
            )
        elif config.box and rng.random() < config.box:
            state.mask = begin_with_boxes(state.clicks, state.gt_mask, config.sloppy, state.draws)
        elif config.warm_up and rng.random() >= config.fresh:
            state.mask = self._warm_up(state, int(rng.integers(0, config.warm_up + 1)))
        return state

    def add_clicks(
        self,
        clicks: Sequence[list[Click]],
        mask: torch.Tensor,
        gt_mask: torch.Tensor,
        draws: Draws,
    ) -> None:
        if draws.shared.random() >= self.config.refine:
            super().add_clicks(clicks, mask, gt_mask, draws)

    @torch.no_grad()
    def _warm_up(self, state: InitialState, rounds: int) -> torch.Tensor:
        """Compute the masks after some rounds of clicks, which are added in place."""
        mask = state.mask
        for _ in range(rounds):
            mask = torch.sigmoid(self.decode(state.features, mask, state.clicks)[0].float())
            add_clicks(state.clicks, mask, state.gt_mask, state.draws)
        return mask

    def _begin_with_close_ups(self, objects: ClickedObjects) -> InitialState:
        """Begin with close-ups of the newest clicks on one object of each picture."""
        chosen = one_of_each(objects.picture_indices, objects.draws)
        clicks, draws = [objects.clicks[number] for number in chosen], objects.draws.of(chosen)
        image, gt_mask, mask = self._close_ups(objects.image, objects.gt_mask[chosen], clicks, draws)
        return InitialState(self.encode(image), gt_mask, mask, clicks, draws)

    @torch.no_grad()
    def _close_ups(
        self,
        image: torch.Tensor,
        gt_mask: torch.Tensor,
        clicks: list[list[Click]],
        draws: Draws,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Crop the surroundings of each object's newest click, after some clicks on the whole picture.

        The clicks are converted to coordinates of the crop.

        Returns:
            Picture, ground truth and mask like the arguments.
        """
        state = InitialState(self.encode(image), gt_mask, torch.zeros_like(gt_mask), clicks, draws)
        rounds = int(draws.shared.integers(1, max(1, self.config.warm_up) + 1))
        mask = self._warm_up(state, rounds)
        mask = torch.sigmoid(self.decode(state.features, mask, clicks)[0].float())
        height, width = image.shape[2:]
        whole = Window.of_size(height, width)
        maps, parts = torch.cat([image, mask, gt_mask == 1, gt_mask == -1], dim=1), []
        for number, object_clicks in enumerate(clicks):
            side = draws.objects[number].uniform(*self.config.sides)
            window = whole.around(object_clicks[-1], side)
            parts.append(crop(maps[number : number + 1], window, whole.size))
            clicks[number] = [to_window(click, window, whole.size) for click in object_clicks]
        image, mask, objects, ignored = torch.cat(parts).split([3, 1, 1, 1], dim=1)
        gt_mask = torch.where(ignored > 0, -1.0, (objects > 0.5).float())
        return image, gt_mask, mask


def one_of_each(picture_indices: torch.Tensor, draws: Draws) -> list[int]:
    """The index of one random object of each picture."""
    objects = [np.flatnonzero(picture_indices == number) for number in picture_indices.unique()]
    return [int(draws.objects[numbers[0]].choice(numbers)) for numbers in objects]


def begin_with_boxes(
    clicks: Sequence[list[Click]], gt_mask: torch.Tensor, sloppy: float, draws: Draws
) -> torch.Tensor:
    """Give each object of a batch the clicks of a box around it, in place of its own.

    Args:
        gt_mask: float32 (N, 1, H, W).
        sloppy: as in `TrainingConfig`.

    Returns:
        The initial masks, in the shape of the ground truth. An object without pixels gets zeros and keeps its
        clicks.
    """
    guesses = torch.zeros_like(gt_mask)
    height, width = gt_mask.shape[2:]
    objects = zip(clicks, guesses, gt_mask[:, 0] == 1, draws.objects, strict=True)
    for object_clicks, guess, pixels, rng in objects:
        exact = Rectangle.of_mask(pixels.cpu().numpy())
        if not exact.area:
            continue
        left, right = _sloppy(*exact.columns, width, sloppy, rng)
        top, bottom = _sloppy(*exact.rows, height, sloppy, rng)
        box = Rectangle(left, top, right, bottom)
        object_clicks[:] = box_clicks(box, (height, width))
        guess[0] = torch.from_numpy(box_guess(box, (height, width)).copy())
    return guesses


def begin_with_wrong_regions(
    clicks: Sequence[list[Click]], gt_mask: torch.Tensor, picture_indices: torch.Tensor, draws: Draws
) -> torch.Tensor:
    """Give each object of a batch a mask that also covers another object of its picture, and the next click.

    The click is negative if the wrong region is the thicker one. An object whose picture has no other object
    that would enlarge it by more than a fifth gets no mask and keeps its clicks.

    Returns:
        The initial masks, in the shape of the ground truth.
    """
    guesses = torch.zeros_like(gt_mask)
    objects = gt_mask == 1
    for number, object_clicks in enumerate(clicks):
        others = [int(n) for n in np.flatnonzero(picture_indices == picture_indices[number]) if n != number]
        added = [int((objects[n] & (gt_mask[number] == 0)).sum()) for n in others]
        others = [n for n, new in zip(others, added, strict=True) if 5 * new > int(objects[number].sum())]
        if not others:
            continue
        rng = draws.objects[number]
        taken = (objects[number] | objects[int(rng.choice(others))]).float()
        soft = F.avg_pool2d(taken, 5, 1, 2, count_include_pad=False)
        guesses[number] = 0.02 + 0.96 * soft
        click = random_click(guesses[number, 0].cpu().numpy(), gt_mask[number, 0].cpu().numpy(), rng)
        if click:
            object_clicks.append(click)
    return guesses


def _sloppy(first: int, end: int, limit: int, sloppy: float, rng: np.random.Generator) -> tuple[int, int]:
    """The span [first, end), each end moved at random by up to a share of its length."""
    off = sloppy * (end - first) * rng.uniform(-1, 1, 2)
    first, last = round(first + off[0]), round(end - 1 + off[1])
    return max(0, min(first, last)), min(limit, max(first, last) + 1)
