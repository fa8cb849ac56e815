"""Published checkpoints of every size become models here; anything else is told what it looks like."""

import subprocess
import sys
import types
from pathlib import Path

import pytest
import torch

from cfr_icl import load_model
from cfr_icl.cli.main import main
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.published import convert, read_checkpoint
from tests.parity.checkpoints import checkpoint, mae_shapes, published_shapes
from tests.parity.recorded import RECORDED_NAMES

PUBLISHED = ["vit_xtiny", "vit_b", "vit_l", "vit_h", "mfp_vit_b", "hrnet18s", "hrnet18", "hrnet32"]
ROOT = Path(__file__).parents[2]


def empty(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def described(**values: object) -> dict:
    """A published checkpoint's description of its model."""
    params = {name: {"type": "x", "value": value, "specified": True} for name, value in values.items()}
    return {"class": "isegm.model.is_plainvit_model.PlainVitModel", "params": params}


@pytest.fixture(scope="module")
def xtiny() -> dict[str, torch.Tensor]:
    return checkpoint(RECORDED_NAMES["vit_xtiny"])


@pytest.fixture
def save(tmp_path):
    def save(content: object) -> Path:
        torch.save(content, tmp_path / "published.pth")
        return tmp_path / "published.pth"

    return save


def run_converter(*arguments: object) -> int:
    return main(["convert", *map(str, arguments)])


@pytest.mark.parametrize("name", RECORDED_NAMES)
def test_the_names_made_up_here_are_those_of_published_checkpoints(name):
    assert published_shapes(name) == {key: tuple(shape) for key, shape in RECORDED_NAMES[name].items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_family_and_size_are_recognised_from_names_and_shapes(name):
    config, tensors = convert(empty(published_shapes(name)))
    with torch.device("meta"):
        model = build_model(config)
    assert config == default_config(name)
    model.load_state_dict(tensors, strict=True, assign=True)


def test_a_network_published_for_another_input_size_keeps_its_position_embedding():
    shapes = published_shapes("vit_b") | {"backbone.pos_embed": (1, 42 * 42 + 1, 768)}
    config, tensors = convert(empty(shapes))
    assert config.options == {"grid": 42}
    assert tensors["position"].shape == (1, 768, 42, 42)


@pytest.mark.parametrize("wrap", [dict, lambda t: {"state_dict": t, "config": described(norm_radius=5)}])
def test_bare_and_described_checkpoints_are_read(save, xtiny, wrap):
    tensors, description = read_checkpoint(save(wrap(xtiny)))
    assert tensors.keys() == xtiny.keys()
    assert ("params" in description) == ("config" in wrap(xtiny))


def test_a_checkpoint_of_an_old_pytorch_is_read(xtiny, tmp_path):
    torch.save({"state_dict": xtiny}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    tensors, _ = read_checkpoint(tmp_path / "old.pth")
    assert tensors.keys() == xtiny.keys()


def test_a_checkpoint_with_a_full_description_is_converted():
    backbone = {"img_size": (448, 448), "patch_size": (16, 16), "embed_dim": 160, "depth": 8, "num_heads": 4}
    description = described(
        backbone_params=backbone,
        neck_params={"in_dim": 160, "out_dims": [96, 192, 288, 384]},
        use_disks=True,
        norm_radius=5,
        with_prev_mask=True,
        random_split=False,
    )
    config, _ = convert(empty(published_shapes("vit_xtiny")), description)
    assert config == default_config("vit_xtiny")
    other = described(backbone_params=backbone | {"num_heads": 8})
    with pytest.raises(ValueError, match="The checkpoint says num_heads = 8; vit_xtiny here needs 4"):
        convert(empty(published_shapes("vit_xtiny")), other)


def test_an_object_of_the_training_code_in_the_description_is_ignored(save, xtiny, monkeypatch):
    with monkeypatch.context() as context:  # the published ViTs keep the loss of their head in it
        code = types.ModuleType("isegm.losses")
        exec("def entropy(): pass\nfrom torch import nn\nclass Loss(nn.Module): criterion = None", vars(code))
        code.Loss.__module__ = code.entropy.__module__ = "isegm.losses"
        for name, module in {"isegm": types.ModuleType("isegm"), "isegm.losses": code}.items():
            context.setitem(sys.modules, name, module)
        loss = code.Loss()
        loss.criterion = code.entropy
        file = save({"state_dict": xtiny, "config": described(head_params={"loss_decode": loss})})
    tensors, description = read_checkpoint(file)
    assert tensors.keys() == xtiny.keys() and "isegm" not in sys.modules
    assert convert(tensors, description)[0] == default_config("vit_xtiny")


def test_names_of_a_data_parallel_run_are_read(save, xtiny):
    tensors, _ = read_checkpoint(save({f"module.{name}": value for name, value in xtiny.items()}))
    assert tensors.keys() == xtiny.keys()


@pytest.mark.slow
def test_converter_writes_a_model_that_loads(save, xtiny, tmp_path):
    file, folder = save({"state_dict": xtiny, "config": described()}), tmp_path / "model"
    command = [sys.executable, "training/convert.py", file, folder]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.startswith("vit_xtiny, 3.8 M parameters")
    assert sorted(file.name for file in folder.iterdir()) == ["config.json", "model.safetensors"]
    model = load_model(folder, device="cpu")
    assert torch.equal(model.hint_embed.weight, xtiny["patch_embed_coords.proj.weight"])


def test_float16_halves_the_file_and_is_computed_in_float32(save, xtiny, tmp_path):
    file = save(xtiny)
    for dtype in ("float16", "float32"):
        assert run_converter(file, tmp_path / dtype, "--dtype", dtype) == 0
    half, full = ((tmp_path / d / "model.safetensors").stat().st_size for d in ("float16", "float32"))
    assert half == pytest.approx(full / 2, rel=0.02)
    weight = load_model(tmp_path / "float16", device="cpu").image_embed.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, xtiny["backbone.patch_embed.proj.weight"].half().float())


def test_mae_pretraining_becomes_a_start_for_training():
    shapes = mae_shapes("vit_xtiny", grid=14)
    pretrained = checkpoint(shapes | {"mask_token": (1, 1, 160), "decoder_embed.weight": (512, 160)})
    config, tensors = convert(pretrained)
    assert config == default_config("vit_xtiny")
    model = build_model(config)
    model.load_state_dict(tensors, strict=True)
    assert torch.equal(model.blocks[3].attn.qkv.weight, pretrained["blocks.3.attn.qkv.weight"])
    assert model.position.shape == (1, 160, 28, 28)
    image = torch.rand(1, 3, 448, 448)
    assert model(image, image).isfinite().all()


def test_nothing_named_in_a_pickle_is_imported(save):
    message = "pickle that needs fractions.Fraction, which is never loaded"
    import fractions

    with pytest.raises(ValueError, match=message):
        read_checkpoint(save({"state_dict": {}, "config": fractions.Fraction(1, 2)}))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["image_encoder.patch_embed.proj.weight"],
            "looks like a Segment Anything checkpoint; expected a publ",
        ),
        (["conv1.weight", "layer1.0.conv1.weight"], "looks like a ResNet; expected a published SimpleClick"),
        (["conv1.weight", "transition1.0.0.weight"], "looks like an HRNet without clicks"),
        (["hint_scale"], "looks like an HRNet of this package"),
        (["some.weight"], "looks like something unknown with 1 tensors such as 'some.weight'"),
    ],
)
def test_the_error_for_another_network_names_its_likely_kind(names, message):
    with pytest.raises(ValueError, match=message):
        convert({name: torch.zeros(1) for name in names})


def test_a_size_that_is_no_published_one_is_named():
    shapes = mae_shapes("vit_xtiny", grid=14) | {"patch_embed.proj.weight": (384, 3, 16, 16)}
    with pytest.raises(ValueError, match="patch 16, dim 384, depth 8, which is none of vit_xtiny, vit_b"):
        convert(empty(shapes))


@pytest.mark.parametrize("name", ["vit_xtiny", "hrnet18s"])
def test_an_unknown_or_missing_tensor_is_named(name):
    shapes = published_shapes(name)
    with pytest.raises(ValueError, match=r"'surprise\.weight' is unknown"):
        convert(empty(shapes | {"surprise.weight": (3,)}))
    incomplete = dict(shapes)
    del incomplete["head.conv_seg.bias" if name == "vit_xtiny" else "feature_extractor.cls_head.bias"]
    with pytest.raises(ValueError, match=r"'(head\.)?logit\.bias' is missing"):
        convert(empty(incomplete))


@pytest.mark.parametrize("setting", [{"norm_radius": 3}, {"use_disks": False}, {"with_prev_mask": False}])
def test_a_checkpoint_with_another_click_encoding_is_refused(setting):
    (name, value), *_ = setting.items()
    with pytest.raises(ValueError, match=f"The checkpoint says {name} = {value}; vit_xtiny here needs"):
        convert(empty(published_shapes("vit_xtiny")), described(**setting))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"7z\xbc\xaf\x27\x1c" + b"0" * 100, "is a 7z archive: unpack it first"),
        (b"<!doctype html><html>", "looks like no PyTorch file"),
        (b"", "looks like no PyTorch file"),
    ],
)
def test_a_file_that_is_no_checkpoint_gets_one_sentence(tmp_path, capsys, content, message):
    file = tmp_path / "download.pth"
    file.write_bytes(content)
    assert run_converter(file, tmp_path / "model") == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "model").exists()


def test_a_list_is_no_checkpoint(save):
    with pytest.raises(ValueError, match="looks like a dict with 'epoch', not like a network's tensors"):
        read_checkpoint(save({"epoch": 3}))


def test_weights_that_do_not_fit_into_float16_are_not_stored(save, xtiny, tmp_path, capsys):
    changed = xtiny | {"backbone.blocks.0.norm1.weight": torch.full((160,), 1e6)}
    assert run_converter(save(changed), tmp_path / "model", "--dtype", "float16") == 2
    assert "'blocks.0.norm1.weight' is not finite as torch.float16" in capsys.readouterr().err
