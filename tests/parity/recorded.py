"""What the published implementation answered, and our networks with the same weights."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import torch

from cfr_icl.clicks import Click, disk_maps
from cfr_icl.models.base import InteractiveModel
from cfr_icl.models.registry import build_model
from cfr_icl.weights.published import convert
from tests.parity.checkpoints import checkpoint
from tests.parity.recipe import model_input

FIXTURES = Path(__file__).parent / "fixtures"
RECORDED_NAMES = json.loads((FIXTURES / "state_dict_keys.json").read_text())
CASES = json.loads((FIXTURES / "predict_cases.json").read_text())


def recorded(file: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES / file) as arrays:
        return dict(arrays)


@functools.lru_cache(maxsize=1)
def converted_model(name: str) -> InteractiveModel:
    """The network with the weights behind the recorded answers, through the converter."""
    config, tensors = convert(checkpoint(RECORDED_NAMES[name]))
    with torch.device("meta"):
        model = build_model(config)
    model.load_state_dict(tensors, strict=True, assign=True)
    return model.eval()


def recorded_input() -> tuple[torch.Tensor, torch.Tensor]:
    """Image and prompt maps of the recorded batch: first half of the point slots positive, -1 padding."""
    batch, points = model_input(7)
    clicks = [
        [
            Click(float(column), float(row), slot < points.shape[1] // 2)
            for slot, (row, column, order) in enumerate(slots)
            if order >= 0
        ]
        for slots in points
    ]
    batch = torch.from_numpy(batch)
    return batch[:, :3], torch.cat([batch[:, 3:], disk_maps(clicks, *batch.shape[2:])], dim=1)
