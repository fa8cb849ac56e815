"""Train the head that predicts further masks for a first click; the network stays.

For each ground truth under a click the loss is that of the best mask, so the further masks learn what the
network's own mask is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.icl import mask_ious
from cfr_icl.learning.first_clicks import Recorded, record
from cfr_icl.learning.iou_head import trained
from cfr_icl.learning.optimiser import PartOptimiser, cpu_autocast
from cfr_icl.learning.settings import Settings
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.hypotheses import FURTHER, SCALES, Hypotheses
from cfr_icl.models.iou_head import IoUHead

BATCH = 16
REST = 0.06
"""Weight of the mean loss of all further masks, beside that of the best."""
PREFER_OWN = 0.02
"""A further mask is the best only if its IoU is this much higher than that of the network's own mask."""


def add_trained_head(
    network: CompactNet, answering: CompactNet, settings: Settings, clicks: int, rated: int | None = None
) -> torch.Tensor:
    """Record first clicks, train a head on them, and add it to a network.

    Args:
        network: in float32.
        answering: the same network in the precision in which it answers; it makes the examples.
        settings: `data`, `augmentation`, `optimiser.lr`, `steps` and `seed` count.
        clicks: number of first clicks to learn from.
        rated: learn to rate masks from objects of so many data sets, the first ones; None for all.

    Returns:
        The IoUs (N, K) of all masks with the object meant, for the N clicks that masks are rated by; the
        network's own mask is the first.
    """
    rng = np.random.default_rng(settings.seed)
    examples = list(islice(record(answering, *settings.open_data(), settings.augmentation, rng), clicks))
    network.add_hypotheses()
    assert network.hypotheses is not None
    head = train(network.hypotheses, examples, settings.steps, settings.optimiser.lr, settings.seed)
    features, ious = features_and_ious(head, [x for x in examples if rated is None or x.dataset < rated])
    head.rating = fit_rating(features, ious)
    network.add_hypotheses(head)
    return ious


def train(head: Hypotheses, examples: Sequence[Recorded], steps: int, lr: float, seed: int) -> Hypotheses:
    """Train a head on recorded clicks; return the moving average of its weights."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    standardise(head, examples[:200])
    head.to(memory_format=torch.channels_last)
    optimiser = PartOptimiser(head, lr)
    for step in range(steps):
        batch = [examples[n] for n in rng.choice(len(examples), min(BATCH, len(examples)), replace=False)]
        lost, _ = loss(head, [each.mirrored() for each in batch] if rng.random() < 0.5 else batch)
        optimiser.step(lost, step / steps)
    return cast(Hypotheses, optimiser.averaged())


def _run(head: Hypotheses, batch: Sequence[Recorded]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of the further masks (N, K, h, w), probabilities of all, and the features that rate them."""
    maps = [torch.stack([each.maps[scale] for each in batch]).float() for scale in range(SCALES)]
    first, clicks = (torch.stack([getattr(e, name) for e in batch]).float() for name in ("first", "clicks"))
    with cpu_autocast(torch.is_grad_enabled()):
        logits, pooled = head(maps, first, clicks)
    probabilities = torch.cat([first, torch.sigmoid(logits.float())], dim=1).detach()
    features = head.pool([x.detach().float() for x in pooled], probabilities, clicks)
    return logits.float(), probabilities, features


def loss(head: Hypotheses, batch: Sequence[Recorded]) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of a batch, and figures to report: mean IoU of the network's own mask, of the best, of the
    one that is rated highest.
    """
    logits, _, features = _run(head, batch)
    rated = head.rating(features.flatten(0, 1)).unflatten(0, (len(batch), 1 + FURTHER))
    total, found = logits.new_zeros(()), []
    for number, example in enumerate(batch):
        losses, ious = mask_losses(logits[number], example.gt_masks)
        all_ious = torch.cat([example.own[:, None], ious], dim=1)
        # by IoU; among equal ones by loss
        best = (all_ious + F.pad(-0.02 * losses.detach(), (1, 0), value=PREFER_OWN)).argmax(1)
        weights = torch.tensor([1.0] + [0.5] * (len(losses) - 1))
        weights = weights / weights.sum().sqrt()
        for weight, each, winner in zip(weights, losses, best.tolist(), strict=True):
            total = total + weight * (REST * each.mean() + (each[winner - 1] if winner else 0.1 * each.min()))
        total = total + 4 * (rated[number] - all_ious[0]).square().mean()
        meant = all_ious[0]
        found.append((meant[0].item(), meant.max().item(), meant[rated[number].argmax()].item()))
    figures = dict(zip(("own", "best", "rated highest"), np.mean(found, axis=0).tolist(), strict=True))
    return total / len(batch), figures


def mask_losses(logits: torch.Tensor, gt_masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Dice and focal loss, and IoU, of masks (K, h, w) with ground truths int8 (T, h, w): both (T, K)."""
    counted, expected = (gt_masks != -1).float()[:, None], (gt_masks == 1).float()[:, None]
    each = logits[None].expand(len(gt_masks), -1, -1, -1)
    probabilities = torch.sigmoid(each)
    both = (probabilities * expected).sum(dim=(2, 3))
    sizes = (probabilities * counted).sum(dim=(2, 3)) + expected.sum(dim=(2, 3))
    dice = 1 - (2 * both + 1) / (sizes + 1)
    entropy = F.binary_cross_entropy_with_logits(each, expected.expand_as(each), reduction="none")
    focal = ((1 - torch.exp(-entropy)) ** 2 * entropy * counted).sum(dim=(2, 3)) / counted.sum(dim=(2, 3))
    ious = mask_ious(probabilities[:1], gt_masks[:, None])
    return dice + 5 * focal, ious


@torch.no_grad()
def features_and_ious(head: Hypotheses, examples: Sequence[Recorded]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pooled features (N, K, D) of all masks for each click, and their IoUs (N, K) with the object meant."""
    features, ious = [], []
    for start in range(0, len(examples), BATCH):
        batch = examples[start : start + BATCH]
        _, probabilities, pooled = _run(head, batch)
        features.append(pooled)
        for example, masks in zip(batch, probabilities, strict=True):
            found = mask_ious(masks[None], example.gt_masks[:1, None])[0]
            found[0] = example.own[0]
            ious.append(found)
    return torch.cat(features), torch.stack(ious)


@torch.no_grad()
def standardise(head: Hypotheses, examples: Sequence[Recorded]) -> None:
    """Set mean and spread of the features that the masks are rated by."""
    features = features_and_ious(head, examples)[0].flatten(0, 1)
    head.rating.mean = features.mean(0)
    head.rating.spread = features.std(0) + 1e-2


def fit_rating(
    features: torch.Tensor, ious: torch.Tensor, seed: int = 0, steps: int = 600, hidden: int = 32
) -> IoUHead:
    """Train the part that rates masks once more, on the finished masks and for their differences.

    Args:
        features, ious: those of `features_and_ious`.
    """
    torch.manual_seed(seed)
    flat = features.flatten(0, 1)
    rating = IoUHead(features.shape[2] // 4, hidden)
    rating.mean, rating.spread = flat.mean(0), flat.std(0, correction=0) + 1e-3
    torch.nn.init.zeros_(rating.output.bias)
    standard = (features - rating.mean) / rating.spread

    def loss() -> torch.Tensor:
        chosen = torch.randint(0, len(ious), (min(512, len(ious)),))
        units = F.dropout(F.gelu(rating.hidden(F.dropout(standard[chosen], 0.5))), 0.3)
        rated, true = torch.sigmoid(rating.output(units))[..., 0], ious[chosen]
        # differences decide which mask answers
        of_differences = ((rated - rated[:, :1]) - (true - true[:, :1])).square().mean()
        return (rated - true).square().mean() + of_differences

    return trained(rating, loss, steps)
