"""Iterative Click Loss: supervise the prediction after every simulated click, later ones with more weight.

Sun et al., CFR-ICL, AAAI 2024 (arXiv 2303.05620), section 3.2: L_ICL = sum_i beta_i L(Y_i, Y). Initial masks
and clicks of a batch that are not in the paper are in cfr_icl/learning/initial_states.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.models.base import Features, map_features
from cfr_icl.models.map_model import MapModel
from cfr_icl.robot import random_click


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
    """How simulated clicks are supervised.

    Attributes:
        betas: weights; in each batch a random number of clicks, 1 to len(betas), is supervised, the i-th with
            the i-th weight.
        last_only: supervise the last click alone, with weight 1: the iterative baseline without ICL.
        detach: stop gradients at the mask that is fed back, as published.
        normalise: divide the loss by the sum of its weights; published: no.
        alpha, gamma: parameters of the focal loss.
        auxiliary: weight of the cross-entropy of the auxiliary head, for networks that have one.
    """

    betas: tuple[float, ...] = (1.0, 2.0, 3.0)
    last_only: bool = False
    detach: bool = True
    normalise: bool = False
    alpha: float = 0.5
    gamma: float = 2.0
    auxiliary: float = 0.4


@dataclass(frozen=True)
class Draws:
    """The random numbers of a batch.

    Those of an object depend on it alone, so that processes that share a batch simulate the clicks that one
    process would.

    Attributes:
        shared: draws what all objects have in common, such as the number of clicks.
        objects: draw for each object, such as where a click is.
    """

    shared: np.random.Generator
    objects: Sequence[np.random.Generator]

    def of(self, chosen: Sequence[int]) -> Draws:
        """Those of some objects of the batch."""
        return Draws(self.shared, [self.objects[number] for number in chosen])


@dataclass(frozen=True)
class ClickedObjects:
    """N objects of B pictures, with the clicks on them so far.

    Attributes:
        image: float (B, 3, H, W) in [0, 1].
        gt_mask: float (N, 1, H, W): 1 object, 0 background, -1 ignored.
        clicks: the clicks on each object, at least one.
        picture_indices: int64 (N,), ascending index of each object's picture.
        draws: random numbers of these objects.
    """

    image: torch.Tensor
    gt_mask: torch.Tensor
    clicks: list[list[Click]]
    picture_indices: torch.Tensor
    draws: Draws


@dataclass
class InitialState:
    """The state of N objects before their first supervised click.

    Attributes:
        features: features of each object's picture, in the order of the objects.
        gt_mask: float (N, 1, H, W): 1 object, 0 background, -1 ignored.
        mask: probabilities that are fed back, float (N, 1, H, W).
        clicks: the clicks on each object, at least one; simulated clicks are added in place.
        draws: random numbers of these objects.
    """

    features: Features
    gt_mask: torch.Tensor
    mask: torch.Tensor
    clicks: list[list[Click]]
    draws: Draws


class IterativeClickLoss(nn.Module):
    """L_ICL of a network and its simulated user, for a batch."""

    def __init__(self, model: MapModel, config: ICLConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config

    def forward(
        self,
        image: torch.Tensor,
        gt_mask: torch.Tensor,
        clicks: Sequence[Sequence[Click]],
        rng: np.random.Generator,
        picture_indices: torch.Tensor | None = None,
        seeds: Sequence[int] = (),
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """Compute the weighted sum of the losses after each simulated click.

        Several objects of a picture share its features; each has its own clicks.

        Args:
            image: float (B, 3, H, W) in [0, 1].
            gt_mask: float (N, 1, H, W), one object each: 1 object, 0 background, -1 ignored.
            clicks: at least one initial click for each object.
            rng: draws the number of clicks and the clicks.
            picture_indices: int64 (N,), ascending index of each object's picture; None for one object each.
            seeds: a seed of random numbers for each object; without seeds, `rng` draws for all objects.

        Returns:
            The loss, a mean over the objects; the mean IoU after the first and the last supervised click,
            and the number of objects (`objects`).
        """
        config = self.config
        picture_indices = torch.arange(len(image)) if picture_indices is None else picture_indices.cpu()
        draws = Draws(rng, [np.random.default_rng(seed) for seed in seeds] or [rng] * len(gt_mask))
        objects = ClickedObjects(image, gt_mask, [list(each) for each in clicks], picture_indices, draws)
        state = self.begin(objects)
        mask = state.mask
        count = int(rng.integers(1, len(config.betas) + 1))
        losses, ious = [], []
        for number in range(count):
            supervised = number == count - 1 or not config.last_only
            with torch.set_grad_enabled(supervised and torch.is_grad_enabled()):
                logits, auxiliary = self.decode(state.features, mask, state.clicks)
                mask = torch.sigmoid(logits.float())
            if supervised:
                losses.append(self._loss(logits, auxiliary, state.gt_mask))
            ious.append(float(mask_ious(mask.detach(), state.gt_mask).mean()))
            if config.detach:
                mask = mask.detach()
            if number < count - 1:
                self.add_clicks(state.clicks, mask.detach(), state.gt_mask, state.draws)
        betas = (1.0,) if config.last_only else config.betas[:count]
        weighted = (beta * loss for beta, loss in zip(betas, losses, strict=True))
        loss = sum(weighted, start=losses[0].new_zeros(()))
        if config.normalise:
            loss = loss / sum(betas)
        return loss, {"iou_first": ious[0], "iou_last": ious[-1], "objects": float(len(state.clicks))}

    def begin(self, objects: ClickedObjects) -> InitialState:
        """The features of each object's picture, with an empty mask."""
        features = features_of_objects(self.encode(objects.image), objects.picture_indices)
        empty = torch.zeros_like(objects.gt_mask)
        return InitialState(features, objects.gt_mask, empty, objects.clicks, objects.draws)

    def encode(self, image: torch.Tensor) -> Features:
        """The features of pictures, float (B, 3, H, W) in [0, 1]."""
        return self.model.encode(image)

    def add_clicks(
        self,
        clicks: Sequence[list[Click]],
        mask: torch.Tensor,
        gt_mask: torch.Tensor,
        draws: Draws,
    ) -> None:
        """Simulate the next clicks, between two supervised predictions; arguments as of `add_clicks`."""
        add_clicks(clicks, mask, gt_mask, draws)

    def decode(
        self, features: Features, mask: torch.Tensor, clicks: Sequence[Sequence[Click]]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The logits (N, 1, H, W) for masks and clicks, and those of the auxiliary head if there is one."""
        height, width = mask.shape[2:]
        disks = disk_maps(clicks, height, width).to(mask.device)
        return self.model.decode_with_auxiliary(features, torch.cat([mask, disks], dim=1))

    def _loss(
        self, logits: torch.Tensor, auxiliary: torch.Tensor | None, gt_mask: torch.Tensor
    ) -> torch.Tensor:
        loss = normalised_focal_loss(logits, gt_mask, self.config.alpha, self.config.gamma).mean()
        if auxiliary is None:
            return loss
        entropy = F.binary_cross_entropy_with_logits(auxiliary, gt_mask.clamp(min=0), weight=gt_mask != -1)
        return loss + self.config.auxiliary * entropy


def features_of_objects(features: Features, picture_indices: torch.Tensor) -> Features:
    """Repeat the features of pictures for their objects.

    Args:
        features: a tensor (B, ...) or a tuple of such tensors.
        picture_indices: int64 (N,), index of each object's picture.

    Returns:
        The features in the same structure, (N, ...).
    """

    def of_objects(maps: torch.Tensor) -> torch.Tensor:
        if torch.equal(picture_indices, torch.arange(len(maps))):
            return maps
        return maps.index_select(0, picture_indices.to(maps.device))

    return map_features(of_objects, features)


def add_clicks(
    clicks: Sequence[list[Click]], mask: torch.Tensor, gt_mask: torch.Tensor, draws: Draws
) -> None:
    """Add a random click in the larger error of each object, in place; none to an object without error.

    Args:
        mask: probabilities, float (N, 1, H, W).
        gt_mask: float (N, 1, H, W): 1 object, 0 background, -1 ignored.
    """
    masks, gt_masks = mask[:, 0].cpu().numpy(), gt_mask[:, 0].cpu().numpy()
    for object_clicks, object_mask, object_gt_mask, rng in zip(
        clicks, masks, gt_masks, draws.objects, strict=True
    ):
        click = random_click(object_mask, object_gt_mask, rng)
        if click:
            object_clicks.append(click)


def mask_ious(probabilities: torch.Tensor, gt_masks: torch.Tensor) -> torch.Tensor:
    """IoUs of masks with ground truths, without ignored pixels.

    Args:
        probabilities: of K masks for each object, or of the same K for all, (N or 1, K, H, W).
        gt_masks: (N, 1, H, W): 1 object, 0 background, -1 ignored.

    Returns:
        Float (N, K).
    """
    predicted, expected = (probabilities > MASK_THRESHOLD) & (gt_masks != -1), gt_masks == 1
    both, either = (predicted & expected).sum(dim=(2, 3)), (predicted | expected).sum(dim=(2, 3))
    return both / either.clamp(min=1)
