"""Every data set by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cfr_icl.data.folder import FolderDataset
from cfr_icl.data.samples import Dataset

DATASETS: dict[str, Callable[..., Dataset]] = {
    "folder": FolderDataset,
}


def open_dataset(name: str, root: str | Path, **options: Any) -> Dataset:
    """The data set of this name under `root`.

    Raises:
        ValueError: for an unknown name.
        FileNotFoundError: when the folder is missing or half-unpacked; the message names what is.
    """
    if name not in DATASETS:
        raise ValueError(f"There is no data set {name!r}; there are {', '.join(DATASETS)}.")
    if not Path(root).is_dir():
        raise FileNotFoundError(f"The folder {root} for the data set {name} does not exist.")
    return DATASETS[name](root, **options)
