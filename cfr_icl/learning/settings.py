"""Settings of a training run: frozen dataclasses, filled from a YAML file and `--set key=value`."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.registry import open_dataset
from cfr_icl.data.samples import Dataset
from cfr_icl.learning.hard import HardPictures
from cfr_icl.learning.initial_states import TrainingConfig
from cfr_icl.learning.optimiser import OptimiserSettings
from cfr_icl.suem import SUEM

NO_LIMIT = 10**9
"""Steps of a budget in epochs alone."""

_SHARE, _FROM_0, _FROM_1, _FACTOR = (0, 1), (0, math.inf), (1, math.inf), (0.01, 100)
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("batch_size", "global_batch", "accumulation", "steps", "epoch"), _FROM_1),
    **dict.fromkeys(("save_every", "picture_every"), _FROM_1),
    **dict.fromkeys(("workers", "seed", "data.weight", "data.below"), _FROM_0),
    "augmentation.size": (16, 8192),
    **dict.fromkeys(("augmentation.objects", "augmentation.min_pixels"), _FROM_1),
    "augmentation.max_clicks": (2, 1000),
    "augmentation.click_decay": (0, 0.99),
    **dict.fromkeys(("augmentation.min_side", "augmentation.rgb_shift"), _FROM_0),
    **dict.fromkeys(("augmentation.zoom", "augmentation.scale"), _FACTOR),
    **dict.fromkeys(
        [f"augmentation.{name}" for name in ("whole", "zoomed", "partial", "colour", "merge", "min_share")],
        _SHARE,
    ),
    "augmentation.first_from_error": _SHARE,
    **dict.fromkeys([f"icl.{name}" for name in ("fresh", "refine", "close_up", "box", "wrong")], _SHARE),
    **dict.fromkeys(("icl.betas", "icl.auxiliary", "icl.gamma", "icl.warm_up"), _FROM_0),
    **dict.fromkeys(("icl.alpha", "icl.sloppy"), _SHARE),
    "icl.sides": (0.01, 1),
    **dict.fromkeys(("optimiser.lr", "optimiser.encoder_lr", "optimiser.layer_decay"), _FROM_0),
    **dict.fromkeys(("optimiser.weight_decay", "optimiser.clip", "optimiser.warm_up"), _FROM_0),
    **dict.fromkeys(("optimiser.milestones", "optimiser.cool_down", "optimiser.ema"), _SHARE),
}
"""The least and the greatest value of numbers, and of those in lists."""


@dataclass(frozen=True)
class ModelSettings:
    """The network and its initial weights."""

    architecture: str = "compact"
    options: dict[str, Any] = field(default_factory=dict)
    weights: str | None = None
    """Weights of the whole network to start from, as for `load_model`; `options` may add blocks to it."""
    encoder_weights: str | None = None
    """Where the encoder starts: `timm` for timm's own weights, or a state dict in a file or a package."""
    frozen: tuple[str, ...] = ()
    """Weights whose names start with one of these are not trained."""
    frozen_norms: bool = False
    """Keep batch norms in evaluation: their statistics stay, and a step of fine-tuning is cheaper."""


@dataclass(frozen=True)
class DataSettings:
    """One data set of the mixture; `options` go to its reader."""

    kind: str
    path: str
    weight: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)
    hard: str | None = None
    """Results of an evaluation of this data set: only pictures with an object whose final IoU was below
    `below` are used."""
    below: float = 0.9

    def open(self) -> Dataset:
        """Open the data set; raises as `open_dataset` and `HardPictures`."""
        dataset = open_dataset(self.kind, self.path, **self.options)
        return HardPictures(dataset, self.hard, self.below) if self.hard else dataset


@dataclass(frozen=True)
class Settings:
    """A training run; `batch_size` is that of one process, `global_batch` that of all together.

    Its budget is `steps`, or `epochs` of `epoch` examples, or `minutes`, whichever ends first. Settings that
    are read with `epochs` and without `steps` have no limit of steps.
    """

    data: tuple[DataSettings, ...]
    model: ModelSettings = ModelSettings()
    augmentation: Augmentation = Augmentation()
    suem: SUEM | None = SUEM()
    icl: TrainingConfig = TrainingConfig()
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    batch_size: int = 32
    global_batch: int | None = None
    """Pictures of all processes together; replaces `batch_size`, so that any number of them train alike."""
    accumulation: int = 1
    steps: int = 1000
    epochs: float | None = None
    epoch: int = 30000
    minutes: float | None = None
    workers: int = 1
    precision: Literal["no", "fp16", "bf16"] = "bf16"
    seed: int = 0
    save_every: int = 50
    picture_every: int = 200

    def __post_init__(self) -> None:
        for name in ("epochs", "minutes"):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise ValueError(f"The setting {name} is above 0, or null for none, not {value}.")
        if not sum(each.weight for each in self.data) > 0:
            raise ValueError("The setting data needs a data set with a weight above 0.")
        if not self.icl.betas:
            raise ValueError("The setting icl.betas needs the weight of a click.")

    def open_data(self) -> tuple[list[Dataset], list[float]]:
        """Open the data sets of the mixture; return them with their weights."""
        return [each.open() for each in self.data], [each.weight for each in self.data]

    def progress(self, step: int, seconds: float) -> float:
        """The used part of the budget, from 0 to 1, by steps or by time, whichever is more."""
        by_steps = step / self.steps
        return max(by_steps, seconds / (60 * self.minutes)) if self.minutes else by_steps

    def for_processes(self, processes: int) -> Settings:
        """The same run with the batch size of each of these processes, and its budget in steps.

        Raises:
            ValueError: for a global batch that cannot be divided.
        """
        size = self.batch_size
        if self.global_batch is not None:
            size, left = divmod(self.global_batch, processes)
            if left or not size:
                raise ValueError(
                    f"The setting global_batch={self.global_batch} cannot be shared by {processes} processes."
                )
        steps = self.steps
        if self.epochs is not None:
            per_step = size * self.accumulation * processes
            steps = min(steps, math.ceil(self.epochs * self.epoch / per_step))
        return dataclasses.replace(self, batch_size=size, steps=steps)


def read_settings(path: str | Path, changes: Sequence[str] = ()) -> Settings:
    """Settings from a YAML file, changed by `section.key=value` strings (values are YAML).

    Items of a list are addressed by number: `data.0.path=PATH`. A file may name another file beside it as
    its `base` and then changes sections of it key by key.

    Raises:
        ValueError: for an unknown key, a value of another kind, and a file that is no YAML.
    """
    values = _read(Path(path))
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise ValueError(f"A change of settings is KEY=VALUE, not {change!r:.60}.")
        try:
            _change(values, name.split("."), yaml.safe_load(value))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"There is no setting {name} to change.") from error
        except yaml.YAMLError as error:
            raise ValueError(f"The value of the setting {name} is no YAML: {value!r:.60}.") from error
    if values.get("epochs") is not None:
        values = {"steps": NO_LIMIT, **values}
    return _build(Settings, values, "")


def _change(values: Any, keys: Sequence[str], value: Any) -> None:
    """Set the value at the end of a path of keys, of which sections that are missing are added."""
    *sections, last = keys
    for section in sections:
        values = values[int(section)] if isinstance(values, list) else values.setdefault(section, {})
    values[int(last) if isinstance(values, list) else last] = value


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no YAML file.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds no settings.")
    base = values.pop("base", None)
    if base is None:
        return values
    merged = _read(path.parent / base)
    for key, value in values.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both else value
    return merged


def _build(kind: Any, values: dict[str, Any], where: str) -> Any:
    known = typing.get_type_hints(kind)
    for key in values:
        if key not in known:
            raise ValueError(f"There is no setting {where}{key}; there are {', '.join(known)}.")
    for entry in dataclasses.fields(kind):
        needed = entry.default is entry.default_factory is dataclasses.MISSING
        if needed and entry.name not in values:
            raise ValueError(f"The setting {where}{entry.name} is missing.")
    return kind(**{key: _convert(known[key], value, f"{where}{key}.") for key, value in values.items()})


def _convert(kind: Any, value: Any, where: str) -> Any:
    options = [kind, *typing.get_args(kind)]
    dataclass_kind = next((option for option in options if dataclasses.is_dataclass(option)), None)
    if dataclass_kind and isinstance(value, dict):
        return _build(dataclass_kind, value, where)
    if dataclass_kind and isinstance(value, list):
        return tuple(_build(dataclass_kind, item, where) for item in value)
    name = where.rstrip(".")
    if typing.get_origin(kind) is Literal:
        return _one_of(typing.get_args(kind), value, name)
    classes = _classes(kind)
    if float in classes and isinstance(value, (int, str)) and not isinstance(value, bool):
        value = _number(value, where)  # YAML reads 5e-6, which has no point, as text
    if tuple in classes and isinstance(value, list):
        return _entries(typing.get_args(kind), value, where)
    if type(value) not in classes and object not in classes:
        expected = " or ".join(_KINDS.get(each, "a mapping") for each in classes)
        raise ValueError(f"The setting {name} is {expected}, not {value!r:.60}.")
    if name in RANGES and isinstance(value, (int, float)):
        _check_range(name, value)
    return value


def _one_of(choices: Sequence[str], value: Any, name: str) -> str:
    value = "no" if value is False else value  # as YAML reads a `no` without quotation marks
    if value not in choices:
        raise ValueError(f"The setting {name} is {' or '.join(choices)}, not {value!r:.60}.")
    return value


def _entries(kinds: Sequence[Any], values: list[Any], where: str) -> tuple[Any, ...]:
    """The entries of a list, each of its kind; of a list of any length, all of one."""
    name = where.rstrip(".")
    if kinds[-1] is Ellipsis:
        kinds = [kinds[0]] * len(values)
    if len(values) != len(kinds):
        raise ValueError(
            f"The setting {name} is a list of {len(kinds)}, not of {len(values)}: {values!r:.60}."
        )
    return tuple(_convert(kind, value, where) for kind, value in zip(kinds, values, strict=True))


def _check_range(name: str, value: float) -> None:
    least, most = RANGES[name]
    if not least <= value <= most:  # which NaN is not
        expected = f"{least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(f"The setting {name} is {expected}, not {value}.")


_KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple: "a list",
    dict: "a mapping",
    type(None): "null",
}


def _classes(kind: Any) -> list[type]:
    """The classes of the values of a type hint, without those of their entries; object for any."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return [each for option in typing.get_args(kind) for each in _classes(option)]
    if origin is not None:
        kind = origin
    return [kind] if isinstance(kind, type) else [object]


def _number(value: int | str, where: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"The setting {where.rstrip('.')} is a number, not {value!r}.") from None
