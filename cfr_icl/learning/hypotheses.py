"""Train the head that predicts further masks for a first click; the network stays.

A window of a training picture is encoded once and clicked at several places. All objects under a click are
its truths: the object that was meant, its whole, its parts. For each truth the loss is that of the best mask,
so the further masks learn what the network's own mask is not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from timm.utils import ModelEmaV3

from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click
from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.samples import Dataset
from cfr_icl.learning.feature_pool import prompt_maps_of_first
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.hypotheses import FURTHER, SCALES, SHARE, Hypotheses, reduced_inputs
from cfr_icl.models.iou_head import IoUHead
from cfr_icl.robot import error_distances, random_click

CLICKS = 6
"""Clicks on one window at most."""
MOST_TRUTHS = 4
ALIKE = 0.85
"""Truths of this IoU are the same."""
MIN_SHARE = 0.004
"""Objects below this share of the window are left out."""
BATCH = 16
REST = 0.06
"""Weight of the mean loss of all further masks, beside that of the best."""
PREFER_OWN = 0.02
"""A further mask is the best only if its IoU is this much higher than that of the network's own mask."""


@dataclasses.dataclass(frozen=True)
class Recorded:
    """One first click: what the head sees, and the truths under the click.

    Attributes:
        maps: of the branch, float16 (C, h, w) each.
        first, clicks: as for `Hypotheses.forward`, float16 (1, h, w).
        truths: int8 (T, h, w): 1 object, 0 background, -1 ignored; first the object that was meant.
        own: IoU of the network's own mask with each truth.
        dataset: number of the data set in the mixture.
    """

    maps: tuple[torch.Tensor, ...]
    first: torch.Tensor
    clicks: torch.Tensor
    truths: torch.Tensor
    own: torch.Tensor
    dataset: int = 0

    def mirrored(self) -> Recorded:
        """The same for the mirror image, whose features the network computes nearly so."""
        return dataclasses.replace(
            self,
            maps=tuple(x.flip(2) for x in self.maps),
            first=self.first.flip(2),
            clicks=self.clicks.flip(2),
            truths=self.truths.flip(2),
        )


def record(
    network: CompactNet,
    datasets: Sequence[Dataset],
    weights: Sequence[float],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[Recorded]:
    """Endless first clicks on objects of a weighted mixture of data sets."""
    for drawn, image, truths in windows(datasets, weights, augmentation, rng):
        for example in clicked(network, encoded(network, image), truths, CLICKS, rng):
            yield dataclasses.replace(example, dataset=drawn)


def windows(
    datasets: Sequence[Dataset],
    weights: Sequence[float],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Endless windows of a weighted mixture: the data set's number, the picture, truths int8 (K, S, S)."""
    shares = np.asarray(weights, float) / sum(weights)
    while True:
        drawn = int(rng.choice(len(datasets), p=shares))
        sample = datasets[drawn][int(rng.integers(len(datasets[drawn])))]
        if not sample.gt_masks:
            continue
        order = rng.permutation(len(sample.gt_masks))[:24]
        image, cuts = augmentation.cut(sample.image, np.stack([sample.gt_masks[n] for n in order]), rng)
        truths = cuts[(cuts == 1).mean(axis=(1, 2)) >= MIN_SHARE]
        if len(truths):
            yield drawn, augmentation.recolour(image, rng), truths


@torch.no_grad()
def encoded(network: CompactNet, image: np.ndarray) -> tuple[torch.Tensor, ...]:
    """The features of a window, uint8 (S, S, 3)."""
    picture = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None].float() / 255
    return network.encode(picture)


@torch.no_grad()
def clicked(
    network: CompactNet,
    features: tuple[torch.Tensor, ...],
    truths: np.ndarray,
    most: int,
    rng: np.random.Generator,
) -> Iterator[Recorded]:
    """Click on up to `most` objects of an encoded window; `truths` is int8 (K, S, S)."""
    clicks: list[Click] = []
    found: list[np.ndarray] = []
    for number in rng.permutation(len(truths))[:most]:
        click = _first_click(truths[number].astype(np.int32), rng)
        if click:
            clicks.append(click)
            found.append(truths_under(click, truths, int(number)))
    if not clicks:
        return
    features = tuple(x.expand(len(clicks), -1, -1, -1) for x in features)
    prompt = prompt_maps_of_first(clicks, *truths.shape[1:])
    with network.autocast():
        logits, maps = network.decode_coarse(features, prompt)
    first, disks = reduced_inputs(logits, prompt[:, 1:2])
    for number, under in enumerate(found):
        mask = torch.sigmoid(logits[number]) > MASK_THRESHOLD
        own = ious_of(mask[None], torch.from_numpy(under)[:, None])[:, 0]
        small = torch.stack([reduced(truth) for truth in under])
        seen = tuple(x[number].half().clone() for x in maps)
        yield Recorded(seen, first[number].half(), disks[number].half(), small, own)


def _first_click(gt_mask: np.ndarray, rng: np.random.Generator) -> Click | None:
    """The robot user's first click of evaluation or of training, with equal probability."""
    empty = np.zeros(gt_mask.shape, np.float32)
    if rng.random() < 0.5:
        return random_click(empty, gt_mask, rng)
    depth, _ = error_distances(empty, gt_mask)
    y, x = np.unravel_index(depth.argmax(), gt_mask.shape)
    return Click(int(x), int(y)) if depth.max() > 0 else None


def truths_under(click: Click, truths: np.ndarray, meant: int) -> np.ndarray:
    """The object that was meant, and all others under a click that differ: int8 (T, S, S)."""
    chosen = [meant]
    for other in np.flatnonzero(truths[:, int(click.y), int(click.x)] == 1):
        pixels = truths[other] == 1
        if all(_iou_of(pixels, truths[one] == 1) < ALIKE for one in chosen):
            chosen.append(int(other))
    return truths[chosen[:MOST_TRUTHS]]


def _iou_of(one: np.ndarray, other: np.ndarray) -> float:
    return int(np.count_nonzero(one & other)) / max(1, int(np.count_nonzero(one | other)))


def reduced(gt_mask: np.ndarray) -> torch.Tensor:
    """A truth at the resolution of the further masks, int8 (h, w)."""
    size = (gt_mask.shape[1] // SHARE, gt_mask.shape[0] // SHARE)
    inside, ignored = (
        cv2.resize((gt_mask == value).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for value in (1, -1)
    )
    return torch.from_numpy(np.where(ignored > 0, -1, inside > 0.5).astype(np.int8))


def ious_of(masks: torch.Tensor, truths: torch.Tensor) -> torch.Tensor:
    """IoUs (T, K) of masks, bool (1, K, h, w), with truths, int8 (T, 1, h, w), without ignored pixels."""
    expected, counted = truths == 1, masks & (truths != -1)
    both, either = (counted & expected).sum(dim=(2, 3)), (counted | expected).sum(dim=(2, 3))
    return both / either.clamp(min=1)


def train(head: Hypotheses, examples: Sequence[Recorded], steps: int, lr: float, seed: int) -> Hypotheses:
    """Train a head on recorded clicks; gives the moving average of its weights."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    decayed = [weight for weight in head.parameters() if weight.ndim > 1]
    others = [weight for weight in head.parameters() if weight.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}], lr=lr
    )
    standardise(head, examples[:200])
    head.to(memory_format=torch.channels_last)
    ema = ModelEmaV3(head, decay=0.998, use_warmup=True)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 60) * (0.5 * (1 + np.cos(np.pi * step / steps)) + 0.01)
        batch = [examples[n] for n in rng.choice(len(examples), min(BATCH, len(examples)), replace=False)]
        lost, _ = loss(head, [each.mirrored() for each in batch] if rng.random() < 0.5 else batch)
        optimiser.zero_grad()
        lost.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 2.0)
        optimiser.step()
        ema.update(head, step=step + 1)
    return ema.module.eval().requires_grad_(False)


def _run(head: Hypotheses, batch: Sequence[Recorded]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of the further masks (N, K, h, w), probabilities of all, and the features that rate them."""
    maps = [torch.stack([each.maps[scale] for each in batch]).float() for scale in range(SCALES)]
    first, clicks = (torch.stack([getattr(e, name) for e in batch]).float() for name in ("first", "clicks"))
    with torch.autocast("cpu", torch.bfloat16, enabled=torch.is_grad_enabled()):
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
        losses, ious = mask_losses(logits[number], example.truths)
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


def mask_losses(logits: torch.Tensor, truths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Dice and focal loss, and IoU, of each mask (K, h, w) with each truth, int8 (T, h, w): both (T, K)."""
    counted, expected = (truths != -1).float()[:, None], (truths == 1).float()[:, None]
    each = logits[None].expand(len(truths), -1, -1, -1)
    probabilities = torch.sigmoid(each)
    both = (probabilities * expected).sum(dim=(2, 3))
    sizes = (probabilities * counted).sum(dim=(2, 3)) + expected.sum(dim=(2, 3))
    dice = 1 - (2 * both + 1) / (sizes + 1)
    entropy = F.binary_cross_entropy_with_logits(each, expected.expand_as(each), reduction="none")
    focal = ((1 - torch.exp(-entropy)) ** 2 * entropy * counted).sum(dim=(2, 3)) / counted.sum(dim=(2, 3))
    ious = ious_of((probabilities > MASK_THRESHOLD)[:1], truths[:, None])
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
            found = ious_of(masks[None] > MASK_THRESHOLD, example.truths[:1, None])[0]
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
    optimiser = torch.optim.AdamW(rating.parameters(), lr=3e-3, weight_decay=0.3)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * (1 - step / steps)
        chosen = torch.randint(0, len(ious), (min(512, len(ious)),))
        units = F.dropout(F.gelu(rating.hidden(F.dropout(standard[chosen], 0.5))), 0.3)
        rated, true = torch.sigmoid(rating.output(units))[..., 0], ious[chosen]
        loss = (rated - true).square().mean()
        # differences decide which mask answers
        loss = loss + ((rated - rated[:, :1]) - (true - true[:, :1])).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return rating.eval().requires_grad_(False)
