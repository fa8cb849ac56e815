"""The head that predicts IoUs learns from passes of the robot user's clicks."""

import itertools

import numpy as np
import pytest
import torch
import yaml

from cfr_icl import Segmenter, load_model
from cfr_icl.cli.main import main
from cfr_icl.learning.iou_head import RatedPasses, fit, iou, record
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model
from tests.small_compact import small_compact


def network():
    torch.manual_seed(0)
    return build_model(small_compact()).eval()


def test_a_head_learns_which_masks_are_good():
    torch.manual_seed(0)
    pooled = torch.randn(400, 4 * 5)
    ious = torch.sigmoid(pooled[:, :4].sum(1))
    head = fit(RatedPasses(pooled[:300], ious[:300]))
    found = head(pooled[300:])
    assert torch.corrcoef(torch.stack([found, ious[300:]]))[0, 1] > 0.8


def test_passes_of_the_robot_users_clicks_are_recorded_with_their_ious():
    model = network()
    picture = np.random.default_rng(0).integers(90, 160, (60, 80, 3), dtype=np.uint8)
    picture[10:45, 20:60] = (250, 20, 20)
    gt_mask = np.zeros((60, 80), np.int8)
    gt_mask[10:45, 20:60] = 1
    objects = itertools.repeat((picture, gt_mask))
    with pytest.raises(ValueError, match="no head"):
        record(Segmenter(model), objects, 1)
    model.add_iou_head()
    passes = record(Segmenter(model), objects, 2, boxes=0.5)
    assert passes.pooled.shape == (len(passes.ious), model.iou_head.mean.numel())
    assert ((passes.ious >= 0) & (passes.ious <= 1)).all()


def test_ignored_pixels_do_not_count():
    gt_mask = np.array([[1, 1, 0, -1]])
    assert iou(np.array([[True, False, True, True]]), gt_mask) == pytest.approx(1 / 3)


def test_the_command_adds_a_head_and_changes_no_other_weight(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CFR_ICL_ENGINE", "onnx")  # learning needs PyTorch
    save_model(network(), tmp_path / "plain")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"data": [{"kind": "folder", "path": str(data)}]}))
    arguments = ["--weights", str(tmp_path / "plain"), "--config", str(config), "--objects", "1"]
    assert main(["iou-head", *arguments, "--out", str(tmp_path / "rated")]) == 0
    assert "passes, mean IoU" in capsys.readouterr().out
    before, after = (load_model(tmp_path / name, "cpu", trainable=True) for name in ("plain", "rated"))
    state = after.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in before.state_dict().items())
    assert after.config.options["iou_head"] is True


def test_networks_of_other_kinds_are_refused(tmp_path, capsys):
    save_model(build_model(default_config("vit_xtiny")), tmp_path / "vit")
    config = tmp_path / "config.yaml"
    config.write_text("data: []")
    arguments = ["--weights", str(tmp_path / "vit"), "--config", str(config), "--out", str(tmp_path / "out")]
    assert main(["iou-head", *arguments]) == 2
    assert "Only compact networks" in capsys.readouterr().err
