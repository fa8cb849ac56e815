"""The pictures of a data set with a low IoU in an evaluation, for training on hard cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cfr_icl.data.samples import Dataset, Sample


class HardPictures:
    """The pictures with an object whose final IoU in an evaluation is below a value.

    Args:
        results: the `.objects.jsonl` that `cfr-icl evaluate` wrote beside its `--json`.
        below: upper bound of the IoU after the last click, 0 to 1.

    Raises:
        ValueError: when no picture is left.
        OSError: when the file cannot be read.
    """

    def __init__(self, dataset: Dataset, results: str | Path, below: float) -> None:
        lines = Path(results).read_text(encoding="utf-8").splitlines()[1:]
        newest = {  # an object whose mask was corrected is there once more
            tuple(entry[key] for key in ("data", "picture", "object_id", "setting")): entry
            for entry in map(json.loads, lines)
        }
        found = {entry["picture"] for entry in newest.values() if entry["ious"][-1] < below}
        self.dataset = dataset
        self.indices = [i for i, name in enumerate(dataset.names) if name in found]
        self.names: Sequence[str] = [dataset.names[i] for i in self.indices]
        if not self.names:
            raise ValueError(f"{results} has no picture of the data set below an IoU of {below}.")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.dataset[self.indices[index]]
