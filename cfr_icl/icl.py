"""Iterative Click Loss: training supervises the answer to every simulated click (paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cfr_icl.box import box_clicks, box_guess
from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.models.base import Features, InteractiveModel
from cfr_icl.rectangle import Rectangle
from cfr_icl.robot import random_click
from cfr_icl.zoom.resample import crop
from cfr_icl.zoom.window import Window, to_window


def normalised_focal_loss(
    logits: torch.Tensor, gt_mask: torch.Tensor, alpha: float = 0.5, gamma: float = 2.0
) -> torch.Tensor:
    """Focal loss whose weights sum to the number of pixels, so that it does not fade as masks improve.

    Args:
        logits: float (B, 1, H, W).
        gt_mask: float (B, 1, H, W), 1 object, 0 background, -1 ignored.

    Returns:
        The loss of each picture, float (B,).
    """
    eps = 1e-12
    counted = gt_mask != -1
    probabilities = torch.sigmoid(logits.float())
    correct = torch.where(counted, 1 - (gt_mask - probabilities).abs(), 1.0)
    focus = (1 - correct) ** gamma
    pixels = counted.sum(dim=(1, 2, 3), keepdim=True)
    focus = focus * (pixels / (focus.sum(dim=(1, 2, 3), keepdim=True) + eps)).detach()
    balance = torch.where(gt_mask > 0.5, alpha, 1 - alpha) * counted
    losses = -balance * focus * torch.log((correct + eps).clamp(max=1.0))
    return losses.sum(dim=(1, 2, 3)) / (pixels.flatten() + eps)


@dataclass(frozen=True)
class ICLConfig:
    """How clicks are simulated and supervised.

    Between one and `len(betas)` clicks are supervised in a batch, the i-th with weight betas[i].
    `last_only` is the plain iterative baseline. `detach` keeps gradients from flowing through
    the mask that is fed back. Before that, up to `warm_up` clicks are answered without gradient,
    so that late corrections are learnt as well; `fresh` is the probability that none is, so that
    first answers are not forgotten over them. `refine` is the probability that a round feeds
    back the mask without a new click, as CFR does. `close_up` is the probability that what is
    supervised is a close-up of the last click, as the segmenter takes it, `sides` of the picture's.
    `box` is the probability that objects are begun with a box, as the annotator tells it, its sides up
    to `sloppy` of its width or height beside the object's. `wrong` is the probability that objects are begun
    with a mask that has wrongly taken another object of their picture, and a negative click in it.
    """

    betas: tuple[float, ...] = (1.0, 2.0, 3.0)
    last_only: bool = False
    detach: bool = True
    normalise: bool = False
    warm_up: int = 0
    fresh: float = 0.0
    refine: float = 0.0
    close_up: float = 0.0
    sides: tuple[float, float] = (0.35, 0.75)
    box: float = 0.0
    sloppy: float = 0.05
    wrong: float = 0.0
    alpha: float = 0.5
    gamma: float = 2.0
    auxiliary: float = 0.4
    """Weight of the cross-entropy of the auxiliary head, for networks that have one."""


class IterativeClickLoss(nn.Module):
    """The network with its simulated user; `forward` gives the loss of a batch."""

    def __init__(self, model: InteractiveModel, config: ICLConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config

    def forward(
        self,
        image: torch.Tensor,
        gt_mask: torch.Tensor,
        clicks: Sequence[Sequence[Click]],
        rng: np.random.Generator,
        picture: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """L_ICL of a batch: the weighted sum of the losses after each simulated click.

        Several objects of a picture are answered from the same features, each with its own clicks.

        Args:
            image: float (B, 3, H, W) in [0, 1].
            gt_mask: float (N, 1, H, W), an object's each: 1 object, 0 background, -1 ignored.
            clicks: per object at least one click to begin with.
            picture: int64 (N,), which picture each object is in, in order; None for one object in each.

        Returns:
            The loss and, as measured, the mean IoU after the first and the last supervised click.
        """
        config = self.config
        clicks = [list(c) for c in clicks]
        mask = torch.zeros_like(gt_mask)
        picture = torch.arange(len(image)) if picture is None else picture.cpu()
        if config.close_up and rng.random() < config.close_up:
            chosen = one_of_each(picture, rng)
            gt_mask, mask, clicks = gt_mask[chosen], mask[chosen], [clicks[number] for number in chosen]
            image, gt_mask, mask, clicks = self._close_up(image, gt_mask, mask, clicks, rng)
            features = self.model.encode(image)
        else:
            features = for_objects(self.model.encode(image), picture)
            if config.wrong and rng.random() < config.wrong:
                mask = begin_with_wrong_regions(clicks, gt_mask, picture, rng)
            elif config.box and rng.random() < config.box:
                mask = begin_with_boxes(clicks, gt_mask, config.sloppy, rng)
            elif config.warm_up and rng.random() >= config.fresh:
                rounds = int(rng.integers(0, config.warm_up + 1))
                mask = self._warm_up(features, mask, gt_mask, clicks, rounds, rng)
        count = int(rng.integers(1, len(config.betas) + 1))
        losses, ious = [], []
        for number in range(count):
            supervised = number == count - 1 or not config.last_only
            with torch.set_grad_enabled(supervised and torch.is_grad_enabled()):
                logits, auxiliary = self._answer(features, mask, clicks)
                mask = torch.sigmoid(logits.float())
            if supervised:
                losses.append(self._loss(logits, auxiliary, gt_mask))
            ious.append(float(batch_iou(mask.detach(), gt_mask).mean()))
            if config.detach:
                mask = mask.detach()
            if number < count - 1 and rng.random() >= config.refine:
                add_clicks(clicks, mask.detach(), gt_mask, rng)
        betas = (1.0,) if config.last_only else config.betas[:count]
        loss = sum(beta * loss for beta, loss in zip(betas, losses, strict=True))
        if config.normalise:
            loss = loss / sum(betas)
        return loss, {"iou_first": ious[0], "iou_last": ious[-1]}

    @torch.no_grad()
    def _warm_up(
        self, features, mask, gt_mask, clicks, rounds: int, rng: np.random.Generator
    ) -> torch.Tensor:
        for _ in range(rounds):
            mask = torch.sigmoid(self._answer(features, mask, clicks)[0].float())
            add_clicks(clicks, mask, gt_mask, rng)
        return mask

    @torch.no_grad()
    def _close_up(self, image, gt_mask, mask, clicks, rng: np.random.Generator):
        """Picture, ground truth, mask and clicks around each last click, after some clicks on the whole."""
        features = self.model.encode(image)
        rounds = int(rng.integers(1, max(1, self.config.warm_up) + 1))
        mask = self._warm_up(features, mask, gt_mask, clicks, rounds, rng)
        mask = torch.sigmoid(self._answer(features, mask, clicks)[0].float())
        size = tuple(image.shape[2:])
        whole = Window.of_size(*size)
        maps, parts = torch.cat([image, mask, gt_mask == 1, gt_mask == -1], dim=1), []
        for number, own in enumerate(clicks):
            window = whole.around(own[-1], rng.uniform(*self.config.sides))
            parts.append(crop(maps[number : number + 1], window, size))
            clicks[number] = [to_window(click, window, size) for click in own]
        image, mask, wanted, ignored = torch.cat(parts).split([3, 1, 1, 1], dim=1)
        return image, torch.where(ignored > 0, -1.0, (wanted > 0.5).float()), mask, clicks

    def _answer(self, features, mask: torch.Tensor, clicks: Sequence[Sequence[Click]]):
        disks = disk_maps(clicks, *mask.shape[2:]).to(mask.device)
        return self.model.decode_with_auxiliary(features, torch.cat([mask, disks], dim=1))

    def _loss(
        self, logits: torch.Tensor, auxiliary: torch.Tensor | None, gt_mask: torch.Tensor
    ) -> torch.Tensor:
        loss = normalised_focal_loss(logits, gt_mask, self.config.alpha, self.config.gamma).mean()
        if auxiliary is None:
            return loss
        entropy = F.binary_cross_entropy_with_logits(auxiliary, gt_mask.clamp(min=0), weight=gt_mask != -1)
        return loss + self.config.auxiliary * entropy


def for_objects(features: Features, picture: torch.Tensor) -> Features:
    """The features of each object's picture, in the order of the objects."""
    if isinstance(features, (tuple, list)):
        return tuple(for_objects(part, picture) for part in features)
    if torch.equal(picture, torch.arange(len(features))):
        return features
    return features.index_select(0, picture.to(features.device))


def one_of_each(picture: torch.Tensor, rng: np.random.Generator) -> list[int]:
    """The number of one random object of each picture."""
    return [int(rng.choice(np.flatnonzero(picture == number))) for number in picture.unique()]


def add_clicks(
    clicks: Sequence[list[Click]], mask: torch.Tensor, gt_mask: torch.Tensor, rng: np.random.Generator
) -> None:
    """Give each picture of a batch its next click, in place; those without an error get none."""
    answers, gt_masks = mask[:, 0].cpu().numpy(), gt_mask[:, 0].cpu().numpy()
    for own, answer, wanted in zip(clicks, answers, gt_masks, strict=True):
        click = random_click(answer, wanted, rng)
        if click:
            own.append(click)


def begin_with_boxes(
    clicks: Sequence[list[Click]], gt_mask: torch.Tensor, sloppy: float, rng: np.random.Generator
) -> torch.Tensor:
    """Give each picture of a batch the clicks of a box around its object, in place of its own.

    Returns:
        The masks to begin with, like the ground truth; zeros and its own clicks for a picture without object.
    """
    guesses = torch.zeros_like(gt_mask)
    size = tuple(gt_mask.shape[2:])
    for own, guess, wanted in zip(clicks, guesses, gt_mask[:, 0] == 1, strict=True):
        rows, columns = wanted.any(1).nonzero()[:, 0], wanted.any(0).nonzero()[:, 0]
        if not len(rows):
            continue
        left, right = _sloppy(columns, size[1], sloppy, rng)
        top, bottom = _sloppy(rows, size[0], sloppy, rng)
        box = Rectangle(left, top, right + 1, bottom + 1)
        own[:] = box_clicks(box, size)
        guess[0] = torch.from_numpy(box_guess(box, size).copy())
    return guesses


def begin_with_wrong_regions(
    clicks: Sequence[list[Click]], gt_mask: torch.Tensor, picture: torch.Tensor, rng: np.random.Generator
) -> torch.Tensor:
    """Give each object of a batch a mask that takes another object of its picture too, and the next click.

    The click is negative where the wrong region is the thicker one. An object alone in its picture, or
    without one that would add a fifth to it, gets no mask and keeps its clicks.

    Returns:
        The masks to begin with, like the ground truth.
    """
    guesses = torch.zeros_like(gt_mask)
    objects = gt_mask == 1
    for number, own in enumerate(clicks):
        others = [int(n) for n in np.flatnonzero(picture == picture[number]) if n != number]
        added = [int((objects[n] & (gt_mask[number] == 0)).sum()) for n in others]
        others = [n for n, new in zip(others, added, strict=True) if 5 * new > int(objects[number].sum())]
        if not others:
            continue
        taken = (objects[number] | objects[int(rng.choice(others))]).float()
        soft = F.avg_pool2d(taken, 5, 1, 2, count_include_pad=False)
        guesses[number] = 0.02 + 0.96 * soft
        click = random_click(guesses[number, 0].cpu().numpy(), gt_mask[number, 0].cpu().numpy(), rng)
        if click:
            own.append(click)
    return guesses


def _sloppy(places: torch.Tensor, limit: int, sloppy: float, rng: np.random.Generator) -> tuple[int, int]:
    """First and last of these places, moved by up to a share of their distance, as a hand would draw them."""
    first, last = int(places[0]), int(places[-1])
    off = sloppy * (last - first + 1) * rng.uniform(-1, 1, 2)
    first, last = round(first + off[0]), round(last + off[1])
    return max(0, min(first, last)), min(limit - 1, max(first, last))


def batch_iou(mask: torch.Tensor, gt_mask: torch.Tensor) -> torch.Tensor:
    """IoU of each picture's thresholded mask with its ground truth, float (B,)."""
    predicted, wanted = mask > MASK_THRESHOLD, gt_mask == 1
    both = (predicted & wanted).sum(dim=(1, 2, 3))
    either = ((predicted & (gt_mask != -1)) | wanted).sum(dim=(1, 2, 3))
    return both / either.clamp(min=1)
