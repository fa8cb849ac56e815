"""Store the settings of a run beside it, and name those that changed when the run is resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cfr_icl.files import write_atomically
from cfr_icl.learning.settings import Settings

SETTINGS = "settings.yaml"
"""The file with the settings of a run."""

CHANGEABLE = ("steps", "epochs", "epoch", "minutes", "workers", "save_every", "picture_every")
"""Settings that a resumed run may have otherwise: its budget, and what no weights depend on. So may the batch
size of a process where there is a global batch."""


def write_settings(out: Path, settings: Settings) -> None:
    """Store the settings of a run; raises OSError."""
    write_atomically(out / SETTINGS, yaml.safe_dump(_plain(dataclasses.asdict(settings))))


def resumed(out: Path, settings: Settings, progress: float) -> str | None:
    """A sentence on a run that goes on, if it has other settings than it was begun with, or is finished.

    Args:
        progress: the used part of its budget, 0 to 1.

    Raises:
        ValueError: for a finished run with other settings, which would not take part in its weights.
    """
    changed = ", ".join(sorted(changed_settings(out, settings)))
    if changed and progress >= 1:
        raise ValueError(
            f"The run in {out} is finished, with other settings ({changed}); give --out for a run of its own."
        )
    if changed:
        return f"The run in {out} was begun with other settings ({changed}); it goes on with the new ones."
    if progress >= 1:
        return f"The run in {out} is finished; more steps, epochs or minutes train it on."
    return None


def changed_settings(out: Path, settings: Settings) -> list[str]:
    """The settings of a run that differ from those that it was begun with, by name; without a run, none."""
    try:
        before = yaml.safe_load((out / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    now = _plain(dataclasses.asdict(settings))
    if not isinstance(before, dict):
        return []
    changeable = (*CHANGEABLE, "batch_size") if settings.global_batch else CHANGEABLE
    return [name for name in _differing(before, now) if name not in changeable]


def _differing(before: dict[str, Any], now: dict[str, Any], where: str = "") -> Iterator[str]:
    """The names of values that are in both and differ; other versions may have settings that one lacks."""
    for key in before.keys() & now.keys():
        old, new = before[key], now[key]
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differing(old, new, f"{where}{key}.")
        elif old != new:
            yield f"{where}{key}"


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
