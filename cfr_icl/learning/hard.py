"""The pictures of a data set that a model found hard: training on the easy ones teaches it little more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cfr_icl.data.samples import Dataset, Sample


class HardPictures:
    """The pictures with an object whose answer ended below an IoU in an evaluation.

    Args:
        results: the `.objects.jsonl` that `cfr-icl evaluate` wrote beside its `--json`.
        below: the IoU, from 0 to 1, after the last click there.

    Raises:
        ValueError: when no picture is left.
        OSError: when the file cannot be read.
    """

    def __init__(self, dataset: Dataset, results: str | Path, below: float) -> None:
        lines = Path(results).read_text(encoding="utf-8").splitlines()[1:]
        found = {entry["picture"] for entry in map(json.loads, lines) if entry["ious"][-1] < below}
        self.dataset = dataset
        self.indices = [i for i, name in enumerate(dataset.names) if name in found]
        self.names: Sequence[str] = [dataset.names[i] for i in self.indices]
        if not self.names:
            raise ValueError(f"{results} knows no picture of the data set below an IoU of {below}.")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.dataset[self.indices[index]]
