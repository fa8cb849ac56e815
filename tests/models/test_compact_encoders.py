"""The compact network over encoders of all kinds."""

import pytest
import torch

from cfr_icl.models.registry import build_model, default_config


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ValueError, match="no model 'resnet999'"):
        build_model(default_config("compact", encoder="resnet999"))


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("resnet18", {}),
        ("convnext_atto", {}),  # nothing at 1/2
        ("mambaout_femto", {}),  # channels last
        ("vit_tiny_patch16_224", {"img_size": 128}),  # 1/16 alone
    ],
)
@torch.inference_mode()
def test_any_encoder_can_be_named(encoder, options):
    model = build_model(default_config("compact", encoder=encoder, encoder_options=options)).eval()
    image, prompt_maps = torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128)
    logits = model(image, prompt_maps)
    assert logits.shape == (1, 1, 128, 128)
    assert not torch.allclose(logits, model(1 - image, prompt_maps))
