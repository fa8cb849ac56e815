"""Folding changes nothing but the time, in answering and in training."""

import copy

import pytest
import timm
import torch
from torch import nn

from cfr_icl.models.folding import compute_folded, fold_batch_norms, fold_padding
from cfr_icl.models.registry import build_model, default_config


def with_statistics(network: nn.Module) -> nn.Module:
    """The network as after some training: norms that do something."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def folded(network: nn.Module) -> nn.Module:
    changed = copy.deepcopy(network)
    fold_batch_norms(changed)
    return changed


@pytest.mark.parametrize("name", ["compact", "hrnet18s"])
@torch.inference_mode()
def test_a_folded_network_has_the_same_logits_without_batch_norms(name):
    network = with_statistics(build_model(default_config(name)))
    changed = folded(network)
    image, prompt_maps = torch.rand(2, 1, 3, 64, 96)
    assert torch.allclose(changed(image, prompt_maps), network(image, prompt_maps), rtol=1e-3, atol=1e-4)
    assert norms(network) > 50 and norms(changed) == 0


@pytest.mark.parametrize("encoder", ["resnet18", "densenet121", "repvgg_a0", "regnety_002"])
@torch.inference_mode()
def test_folding_keeps_the_features_of_all_kinds_of_encoders(encoder):
    network = with_statistics(timm.create_model(encoder, pretrained=False))
    picture = torch.rand(1, 3, 64, 64)
    expected = network(picture)
    assert torch.allclose(folded(network)(picture), expected, atol=1e-3 * float(expected.abs().max()))


@torch.inference_mode()
def test_a_norm_without_a_convolution_before_it_stays():
    network = with_statistics(
        nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4))
    )
    picture = torch.rand(1, 3, 8, 8)
    assert torch.equal(folded(network)(picture), network(picture)) and norms(folded(network)) == 2


@pytest.mark.parametrize(
    "build", [lambda: build_model(default_config("compact")), lambda: timm.create_model("repvgg_a0")]
)
@pytest.mark.parametrize("sides", [(65, 64), (64, 96)])
def test_norms_computed_within_their_convolutions_train_the_same_weights(build, sides):
    plain = with_statistics(build()).double()  # in float32 a value may lie on the other side of a ReLU's kink
    changed = copy.deepcopy(plain)
    compute_folded(changed)
    inputs = [
        torch.rand(2, 3, *sides, dtype=torch.float64) for _ in range(2 if hasattr(plain, "encode") else 1)
    ]
    answers = [network(*inputs) for network in (plain, changed)]
    assert torch.allclose(*answers, rtol=1e-3, atol=1e-4 * float(answers[0].detach().abs().max()))
    for answer in answers:
        answer.square().mean().backward()
    assert plain.state_dict().keys() == changed.state_dict().keys()
    for (name, weight), own in zip(plain.named_parameters(), changed.parameters(), strict=True):
        if weight.grad is None:
            assert own.grad is None
        else:
            scale = float(weight.grad.abs().max())
            assert torch.allclose(own.grad, weight.grad, rtol=1e-2, atol=1e-3 * scale + 1e-7), name


@pytest.mark.parametrize("sides", [(64, 96), (65, 96), (64, 33), (31, 31)])
@torch.inference_mode()
def test_padding_within_the_kernel_gives_the_same_features_for_sides_of_any_size(sides):
    encoder = with_statistics(
        timm.create_model("tf_efficientnet_lite0", features_only=True, pretrained=False)
    )
    picture = torch.rand(1, 3, *sides)
    expected = encoder(picture)
    fold_padding(encoder)
    for own, other in zip(encoder(picture), expected, strict=True):
        assert torch.allclose(own, other, atol=1e-4 * float(other.abs().max()))
