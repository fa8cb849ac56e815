"""A model that learnt from a person's pictures, beside the one that it began with for other pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from cfr_icl.cfr import CascadeForward
from cfr_icl.models.base import Cues, Features, InteractiveModel
from cfr_icl.models.efficientnet_lite import EfficientNetLite0
from cfr_icl.models.normalise import normalised
from cfr_icl.prediction import InnerPass
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.resample import crop_picture
from cfr_icl.zoom.window import Window

SIDE = 224
"""Sides of a picture that is described, in pixels."""
IN_COMMON = ("mirrors", "takes_coordinates", "takes_boxes", "choices", "choice_refinements", "precision")
"""Attributes of which both networks of a learnt model have the same values."""


class Descriptor(nn.Module):
    """Describes a whole picture by the means of an encoder's deepest maps, for whatever network predicts."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()  # as in the embedded network
        self.eval().requires_grad_(False)

    @property
    def width(self) -> int:
        """The number of values of a description."""
        return self.encoder.channels[-1]

    @torch.no_grad()
    def forward(self, picture: np.ndarray) -> torch.Tensor:
        """The description, float32 (width,), of a picture uint8 (H, W, 3)."""
        image = crop_picture(picture, Window.of_size(*picture.shape[:2]), (SIDE, SIDE))
        normal = normalised(image, self.encoder.mean, self.encoder.std)
        return self.encoder(normal)[-1].mean(dim=(0, 2, 3))


class Kind(nn.Module):
    """A kind of pictures: those whose description lies far enough in a direction (learning/kind.py)."""

    direction: torch.Tensor
    threshold: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.descriptor = Descriptor()
        self.register_buffer("direction", torch.zeros(self.descriptor.width))
        self.register_buffer("threshold", torch.zeros(()))

    def accepts(self, picture: np.ndarray) -> bool:
        """Whether a picture uint8 (H, W, 3) is of this kind."""
        return bool(self.descriptor(picture) @ self.direction > self.threshold)


class LearntModel(InteractiveModel):
    """Predicts with the network that learnt on pictures of its kind, with the starting network on all others.

    The decision is made once for a picture (`for_picture`). The networks have the same configuration. Modules
    that were frozen during learning (the encoder, the heads) are in memory once.

    Args:
        learnt, start: the two networks; equal modules of `learnt` are replaced by those of `start`.
        kind: the pictures that were learnt from.
    """

    def __init__(self, learnt: InteractiveModel, start: InteractiveModel, kind: Kind) -> None:
        super().__init__()
        _share_equal_modules(learnt, start)
        self.learnt, self.start, self.kind = learnt, start, kind
        self.config = learnt.config
        for name in IN_COMMON:
            setattr(self, name, getattr(learnt, name))
        self.encoder_modules = learnt.encoder_modules

    def for_picture(self, picture: np.ndarray) -> InteractiveModel:
        return self.learnt if self.kind.accepts(picture) else self.start

    def batched(self) -> list[tuple[nn.Module, str]]:
        # once each: a shared module is a part of both
        return list(dict.fromkeys([*self.learnt.batched(), *self.start.batched()]))

    @property
    def device(self) -> torch.device:
        return self.learnt.device

    @property
    def parameter_count(self) -> int:
        return self.learnt.parameter_count + self.start.parameter_count

    # ---- without a picture: the network that learnt

    def encode(self, image: torch.Tensor) -> Features:
        return self.learnt.encode(image)

    def prompt(self, cues: Cues, window: Window, size: tuple[int, int], flip: bool) -> Any:
        return self.learnt.prompt(cues, window, size, flip)

    def run_pass(
        self,
        features: Features,
        prompt: Any,
        previous: ProbabilityMap,
        window: Window,
        cfr: CascadeForward | None = None,
        with_choices: bool = True,
    ) -> InnerPass:
        return self.learnt.run_pass(features, prompt, previous, window, cfr, with_choices)


def _share_equal_modules(learnt: nn.Module, start: nn.Module) -> None:
    """Replace, in place, modules of `learnt` by those of `start` that have the same weights."""
    for name, module in list(learnt.named_children()):
        other = getattr(start, name, None)
        if isinstance(other, nn.Module) and _equal(module.state_dict(), other.state_dict()):
            setattr(learnt, name, other)


def _equal(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        value.dtype == other[name].dtype and torch.equal(value, other[name]) for name, value in one.items()
    )
