"""The loss of an adaptation: L_ICL from first prompts as on the page, and distillation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.clicks import Click, disk_maps
from cfr_icl.icl import ClickedObjects, InitialState, IterativeClickLoss, features_of_objects
from cfr_icl.learning.feature_pool import Drawn, prompt_maps_of_first
from cfr_icl.learning.initial_states import TrainingConfig, TrainingLoss, begin_with_boxes
from cfr_icl.models.base import Features
from cfr_icl.models.map_model import MapModel
from cfr_icl.rectangle import Rectangle

MIN_SIDE = 0.12
"""Shortest side of a box, as a share of the window's: a box is answered in a window around it."""


class AdaptLoss(TrainingLoss):
    """L_ICL on windows whose features are given, and distillation of the starting model's answers.

    In a network with a branch for first clicks and boxes, that branch learns from them, and the network's own
    branch from the passes that follow.

    Args:
        remind: weight of the distillation (`Reminder`).
        boxes: probability that objects begin with a box, in such a network.
    """

    def __init__(self, model: MapModel, config: TrainingConfig, remind: float, boxes: float) -> None:
        super().__init__(model, config)
        self._remind = remind
        self._boxes = boxes if model.takes_first_clicks else 0.0
        self._boxed: list[bool] = []

    def of(self, drawn: Drawn, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss of a batch, and the mean IoU after its first and last supervised click."""
        self._features = drawn.features
        self._image = drawn.batch.image.float() / 255
        loss, measured = self(
            self._image, drawn.batch.gt_mask.float(), drawn.batch.clicks, rng, drawn.batch.picture_indices
        )
        if self._remind and drawn.reminders:
            prompts = prompt_maps_of_first([each.click for each in drawn.reminders], *self._image.shape[2:])
            with self.model.autocast():
                logits = self.model.decode_first(features_of_objects(drawn.features, drawn.reminded), prompts)
            expected = torch.stack([each.probabilities for each in drawn.reminders]).float()
            loss = loss + self._remind * F.binary_cross_entropy_with_logits(logits.float(), expected)
        return loss, measured

    def encode(self, image: torch.Tensor) -> Features:
        if image is self._image:
            return self._features
        with torch.no_grad():
            return self.model.encode(image)

    def begin(self, objects: ClickedObjects) -> InitialState:
        self._boxed = []
        if not self._boxes or objects.draws.shared.random() >= self._boxes:
            return super().begin(objects)
        state = IterativeClickLoss.begin(self, objects)
        boxed = [list(each) for each in objects.clicks]
        guesses = begin_with_boxes(boxed, objects.gt_mask, self.config.sloppy, objects.draws)
        boxes = [Rectangle.of_mask((guess[0] > 0).cpu().numpy()) for guess in guesses]
        self._boxed = [min(box.size) >= MIN_SIDE * len(guesses[0, 0]) for box in boxes]
        state.mask = guesses * torch.tensor(self._boxed).view(-1, 1, 1, 1)
        state.clicks = [
            box[1:] if fits else first  # without the click in the middle, as `MapModel.prompt` makes them
            for box, first, fits in zip(boxed, objects.clicks, self._boxed, strict=True)
        ]
        return state

    def decode(
        self, features: Features, mask: torch.Tensor, clicks: Sequence[Sequence[Click]]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        with self.model.autocast():
            return self._decode(features, mask, clicks)

    def _decode(
        self, features: Features, mask: torch.Tensor, clicks: Sequence[Sequence[Click]]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        first = torch.tensor(self._first_prompts(mask, clicks))
        if not first.any():
            return super().decode(features, mask, clicks)
        maps = torch.cat([mask, disk_maps(clicks, *mask.shape[2:])], dim=1)
        parts = [each.nonzero()[:, 0] for each in (first, ~first)]
        answers = [
            decode(features_of_objects(features, part), maps[part])
            for part, decode in zip(parts, (self.model.decode_first, self.model.decode), strict=True)
            if len(part)
        ]
        return torch.cat(answers)[torch.cat(parts).argsort()], None

    def _first_prompts(self, mask: torch.Tensor, clicks: Sequence[Sequence[Click]]) -> list[bool]:
        """Whether each object's prompt is a first one, which the network answers in its own way."""
        boxed, self._boxed = self._boxed or [False] * len(clicks), []
        if not self.model.takes_first_clicks:
            return [False] * len(clicks)
        alone = [len(each) == 1 and each[0].positive for each in clicks]
        empty = (~mask.flatten(1).any(1)).tolist()
        return [box or (one and none) for box, one, none in zip(boxed, alone, empty, strict=True)]
