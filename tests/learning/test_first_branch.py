"""The branch for first clicks and boxes learns from windows that are encoded once; the network stays."""

from collections import namedtuple

import numpy as np
import pytest
import torch

from cfr_icl import files, load_model
from cfr_icl.cli.main import main
from cfr_icl.learning import first_prompts
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model
from tests.learning.tiny import full_disk
from tests.small_runs import data, write_branch_config  # noqa: F401


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_model(default_config("compact")).eval()


def test_sides_of_boxes_are_off_by_a_tenth_at_most_and_inside_the_picture():
    pixels, rng = np.zeros((200, 300), bool), np.random.default_rng(0)
    pixels[50:150, 0:200] = True  # cut by the picture's left edge
    boxes = [first_prompts.sloppy_box(pixels, rng) for _ in range(60)]
    sides = np.array(boxes)
    assert (np.abs(sides - [0, 50, 200, 150]) <= [20, 10, 20, 10]).all() and len(set(boxes)) > 30
    assert (sides[:, 0] >= 0).all() and (sides[:, 0] > 0).any()
    assert all(box.width > 0 and box.height > 0 for box in boxes)


def test_small_objects_are_clicked_on_and_large_ones_boxed_too(monkeypatch):
    small, large = np.zeros((2, 64, 64), np.int8)
    small[30:33, 30:33] = large[10:40, 10:40] = 1
    prompts = {}
    for share in (0.0, 1.0):
        monkeypatch.setattr(first_prompts, "CLICKED", share)
        for name, gt_mask in (("small", small), ("large", large)):
            prompts[name, share] = first_prompts.first_prompt(gt_mask, np.random.default_rng(0))
    assert prompts["small", 0.0] is None
    assert prompts["large", 0.0][0, 0].any() and not prompts["large", 0.0][0, 1].any()
    for name in ("small", "large"):
        previous, positive, negative = prompts[name, 1.0][0]
        assert positive.any() and not previous.any() and not negative.any()


def test_the_branch_learns_objects_that_are_clicked_or_boxed(network):
    network.add_box_branch()
    branch = network.box_branch
    gt_masks = np.zeros((2, 64, 64), np.int8)
    gt_masks[0, 8:40, 8:40], gt_masks[1, 30:60, 20:60] = 1, 1
    gt_masks[0, 20:40, 20:40] = 0  # not the middle of its box
    gt_masks[1, 0:4] = -1
    features = tuple(x.detach() for x in network.encode(torch.rand(1, 3, 64, 64)))
    windows = [first_prompts.EncodedWindow(features, gt_masks)]
    optimiser = torch.optim.AdamW(branch.parameters(), lr=2e-3)
    ious = []
    for step in range(40):
        loss, figures = first_prompts.loss(branch, windows, np.random.default_rng(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        ious.append(np.mean(figures["clicks"] + figures["boxes"]))
    assert np.mean(ious[-5:]) > max(0.6, np.mean(ious[:3]) + 0.1)


@pytest.mark.parametrize("name", ["first-branch", "later-clicks", "hypotheses", "iou-head", "calibrate"])
def test_commands_that_change_one_network_refuse_a_learnt_model(name, tmp_path, capsys):
    (tmp_path / "kind.safetensors").touch()
    (tmp_path / "config.yaml").write_text("data: []")
    more = ["--config", str(tmp_path / "config.yaml"), "--out", str(tmp_path / "out")]
    more = ["--data", f"folder={tmp_path}", "--write"] if name == "calibrate" else more
    assert main([name, "--weights", str(tmp_path), *more]) == 2
    assert "is a learnt model of two networks; name a model of one network." in capsys.readouterr().err


def test_the_command_trains_the_branch_alone_and_resumes(data, network, tmp_path, monkeypatch, capsys):  # noqa: F811
    save_model(network, tmp_path / "trained")
    config = write_branch_config(tmp_path / "config.yaml", data, 64)
    out = tmp_path / "first"
    arguments = ["first-branch", "--weights", str(tmp_path / "trained")]
    arguments += ["--config", str(config), "--out", str(out)]
    assert main(arguments) == 0
    before = load_model(tmp_path / "trained", "cpu", "float32", trainable=True).state_dict()
    after = load_model(out, "cpu", "float32", trainable=True)
    assert after.takes_boxes and after.takes_first_clicks
    assert after.config.options == {"box_branch": True, "first_clicks": True}
    own = {name: after.state_dict()[name] for name in before}
    assert all(torch.equal(own[name], value) for name, value in before.items())
    changed = [n for n, v in after.box_branch.state_dict().items() if not torch.equal(v, before[n])]
    assert changed and not any("running" in name for name in changed)
    scales = after.learning_rate_scales(1.0, 1.0)
    assert {scale for name, scale in scales.items() if name.startswith("box_branch.")} == {0.0}

    assert torch.load(out / "checkpoint.pt", weights_only=True)["steps"] == 3
    assert main([*arguments, "--set", "steps=5"]) == 0
    assert torch.load(out / "checkpoint.pt", weights_only=True)["steps"] == 5
    with monkeypatch.context() as full:
        full.setattr(torch, "save", full_disk)
        full.setattr(files.shutil, "disk_usage", lambda folder: namedtuple("Usage", "free")(0))
        assert main([*arguments, "--set", "steps=7"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "error: No space left on device."
    assert main([*arguments, "--set", "steps=5", "seed=8"]) == 2
    assert "is finished, with other settings (seed); give --out" in capsys.readouterr().err
    assert main([*arguments, "--set", "steps=6", "seed=8"]) == 0
    assert "was begun with other settings (seed); it goes on" in capsys.readouterr().err
    save_model(build_model(default_config("compact")), tmp_path / "another")
    assert main(["first-branch", "--weights", str(tmp_path / "another"), *arguments[3:]]) == 2
    assert "holds a run of another network; give --out" in capsys.readouterr().err
    assert main([*arguments, "--set", "batch_size=500"]) == 2
    assert "The setting batch_size is at most 240 here, not 500." in capsys.readouterr().err
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    state["branch"].popitem()
    torch.save(state, out / "checkpoint.pt")
    assert main(arguments) == 2
    assert "holds a run of another network; give --out for a run of its own." in capsys.readouterr().err
