"""A network whose parts another engine computes, from files that were exported of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cfr_icl.models.base import Features, ModelConfig
from cfr_icl.models.hypotheses import FURTHER, Hypotheses
from cfr_icl.models.iou_head import IoUHead
from cfr_icl.models.map_model import MapModel

IMAGE, PROMPT_MAPS, LOGITS = "image", "prompt_maps", "logits"
COARSE = ("coarse0", "coarse1", "coarse2")
"""Names of inputs and outputs in the files; features are "features0", "features1" and so on."""
SIDES = 32
"""Sides of the input are a multiple of this: others are padded in ways that the files do not hold."""
OPERATORS = 17
"""Version of ONNX's operators in the files."""


class CompiledNet(MapModel):
    """A network of this package with its encoder, its decoders or all run by ONNX Runtime.

    Features are a tuple of float tensors, as the network's own.

    Args:
        config: the configuration of the network.
        digest: digest of its weights, by which evaluations tell networks apart.
        build: builds the network in PyTorch. It is called only when it is needed: for a part without an
            inference session, or for an input of a size that the files are not made for.
        encoder, decoder: inference sessions of the files that `export` wrote; None for a part in PyTorch.
        first_decoder: the inference session that answers boxes and first clicks; None for networks without
            such a decoder, and where `decoder` is None.
        iou_head, hypotheses: the heads of the network; None where it has none.
    """

    choice_refinements = 1

    def __init__(
        self,
        config: ModelConfig,
        digest: bytes,
        build: Callable[[], MapModel],
        encoder: Any = None,
        decoder: Any = None,
        first_decoder: Any = None,
        iou_head: IoUHead | None = None,
        hypotheses: Hypotheses | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.iou_head = iou_head
        self.hypotheses = hypotheses
        self.takes_boxes = bool(config.options.get("box_branch"))
        self.takes_first_clicks = bool(config.options.get("first_clicks"))
        self.choices = 1 + FURTHER if hypotheses else 0
        self.register_buffer("digest", torch.frombuffer(bytearray(digest), dtype=torch.uint8))
        self._build = build
        self._encoder, self._decoder, self._first_decoder = encoder, decoder, first_decoder
        if encoder is None or decoder is None:
            self._network  # noqa: B018  not at the first click

    @cached_property
    def _network(self) -> MapModel:
        return self._build()

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def batched(self) -> list[tuple[nn.Module, str]]:
        if self._decoder is None:
            return [(self, "encode"), *self._network.batched()[1:]]
        return [(self, "encode"), (self, "_decoded"), (self, "_first_decoded")]

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if self._encoder is None or not _fits(image):
            features = self._network.encode(image)
        else:
            arrays = self._encoder.run(None, {IMAGE: _array(image)})
            features = tuple(torch.from_numpy(array) for array in arrays)
        if self._decoder is not None and _fits(image):
            return tuple(x.float().contiguous() for x in features)
        precision = self._network.precision  # once, not at every pass
        return tuple(x.contiguous(memory_format=torch.channels_last).to(precision) for x in features)

    def decode(self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor) -> torch.Tensor:
        if self._decoder is None or not _fits(prompt_maps):
            return self._network.decode_in_precision(features, prompt_maps)
        return self._decoded(features, prompt_maps)[0]

    def decode_with_maps(
        self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor, first: bool = False
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        if self._decoder is None or (first and self._first_decoder is None) or not _fits(prompt_maps):
            return self._network.decode_with_maps(features, prompt_maps, first)
        logits, *maps = (self._first_decoded if first else self._decoded)(features, prompt_maps)
        return logits, maps

    def _decoded(self, features: tuple[torch.Tensor, ...], prompt_maps: torch.Tensor) -> list[torch.Tensor]:
        """The logits, and the coarsest maps for the heads that predict IoUs and further masks."""
        return _run(self._decoder, features, prompt_maps)

    def _first_decoded(self, features: Features, prompt_maps: torch.Tensor) -> list[torch.Tensor]:
        """The same of the branch for boxes and first clicks."""
        return _run(self._first_decoder, features, prompt_maps)


def _run(decoder: Any, features: Features, prompt_maps: torch.Tensor) -> list[torch.Tensor]:
    inputs = {f"features{number}": _array(x) for number, x in enumerate(features)}
    arrays = decoder.run(None, {PROMPT_MAPS: _array(prompt_maps), **inputs})
    return [torch.from_numpy(array) for array in arrays]


@torch.no_grad()
def export(network: MapModel, encoder: Path, decoder: Path, first_decoder: Path | None = None) -> None:
    """Write a network's parts as ONNX files, for any batch and any sides that are multiples of SIDES.

    Args:
        network: in float32, loaded to answer; its `encode` returns a tuple of tensors.
        first_decoder: for the branch that answers boxes and first clicks; None for a network without one.

    Raises:
        Exception: of PyTorch's exporter, for a network with operators that it does not know.
    """
    size = network.config.zoom.size // SIDES * SIDES or SIDES
    image = prompt_maps = torch.zeros(2, 3, size, size)
    features = network.encode(image)
    names = [f"features{number}" for number in range(len(features))]
    answers = [LOGITS, *(COARSE if _gives_coarse_maps(network) else ())]
    decoders: list[tuple[nn.Module, Path]] = [(_Decoder(network), decoder)]
    if first_decoder:
        decoders.append((_FirstDecoder(network), first_decoder))
    for part, inputs, given, outputs, file in (
        (_Encoder(network), (image,), [IMAGE], names, encoder),
        *((each, (prompt_maps, *features), [PROMPT_MAPS, *names], answers, file) for each, file in decoders),
    ):
        axes = {name: {0: "batch", 2: f"{name}_height", 3: f"{name}_width"} for name in [*given, *outputs]}
        torch.onnx.export(
            part,
            inputs,
            str(file),
            dynamo=False,  # the newer exporter needs one more package, and takes longer
            opset_version=OPERATORS,
            input_names=given,
            output_names=outputs,
            dynamic_axes=axes,
        )


class _Encoder(nn.Module):
    def __init__(self, network: MapModel) -> None:
        super().__init__()
        self.network: Any = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.network.encode(image)


class _Decoder(_Encoder):
    def forward(self, prompt_maps: torch.Tensor, *features: torch.Tensor) -> Any:  # type: ignore
        if not _gives_coarse_maps(self.network):
            return self.network.decode(features, prompt_maps)
        logits, coarse = self.network.decode_coarse(features, prompt_maps)
        return (logits, *coarse)


class _FirstDecoder(_Encoder):
    def forward(self, prompt_maps: torch.Tensor, *features: torch.Tensor) -> Any:  # type: ignore
        logits, coarse = self.network.box_branch(features, prompt_maps)
        return (logits, *coarse) if _gives_coarse_maps(self.network) else logits


def _gives_coarse_maps(network: MapModel) -> bool:
    """Whether the network has heads that take the branch's coarse maps."""
    return any(getattr(network, head, None) is not None for head in ("iou_head", "hypotheses"))


def _fits(maps: torch.Tensor) -> bool:
    return all(side % SIDES == 0 for side in maps.shape[2:])


def _array(maps: torch.Tensor) -> np.ndarray:
    return maps.contiguous().numpy()
