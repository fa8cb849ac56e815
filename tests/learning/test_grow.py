"""Deeper networks from trained ones."""

import pytest
import torch

from cfr_icl.cli.main import main
from cfr_icl.learning.grow import grown
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model

SMALL = {"widths": [8, 8, 8, 16, 32], "blocks": [1, 1, 1, 1], "attention": 1}
DEEPER = {"blocks": [2, 1, 3, 1], "up_blocks": [1, 2, 3], "attention": 2, "pyramid": [1, 2, 1, 1]}


def small():
    torch.manual_seed(0)
    return build_model(default_config("compact", **SMALL)).eval()


@torch.no_grad()
def answer(network):
    torch.manual_seed(1)
    return network.eval()(torch.rand(2, 3, 96, 96), torch.rand(2, 3, 96, 96))


def test_a_deeper_network_starts_with_the_masks_of_the_trained_one():
    network = small()
    deeper = grown(network, DEEPER)
    assert deeper.config.options == {**SMALL, **DEEPER}
    assert len(list(deeper.parameters())) > len(list(network.parameters()))
    assert torch.equal(answer(deeper), answer(network))


def test_every_new_block_learns_from_the_first_step():
    network = small()
    deeper = grown(network, DEEPER).eval()
    deeper(torch.rand(1, 3, 96, 96), torch.rand(1, 3, 96, 96)).sum().backward()
    known = network.state_dict().keys()
    new = {name: weight for name, weight in deeper.named_parameters() if name not in known}
    moved = {name.split(".")[0] for name, weight in new.items() if weight.grad.any()}
    assert moved == {"down", "up", "pyramid"}
    assert all(weight.grad.any() for name, weight in new.items() if "project.conv" in name)


@pytest.mark.parametrize("options", [{"blocks": [0, 1, 1, 1]}, {"widths": [8, 8, 8, 16, 64]}])
def test_trained_weights_are_never_dropped_or_reshaped(options):
    with pytest.raises(ValueError, match=r"Only blocks can be added|do not fit"):
        grown(small(), options)


def test_training_goes_on_with_a_deeper_network(write_config, tmp_path):
    save_model(small(), tmp_path / "small")
    changed = {"weights": str(tmp_path / "small"), "options": DEEPER}
    config = write_config(model=changed, steps=2, augmentation={"size": 64, "min_pixels": 20})
    assert main(["train", "--config", str(config), "--out", str(tmp_path / "run")]) == 0
    assert load_model(tmp_path / "run" / "model").config.options["up_blocks"] == [1, 2, 3]


def test_a_pyramid_carries_deep_features_to_all_finer_levels():
    deeper = grown(small(), {"pyramid": [1, 1, 1, 1]}).eval()
    for name, weight in deeper.pyramid.named_parameters():
        if name.startswith("hand_down") and name.endswith("conv.weight"):
            torch.nn.init.normal_(weight)
    image = torch.rand(1, 3, 96, 96)
    before = deeper.encode(image)
    lateral = deeper.lateral[-1]
    deeper.lateral[-1] = torch.nn.Sequential(lateral, torch.nn.ReLU())
    after = deeper.encode(image)
    assert all(not torch.equal(one, other) for one, other in zip(before, after, strict=True))
