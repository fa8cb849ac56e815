"""The ablation from end to end, with the smallest of networks, budgets and data."""

import pytest

from cfr_icl.cli.main import main
from cfr_icl.learning import ablation
from cfr_icl.learning.ablation_report import COMPARED
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model


@pytest.fixture
def config(write_config):
    return write_config(steps=2)


@pytest.mark.slow
def test_the_ablation_trains_four_networks_writes_tables_and_plots_and_keeps_the_reading(
    data, config, tmp_path, monkeypatch
):
    trained, train = [], ablation.train
    monkeypatch.setattr(
        ablation, "train", lambda settings, out: (trained.append(settings), train(settings, out))
    )
    arguments = [
        *("--config", str(config), "--data", f"folder={data}", "--limit", "1"),
        *("--out", str(tmp_path / "runs"), "--report", str(tmp_path / "RESULTS.md")),
    ]
    assert main(["ablation", *arguments]) == 0
    ideas = [(settings.icl.last_only, settings.suem is None) for settings in trained]
    assert ideas == [(True, True), (False, True), (True, False), (False, False)]
    report = (tmp_path / "RESULTS.md").read_text()
    for training in ablation.TRAININGS:
        views = 2 if training.name in (ablation.BASELINE, ablation.BOTH) else 1  # with zoom-in, without
        assert report.count(f"\n| {training.name} | CFR-0 |") == views
        assert report.count(f"\n| {training.name} | A-CFR-8 every click |") == views
    assert report.count(" against CFR-0: ") == 4 * len(COMPARED)
    assert {p.name for p in (tmp_path / "results").iterdir()} == {"iou.png", "noc.png"}

    (tmp_path / "RESULTS.md").write_text(report + "\nSUEM does not help here.\n")
    assert main(["ablation", *arguments]) == 0  # finds everything done
    assert (tmp_path / "RESULTS.md").read_text() == report + "\nSUEM does not help here.\n"


@pytest.mark.slow
def test_from_trained_weights_each_idea_is_compared_with_them_too(data, config, tmp_path, monkeypatch):
    save_model(build_model(default_config("tiny")), tmp_path / "trained")
    begun, train = [], ablation.train
    monkeypatch.setattr(
        ablation, "train", lambda settings, out: (begun.append(settings.model.weights), train(settings, out))
    )
    arguments = [
        *("--config", str(config), "--data", f"folder={data}", "--limit", "1"),
        *("--weights", str(tmp_path / "trained")),
        *("--out", str(tmp_path / "runs"), "--report", str(tmp_path / "RESULTS.md")),
    ]
    assert main(["ablation", *arguments]) == 0
    assert begun == [str(tmp_path / "trained")] * 4
    report = (tmp_path / "RESULTS.md").read_text()
    for name in (ablation.BEFORE, *(training.name for training in ablation.TRAININGS)):
        assert report.count(f"\n| {name} | CFR-") == 2
    assert report.count(f" against {ablation.BEFORE} |") == 4
    assert report.count(" against the baseline |") == 3
    assert "Zoom-in held fixed" not in report
