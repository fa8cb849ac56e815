"""Pictures, a network and a config for runs that take seconds, and a robot user who needs no time."""

from functools import partial

import pytest
import torch

from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model
from tests.learning.tiny import need_clicks
from tests.small_runs import data, tiny, write_config  # noqa: F401


@pytest.fixture
def source(tmp_path, tiny):  # noqa: F811
    torch.manual_seed(0)
    save_model(build_model(default_config("tiny")), tmp_path / "source")
    return str(tmp_path / "source")


@pytest.fixture
def clicks(monkeypatch):
    """Makes the robot user need so many clicks, before learning, after it, and so on."""
    return partial(need_clicks, monkeypatch)
