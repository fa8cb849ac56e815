"""Calibration: probabilities approach observed frequencies."""

import json

import numpy as np
import pytest

from cfr_icl.cli.main import main
from cfr_icl.evaluation.calibration import Reliability
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model


def predictions_of(inverse_temperature: float, seed: int = 0) -> Reliability:
    """Predictions whose logits must be multiplied by this factor to be calibrated."""
    rng = np.random.default_rng(seed)
    reliability = Reliability()
    for _ in range(20):
        logits = rng.normal(0, 1.5, (60, 60))
        gt_mask = (rng.random((60, 60)) < 1 / (1 + np.exp(-inverse_temperature * logits))).astype(int)
        gt_mask[:5] = -1
        reliability.add(1 / (1 + np.exp(-logits)), gt_mask)
    return reliability


@pytest.mark.parametrize("inverse_temperature", [0.5, 1.0, 2.5])
def test_the_inverse_temperature_that_calibrates_predictions_is_found(inverse_temperature):
    reliability = predictions_of(inverse_temperature)
    assert reliability.best_inverse_temperature() == pytest.approx(inverse_temperature, rel=0.1)
    assert reliability.error(reliability.best_inverse_temperature()) < 0.02
    if inverse_temperature != 1:
        assert reliability.error(1.0) > 0.05


def test_every_prediction_weighs_the_same_and_ignored_pixels_nothing():
    reliability = Reliability()
    reliability.add(np.full((10, 10), 0.9), np.ones((10, 10), int))
    reliability.add(np.full((50, 50), 0.9), np.zeros((50, 50), int))
    reliability.add(np.full((5, 5), 0.1), np.full((5, 5), -1))
    assert reliability.area.sum() == pytest.approx(2) and reliability.object_area.sum() == pytest.approx(1)


def test_a_model_folder_gets_its_inverse_temperature(data, tmp_path, capsys):
    save_model(build_model(default_config("tiny")), tmp_path / "model")
    arguments = [
        "--weights",
        str(tmp_path / "model"),
        "--data",
        f"folder={data}",
        "--plot",
        str(tmp_path / "p.png"),
    ]
    assert main(["calibrate", *arguments, "--write"]) == 0
    plain, sharp = (line.split("|") for line in capsys.readouterr().out.splitlines()[2:4])
    assert float(sharp[3]) < float(plain[3]) and (tmp_path / "p.png").is_file()
    written = json.loads((tmp_path / "model" / "config.json").read_text())["inverse_temperature"]
    assert written != 1 and load_model(tmp_path / "model").config.inverse_temperature == written


def test_only_a_model_folder_is_written_to(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", "--data", f"folder={tmp_path}", "--write"]) == 2
    assert "needs the folder of a model" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
