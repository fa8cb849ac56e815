"""The compact network's layers give what timm's give, and timm is not imported for them."""

import dataclasses
import subprocess
import sys

import pytest
import timm
import torch
from timm import layers as timm_layers
from timm.models.convnext import ConvNeXtBlock as TimmConvNeXtBlock
from timm.models.vision_transformer import Block

from cfr_icl import load_model
from cfr_icl.models.efficientnet_lite import NAME, EfficientNetLite0
from cfr_icl.models.layers import AttentionBlock, Conv2dSame, ConvNeXtBlock, ConvNormAct, LayerNorm2d
from cfr_icl.models.registry import build_model

LAYERS = {
    "convolution": (ConvNormAct(8, 12, 3, 2), timm_layers.ConvNormAct(8, 12, 3, 2)),
    "depthwise": (
        ConvNormAct(8, 8, 5, groups=8, apply_act=False),
        timm_layers.ConvNormAct(8, 8, 5, groups=8, apply_act=False),
    ),
    "padding": (Conv2dSame(8, 4, 5, 2), timm_layers.Conv2dSame(8, 4, 5, 2)),
    "norm": (LayerNorm2d(8), timm_layers.LayerNorm2d(8)),
    "convnext": (
        ConvNeXtBlock(8),
        TimmConvNeXtBlock(8, kernel_size=3, mlp_ratio=2, conv_mlp=True, ls_init_value=None),
    ),
}


def filled(own: torch.nn.Module, other: torch.nn.Module) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Both in evaluation, with the same weights; statistics of norms are not the initial ones."""
    torch.manual_seed(0)
    for name, values in other.state_dict().items():
        if values.is_floating_point() and ("bn" in name or "norm" in name):
            values.uniform_(0.5, 1.5)
    own.load_state_dict(other.state_dict())
    return own.eval(), other.eval()


@pytest.mark.parametrize("sides", [(32, 24), (31, 33)])
@pytest.mark.parametrize("name", LAYERS)
@torch.inference_mode()
def test_a_layer_gives_what_timms_gives(name, sides):
    own, other = filled(*LAYERS[name])
    maps = torch.randn(2, 8, *sides)
    assert torch.equal(own(maps), other(maps))


@pytest.mark.parametrize("fused", [True, False])
@torch.inference_mode()
def test_attention_gives_what_timms_gives(fused):
    own, other = filled(AttentionBlock(64, 4), Block(64, 4, mlp_ratio=2, qkv_bias=True))
    own.attn.fused_attn = other.attn.fused_attn = fused
    tokens = torch.randn(2, 49, 64)
    assert torch.equal(own(tokens), other(tokens))


@pytest.mark.parametrize("sides", [(64, 96), (65, 31)])
@torch.inference_mode()
def test_the_encoder_gives_what_timms_gives(sides):
    own, other = filled(EfficientNetLite0(), timm.create_model(NAME, features_only=True, pretrained=False))
    assert list(own.state_dict()) == list(other.state_dict())
    assert [*own.reductions] == other.feature_info.reduction()
    assert (own.mean, own.std) == (other.default_cfg["mean"], other.default_cfg["std"])
    picture = torch.randn(2, 3, *sides)
    for features, expected, channels in zip(own(picture), other(picture), own.channels, strict=True):
        assert torch.equal(features, expected) and features.shape[1] == channels


@torch.inference_mode()
def test_the_embedded_weights_give_the_same_logits_in_timms_encoder():
    own = load_model("embedded", device="cpu", trainable=True).eval()
    options = {**own.config.options, "encoder_options": {"drop_path_rate": 0}}
    other = build_model(dataclasses.replace(own.config, options=options)).eval()
    assert isinstance(own.encoder, EfficientNetLite0) and not isinstance(other.encoder, EfficientNetLite0)
    assert list(own.state_dict()) == list(other.state_dict())
    other.load_state_dict(own.state_dict())
    picture, prompt_maps = torch.rand(2, 1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    logits, expected = (network.decode(network.encode(picture), prompt_maps) for network in (own, other))
    assert torch.equal(logits, expected)


def test_the_embedded_network_is_loaded_without_timm_and_pytorchs_compiler():
    load = "import sys, cfr_icl; cfr_icl.load_model('embedded')"
    check = "assert not {'timm', 'torchvision', 'torch._dynamo'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"{load}; {check}"], check=True)
