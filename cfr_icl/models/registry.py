"""Every network by name: how to build it and how it wants to see the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cfr_icl.models.base import InteractiveModel, ModelConfig
from cfr_icl.models.compact import CompactNet
from cfr_icl.zoom import ZoomConfig


@dataclass(frozen=True)
class Architecture:
    """A builder, its fixed options, and the zoom that the published protocol uses with it."""

    build: Callable[..., InteractiveModel]
    options: dict[str, Any]
    zoom: ZoomConfig


ARCHITECTURES: dict[str, Architecture] = {
    "compact": Architecture(CompactNet, {}, ZoomConfig(size=448)),
}


def default_config(architecture: str, **options: Any) -> ModelConfig:
    """The configuration of a network by name; raises ValueError for an unknown name."""
    return ModelConfig(architecture, options, _find(architecture).zoom)


def build_model(config: ModelConfig) -> InteractiveModel:
    """The network of this configuration with fresh weights; raises ValueError for an unknown name."""
    architecture = _find(config.architecture)
    model = architecture.build(**{**architecture.options, **config.options})
    model.config = config
    return model


def _find(name: str) -> Architecture:
    if name not in ARCHITECTURES:
        raise ValueError(f"There is no network {name!r}; there are {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]
