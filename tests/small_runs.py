"""Fixtures for trainings and evaluations of a few seconds: pictures, a network, a config."""

import numpy as np
import pytest
import yaml
from PIL import Image

from cfr_icl.models.registry import ARCHITECTURES
from tests.learning.tiny import ARCHITECTURE


def coloured_squares(root):
    """Write six pictures of a plain folder, each with a large and a small coloured square on noise."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    for number in range(6):
        image = rng.integers(90, 160, (64, 80, 3), dtype=np.uint8)
        labels = np.zeros((64, 80), np.uint8)
        for value, colour, (top, bottom, left, right) in (
            (1, (250, 20, 20), (5, 45, 5 + number, 45)),
            (2, (20, 20, 250), (50, 54, 60, 64)),
        ):
            image[top:bottom, left:right], labels[top:bottom, left:right] = colour, value
        Image.fromarray(image).save(root / "images" / f"picture{number}.png")
        Image.fromarray(labels).save(root / "masks" / f"picture{number}.png")
    return root


@pytest.fixture
def data(tmp_path):
    return coloured_squares(tmp_path / "set" / "val")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "tiny", ARCHITECTURE)


@pytest.fixture
def write_config(data, tmp_path):
    """Writes the config of a run that takes seconds, with changes; gives its path."""

    def write(**changes):
        values = {
            "model": {"architecture": "tiny"},
            "data": [{"kind": "folder", "path": str(data)}],
            "augmentation": {"size": 32, "zoomed": 0.5, "min_pixels": 20},
            "batch_size": 2,
            "workers": 0,
            "precision": "no",
            **changes,
        }
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


def write_branch_config(path, data, size):
    """Write the config of a training of a branch in windows of this size; three steps of two examples."""
    config = {
        "data": [{"kind": "folder", "path": str(data)}],
        "augmentation": {"size": size, "whole": 1.0, "merge": 0.0, "min_pixels": 4},
        "batch_size": 2,
        "steps": 3,
        "save_every": 1,
    }
    path.write_text(yaml.safe_dump(config))
    return path
