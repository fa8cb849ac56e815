"""The own branch learns what follows the answers of the branch for first clicks, which stay."""

import numpy as np
import pytest
import torch

from cfr_icl import Click, load_model
from cfr_icl.cli.main import main
from cfr_icl.learning import later_clicks
from cfr_icl.models.registry import build_model
from cfr_icl.weights.saving import save_model
from tests.small_compact import small_compact
from tests.small_runs import data, write_branch_config  # noqa: F401

SIZE = 64


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = build_model(small_compact(SIZE, attention=0)).eval()
    network.add_box_branch(first_clicks=True)
    return network


def test_the_branch_learns_to_refine_an_answer(network):
    branch = network.copied_branch().eval()
    gt_mask = torch.zeros(SIZE, SIZE, dtype=torch.int8)
    gt_mask[8:40, 8:40], gt_mask[0:4] = 1, -1
    part = torch.full((SIZE, SIZE), 0.02)
    part[12:24, 12:24] = 0.98
    features = tuple(x.detach() for x in network.encode(torch.rand(1, 3, SIZE, SIZE)))
    example = later_clicks.Answered(features, gt_mask, (Click(20, 20),), part)
    optimiser = torch.optim.AdamW(branch.parameters(), lr=2e-3)
    ious = []
    for step in range(40):
        loss, figures = later_clicks.loss(branch, [example, example], np.random.default_rng(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        assert figures["first"] == [pytest.approx(144 / 1024)] * 2
        ious.append(np.mean(figures["last"]))
    assert np.mean(ious[-5:]) > max(0.6, np.mean(ious[:3]) + 0.1)


def test_some_further_clicks_confirm_what_is_right_already():
    gt_mask, mask = torch.zeros(1, 1, SIZE, SIZE), torch.full((1, 1, SIZE, SIZE), 0.02)
    gt_mask[..., 8:40, 8:40], mask[..., 8:40, 8:24] = 1, 0.98
    rng, confirmed = np.random.default_rng(0), []
    for _ in range(400):
        clicks = [[]]
        later_clicks.add_clicks(clicks, mask, gt_mask, rng)
        (click,) = clicks[0]
        assert click.positive == bool(gt_mask[0, 0, click.y, click.x])
        if click.positive == bool(mask[0, 0, click.y, click.x] > 0.5):
            confirmed.append(click.positive)
    assert 0.1 < len(confirmed) / 400 < 0.3
    assert 0.3 < np.mean(confirmed) < 0.7


def test_the_command_trains_the_own_branch_alone_and_resumes(data, network, tmp_path):  # noqa: F811
    save_model(network, tmp_path / "trained")
    out = tmp_path / "later"
    arguments = ["later-clicks", "--weights", str(tmp_path / "trained")]
    arguments += ["--config", str(write_branch_config(tmp_path / "config.yaml", data, 96)), "--out", str(out)]
    assert main(arguments) == 0
    before, after = (
        load_model(folder, "cpu", "float32", trainable=True) for folder in (tmp_path / "trained", out)
    )
    assert after.config == before.config
    weights, branch = before.state_dict(), set(before.copied_branch().state_dict())
    changed = {n for n, value in after.state_dict().items() if not torch.equal(value, weights[n])}
    assert changed and changed <= branch and not any("running" in name for name in changed)
    assert torch.load(out / "checkpoint.pt", weights_only=True)["steps"] == 3
    assert main([*arguments, "--set", "steps=5"]) == 0
    assert torch.load(out / "checkpoint.pt", weights_only=True)["steps"] == 5


def test_a_network_without_a_branch_for_first_clicks_is_refused(data, network, tmp_path, capsys):  # noqa: F811
    network.answer_first_clicks(by_branch=False)
    save_model(network, tmp_path / "trained")
    arguments = [
        "--weights",
        str(tmp_path / "trained"),
        "--config",
        str(write_branch_config(tmp_path / "config.yaml", data, 96)),
    ]
    assert main(["later-clicks", *arguments, "--out", str(tmp_path / "later")]) == 2
    assert "no branch for first clicks; train it before: cfr-icl first-branch." in capsys.readouterr().err
