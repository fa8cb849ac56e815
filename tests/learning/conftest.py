"""Pictures, a network and a config for runs that take seconds, and a robot user who needs no time."""

import pytest
import torch

from cfr_icl.learning import timed_counts
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model
from tests.small_runs import data, tiny, write_config  # noqa: F401


@pytest.fixture
def source(tmp_path, tiny):  # noqa: F811
    torch.manual_seed(0)
    save_model(build_model(default_config("tiny")), tmp_path / "source")
    return str(tmp_path / "source")


@pytest.fixture
def clicks(monkeypatch):
    """Makes the robot user need so many clicks, before learning, after it, and so on."""

    def need(*counts):
        left = list(counts)

        def sessions(model, pictures, objects, tell=None, *limits):
            count = left.pop(0)
            return [(held, [0.5] * (count - 1) + [0.9]) for held in objects]

        monkeypatch.setattr(timed_counts, "sessions", sessions)

    return need
