"""All networks by name, with their constructors and zoom-in settings.

A family is imported when one of its networks is built: timm, which some need, takes two seconds to import.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import torch

from cfr_icl.close_up import CloseUpConfig
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.map_model import MapModel
from cfr_icl.zoom.zoom_config import ZoomConfig


@dataclass(frozen=True)
class Architecture:
    """A network's class, its fixed options, and the zoom that the published protocol uses with it.

    Attributes:
        compiles: whether `models/compiled.py` can export its parts.
    """

    import_class: Callable[[], type[MapModel]]
    options: dict[str, Any]
    zoom: ZoomConfig
    close_up: CloseUpConfig | None = None
    compiles: bool = False


def _class(module: str, name: str) -> Callable[[], type[MapModel]]:
    """A function that imports a network's class."""
    return lambda: getattr(import_module(f"cfr_icl.models.{module}"), name)


def _plain_vit(
    patch: int, dim: int, depth: int, heads: int, neck: tuple[int, ...], head: int
) -> Architecture:
    options = {"patch": patch, "dim": dim, "depth": depth, "heads": heads, "neck": neck, "head": head}
    return Architecture(
        _class("plain_vit", "PlainViT"), {**options, "grid": 448 // patch}, ZoomConfig(size=448)
    )


def _hrnet(width: int, ocr_width: int, small: bool = False) -> Architecture:
    options = {"width": width, "ocr_width": ocr_width, "small": small}
    return Architecture(
        _class("hrnet", "HRNet"), options, ZoomConfig(size=400, keep_aspect=True, skip_clicks=1)
    )


ARCHITECTURES: dict[str, Architecture] = {
    "compact": Architecture(
        _class("compact", "CompactNet"),
        {},
        ZoomConfig(size=448, widen=True),
        CloseUpConfig(first_click=3),
        compiles=True,
    ),
    "vit_xtiny": _plain_vit(16, 160, 8, 4, (96, 192, 288, 384), 128),
    "vit_b": _plain_vit(16, 768, 12, 12, (128, 256, 512, 1024), 256),
    "vit_l": _plain_vit(16, 1024, 24, 16, (192, 384, 768, 1536), 256),
    "vit_h": _plain_vit(14, 1280, 32, 16, (240, 480, 960, 1920), 256),
    "mfp_vit_b": replace(
        _plain_vit(16, 768, 12, 12, (128, 256, 512, 1024), 256), import_class=_class("mfp", "MFP")
    ),
    "hrnet18s": _hrnet(18, 48, small=True),
    "hrnet18": _hrnet(18, 64),
    "hrnet32": _hrnet(32, 128),
}


def default_config(architecture: str, **options: Any) -> ModelConfig:
    """The configuration of a network by name; raises ValueError for an unknown name."""
    entry = _find(architecture)
    return ModelConfig(architecture, options, entry.zoom, entry.close_up)


def build_model(config: ModelConfig) -> MapModel:
    """The network of this configuration with fresh weights.

    Raises:
        ValueError: for an unknown name of a network or an option, and for a value that no network has.
    """
    architecture = _find(config.architecture)
    with torch.device("cpu"):  # imports compute constants, also under the device "meta"
        network = architecture.import_class()
    parameters = inspect.signature(network).parameters
    for option in config.options:
        if option not in parameters:
            raise ValueError(
                f"The network {config.architecture} has no option {option!r:.40}; it has "
                f"{', '.join(parameters)}."
            )
    options = {**architecture.options, **config.options}
    for option, value in config.options.items():
        usual = architecture.options.get(option, parameters[option].default)
        if not _is_alike(value, usual):
            raise ValueError(
                f"The option {option} of the network {config.architecture} is {value!r:.60}, which is not "
                f"of the kind of {usual!r}."
            )
    try:
        model = network(**options)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError) as error:
        reason = str(error).removesuffix(".")
        raise ValueError(
            f"There is no network {config.architecture} with the options {config.options}: {reason}."
        ) from error
    model.config = config
    return model


def _is_alike(value: Any, usual: Any) -> bool:
    """Whether an option's value is of the kind of its usual one: numbers from 0, lists of equal length."""
    if isinstance(usual, tuple):
        fits = isinstance(value, (list, tuple)) and (not usual or len(value) == len(usual))
        return fits and all(_is_alike(entry, 1) for entry in value)
    if isinstance(usual, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if usual is None or usual is inspect.Parameter.empty:
        return True  # the network's constructor decides
    return type(value) is type(usual) and (type(value) is not int or value >= 0)


def _find(name: str) -> Architecture:
    if name not in ARCHITECTURES:
        raise ValueError(f"There is no network {name!r}; there are {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]
