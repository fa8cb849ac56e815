"""The file from which a stopped run goes on: written as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from cfr_icl.files import disk_errors, replacing


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint; raises OSError, with the system's reason."""
    with replacing(path) as unfinished, disk_errors(path.parent):
        torch.save(dict(content), unfinished)


def read_checkpoint_file(path: Path) -> dict[str, Any]:
    """Read a checkpoint; raises ValueError for a damaged one."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files raise errors of all kinds
        raise ValueError(f"{path} is damaged; remove it to start anew.") from error
