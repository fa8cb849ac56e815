"""Averages of runs."""

import pytest
import torch

from cfr_icl.cli.main import main
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model

SMALL = {"widths": [8, 8, 8, 16, 32], "blocks": [1, 1, 1, 1], "attention": 1}


def saved(folder, seed, **options):
    torch.manual_seed(seed)
    model = build_model(default_config("compact", **{**SMALL, **options}))
    save_model(model, folder)
    return model.state_dict()


def average(folder, *parts):
    weights = [f"{folder}/{part}" for part in parts]
    return main(["average", "--weights", *weights, "--out", f"{folder}/out"])


def test_the_average_is_the_weighted_mean_of_all_weights(tmp_path):
    one, other = saved(tmp_path / "one", 1), saved(tmp_path / "other", 2)
    average(tmp_path, "one=1", "other=3")
    found = load_model(tmp_path / "out", "cpu", "float32", trainable=True).state_dict()
    for name, value in found.items():
        if value.is_floating_point():
            assert torch.allclose(value, 0.25 * one[name] + 0.75 * other[name], atol=1e-6), name


def test_a_shallower_run_is_averaged_into_a_deeper_one(tmp_path):
    one, other = saved(tmp_path / "one", 1), saved(tmp_path / "deeper", 2, up_blocks=[1, 1, 2])
    average(tmp_path, "one=1", "deeper=1")
    found = load_model(tmp_path / "out", "cpu", "float32", trainable=True).state_dict()
    shared, added = "up.2.0.project.conv.weight", "up.2.1.project.conv.weight"
    assert torch.allclose(found[shared], 0.5 * one[shared] + 0.5 * other[shared], atol=1e-6)
    assert torch.allclose(found[added], other[added], atol=1e-6)


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (
            "wider=1",
            "32 x 320 x 1 x 1 in {0}/one and 64 x 320 x 1 x 1 in {0}/wider; only networks of the same",
        ),
        ("flat=1", "{0}/one has a block that {0}/flat lacks"),
        ("plain=1", "{0}/one is a network compact and {0}/plain a vit_xtiny; only runs of one network"),
        ("one=0", "above 0, unlike that of {0}/one."),
        ("one", "SOURCE=SHARE"),
    ],
)
def test_models_that_cannot_be_averaged_are_refused_in_one_sentence(tmp_path, capsys, second, sentence):
    saved(tmp_path / "one", 1)
    saved(tmp_path / "wider", 1, widths=[8, 8, 8, 16, 64])
    saved(tmp_path / "flat", 1, attention=0)
    save_model(build_model(default_config("vit_xtiny")), tmp_path / "plain")
    assert average(tmp_path, "one=1", second) == 2
    said = capsys.readouterr().err
    assert sentence.format(tmp_path) in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
