"""The compact network, designed for this package: each pass of Cascade-Forward Refinement is cheap.

A picture is encoded once, before the clicks. A pass runs only a light branch, in which clicks and previous
mask are combined with the picture's features at every scale. The encoder of the embedded weights is
EfficientNet-Lite0 (efficientnet_lite.py).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import nn

from cfr_icl.models import efficientnet_lite
from cfr_icl.models.branch import (
    SCALES,
    Branch,
    Mixer,
    add_branch,
    channels_last,
    mixers,
    run_branch,
)
from cfr_icl.models.hypotheses import FURTHER, Hypotheses
from cfr_icl.models.hypotheses import SCALES as HYPOTHESIS_SCALES
from cfr_icl.models.iou_head import IoUHead
from cfr_icl.models.layers import ConvNormAct, fit, resized
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.normalise import normalised


class CompactNet(MapModel):
    """An encoder for the picture and a small U-shaped branch for the prompt maps.

    The branch goes down from 1/2 to 1/32 and up again. On the way down the encoder's features are added at
    each scale, after a 1x1 convolution; attention at 1/32 spreads a click over the whole object.

    Args:
        encoder: timm's name of a model with feature maps ("tf_efficientnet_lite0"). At scales that it does
            not have, the branch has no features of the picture.
        widths: channels of the branch at 1/2, 1/4, 1/8, 1/16 and 1/32 (16, 32, 48, 96, 128).
        blocks: convolution blocks on the way down at 1/4, 1/8, 1/16 and 1/32 (1, 2, 2, 2).
        up_blocks: convolution blocks on the way up at 1/4, 1/8 and 1/16 (1, 1, 1).
        attention: attention blocks at 1/32 (2).
        pyramid: convolution blocks of a `Pyramid` over the picture's features at 1/2, 1/4, 1/8 and 1/16
            (empty: no pyramid).
        iou_head: predict the IoU of each mask with the object (False).
        hypotheses: predict further masks for a first click (False).
        box_branch: a branch of its own answers a box alone (False).
        first_clicks: it also answers a first click (False).
        encoder_options: further arguments of the timm model, such as {"img_size": 448} for an encoder that is
            built for one input size (none).

    >>> import torch
    >>> from cfr_icl.models.registry import build_model, default_config
    >>> model = build_model(default_config("compact")).eval()
    >>> features = model.encode(torch.rand(1, 3, 128, 128))  # once for a picture
    >>> model.decode(features, torch.zeros(1, 3, 128, 128)).shape  # at every pass
    torch.Size([1, 1, 128, 128])
    """

    choice_refinements = 1  # further masks are coarse
    encoder_modules = ("encoder", "lateral", "pyramid", "iou_head", "hypotheses")
    first_modules = ("box_branch",)

    def __init__(
        self,
        encoder: str = "tf_efficientnet_lite0",
        widths: tuple[int, ...] = (16, 32, 48, 96, 128),
        blocks: tuple[int, ...] = (1, 2, 2, 2),
        up_blocks: tuple[int, ...] = (1, 1, 1),
        attention: int = 2,
        pyramid: tuple[int, ...] = (),
        iou_head: bool = False,
        hypotheses: bool = False,
        box_branch: bool = False,
        first_clicks: bool = False,
        encoder_options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.encoder_name, self.encoder_options = encoder, encoder_options or {}
        self.widths = widths
        made = _encoder(self.encoder_name, self.encoder_options)
        self.encoder: Any = made.module
        self.mean, self.std = made.mean, made.std
        # of several maps at one scale, the last comes from the deepest layer
        self.sources: dict[int, int | None] = {2 ** (i + 1): None for i in range(SCALES)}
        self.sources |= {r: i for i, r in enumerate(made.reductions) if r in self.sources}
        self.lateral = nn.ModuleList(
            nn.Identity() if source is None else ConvNormAct(made.channels[source], width, 1, apply_act=False)
            for source, width in zip(self.sources.values(), widths, strict=True)
        )
        self.pyramid = Pyramid(widths, pyramid) if pyramid else None
        self._branch_sizes: dict[str, Any] = dict(
            widths=widths, blocks=blocks, up_blocks=up_blocks, attention=attention
        )
        add_branch(self, **self._branch_sizes)
        if iou_head:
            self.add_iou_head()
        if hypotheses:
            self.add_hypotheses()
        self.box_branch: Branch | None = None
        if box_branch:
            self.add_box_branch(first_clicks=first_clicks)

    def add_iou_head(self, head: IoUHead | None = None) -> None:
        """Replace the head that predicts IoUs, in the configuration too; None for an untrained one."""
        self.iou_head = head or IoUHead(sum(self.widths[-2:]))
        self._write_option("iou_head")

    def add_hypotheses(self, head: Hypotheses | None = None) -> None:
        """The same for the head that predicts further masks."""
        self.hypotheses = head or Hypotheses(self.widths[-HYPOTHESIS_SCALES:])
        self.choices = 1 + FURTHER
        self._write_option("hypotheses")

    def add_box_branch(self, branch: Branch | None = None, first_clicks: bool = False) -> None:
        """The same for the branch that answers boxes; None for a copy of the network's own.

        Args:
            first_clicks: it answers a first click too.
        """
        self.box_branch = branch or self.copied_branch()
        self.takes_boxes = True
        self._write_option("box_branch")
        self.answer_first_clicks(first_clicks)

    def copied_branch(self) -> Branch:
        """A copy of the network's own branch."""
        branch, own = Branch(**self._branch_sizes), self.state_dict()
        branch.load_state_dict({name: own[name] for name in branch.state_dict()})
        return branch

    def load_branch(self, branch: Branch) -> None:
        """Give the network's own branch the weights of another one."""
        self.load_state_dict({**self.state_dict(), **branch.state_dict()})

    def answer_first_clicks(self, by_branch: bool) -> None:
        """Let the branch for boxes answer a first click too, or the network's own."""
        self.takes_first_clicks = by_branch
        self._write_option("first_clicks", by_branch)

    def _write_option(self, option: str, value: bool = True) -> None:
        """Write an option into the configuration; False, its default, is left out."""
        if hasattr(self, "config"):
            options = {**self.config.options, option: value}
            if not value:
                del options[option]
            self.config = dataclasses.replace(self.config, options=options)

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        normal = channels_last(normalised(image, self.mean, self.std))
        try:
            maps = self.encoder(normal)
        except AssertionError as error:  # timm's encoders for one size check it in this way
            height, width = image.shape[2:]
            raise ValueError(
                f"The network does not take windows of {width} x {height} pixels: {error}"
            ) from error
        if getattr(self.encoder, "output_fmt", "NCHW") == "NHWC":
            maps = [x.permute(0, 3, 1, 2) for x in maps]
        features = tuple(
            self._missing(image, reduction, width) if source is None else lateral(maps[source])
            for (reduction, source), lateral, width in zip(
                self.sources.items(), self.lateral, self.widths, strict=True
            )
        )
        features = self.pyramid(normal, features) if self.pyramid else features
        if self.precision != torch.float32:  # once, not at every pass
            features = tuple(x.to(self.precision) for x in features)
        return features

    @staticmethod
    def _missing(image: torch.Tensor, reduction: int, width: int) -> torch.Tensor:
        """Zeros for a scale that the encoder does not have."""
        batch, _, *sides = image.shape
        return image.new_zeros(batch, width, *(math.ceil(side / reduction) for side in sides))

    def train(self, mode: bool = True) -> CompactNet:
        """Switch to training; the encoder's batch norms stay in evaluation and keep their statistics."""
        super().train(mode)
        self.encoder.eval()
        return self

    def batched(self) -> list[tuple[nn.Module, str]]:
        first = [(self.box_branch, "forward")] if self.box_branch else []
        return [(self, "encode"), (self, "decode_coarse"), *first]

    def decode(self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor) -> torch.Tensor:
        return self.decode_coarse(features, prompt_maps)[0]

    def decode_first(self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor) -> torch.Tensor:
        by_branch = self.box_branch if self.takes_first_clicks else None
        return (by_branch or self.decode_coarse)(features, prompt_maps)[0]

    def decode_with_maps(
        self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor, first: bool = False
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        by_branch = self.box_branch if first else None
        with self.autocast():
            return (by_branch or self.decode_coarse)(features, prompt_maps)

    def decode_coarse(
        self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Compute the logits, and the branch's coarse maps on its way up, 1/8, 1/16 and 1/32."""
        return run_branch(self, features, prompt_maps)

    def learning_rate_scales(self, encoder: float, layer_decay: float) -> dict[str, float]:
        scales = super().learning_rate_scales(encoder, layer_decay)
        # these heads are trained apart, when the network is done
        apart = ("iou_head.", "hypotheses.", "box_branch.")
        return {name: 0.0 if name.startswith(apart) else scale for name, scale in scales.items()}


class Pyramid(nn.Module):
    """Add deep features to finer ones, scale by scale, and the picture's colours to the finest.

    It is part of `encode` and does not run in passes.
    """

    def __init__(self, widths: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        super().__init__()
        self.colours = ConvNormAct(3, widths[0], 3, stride=2, apply_act=False)
        self.hand_down = nn.ModuleList(
            ConvNormAct(deep, fine, 1, apply_act=False) for fine, deep in pairwise(widths)
        )
        self.mix = mixers(widths[:-1], blocks)

    def forward(self, image: torch.Tensor, features: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        made = [features[-1]]
        fine = (features[0] + fit(self.colours(image), features[0]), *features[1:-1])
        for own, hand_down, mix in reversed(list(zip(fine, self.hand_down, self.mix, strict=True))):
            made.append(mix(own + resized(hand_down(made[-1]), own)))
        return tuple(reversed(made))

    def init_as_identity(self) -> None:
        """As for a `Mixer`."""
        for layer in (self.colours, *self.hand_down):
            nn.init.zeros_(layer.conv.weight)
        for block in self.mix.modules():
            if isinstance(block, Mixer):
                block.init_as_identity()


class _Encoder(NamedTuple):
    module: Any
    mean: Sequence[float]
    std: Sequence[float]
    """Of the pictures that it was trained with."""
    reductions: Sequence[int]
    channels: Sequence[int]
    """Of each of its maps, finest first."""


def _encoder(name: str, options: dict[str, Any]) -> _Encoder:
    """An encoder of this package, or of timm; raises ValueError for an unknown name."""
    if name == efficientnet_lite.NAME and not options:
        own = efficientnet_lite.EfficientNetLite0()
        return _Encoder(own, own.mean, own.std, own.reductions, own.channels)
    import timm  # imported here: see layers.py

    if not timm.is_model(name):
        raise ValueError(f"timm has no model {name!r} to be an encoder.")
    module: Any = timm.create_model(name, **{"features_only": True, "pretrained": False, **options})
    mean, std = (module.default_cfg[key] for key in ("mean", "std"))
    return _Encoder(module, mean, std, module.feature_info.reduction(), module.feature_info.channels())
