"""SAM's family from the Hub: the real client against a Hub on this machine."""

import json
import sys

import numpy as np
import pytest
import torch

from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.models.promptable import TransformersModel
from tests.models import tiny_sam
from tests.weights.hub_server import TOKEN

SOURCE = "hf://lab/sam"
PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    """The files of each kind."""

    def files(kind):
        folder = tiny_sam.save(tmp_path_factory.mktemp(kind) / "model", kind)
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    return {kind: files(kind) for kind in (*tiny_sam.KINDS, "sam_hq")}


def written(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return str(folder)


def predicted(model):
    segmenter = Segmenter(model)
    segmenter.set_image(PICTURE)
    return segmenter.predict([Click(40, 30)], cfr=CascadeForward(steps=0))


def mask(model) -> np.ndarray:
    return predicted(model).mask


def logits(model) -> torch.Tensor:
    return predicted(model).passes[0].probabilities.logits


@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_a_repository_is_recognised_downloaded_once_and_left_as_it_is(hub, repositories, kind):
    hub.add("lab/sam", repositories[kind] | {"pytorch_model.bin": b"pickle", "README.md": b""})
    for _ in range(2):
        model = load_model(SOURCE, device="cpu")
    assert isinstance(model, TransformersModel) and not model.training
    assert len(hub.downloads("model.safetensors")) == 1
    assert {path.rsplit("/", 1)[1] for _, path, _ in hub.requests if "/resolve/" in path} <= {
        *("config.json", "model.safetensors", "preprocessor_config.json", "processor_config.json")
    }
    stored = tiny_sam.network(kind).state_dict()
    loaded = model.network.state_dict()
    assert stored.keys() == loaded.keys() and all(torch.equal(stored[name], loaded[name]) for name in stored)


def test_without_a_connection_the_cache_is_used(hub, repositories):
    hub.add("lab/sam", repositories["sam2"])
    first = mask(load_model(SOURCE, device="cpu"))
    hub.stop()
    assert np.array_equal(mask(load_model(SOURCE, device="cpu")), first)


@pytest.mark.parametrize("kind", ["sam2", "edgetam", "sam3_tracker"])
def test_a_repository_for_videos_is_used_for_pictures(repositories, tmp_path, kind):
    """So the published ones are stored; sums differ by where the file has its weights."""
    folder = tiny_sam.save_for_videos(tmp_path / "videos", kind)
    plain = logits(load_model(written(tmp_path / "plain", repositories[kind]), device="cpu"))
    assert (logits(load_model(str(folder), device="cpu")) - plain).abs().max() < 1e-4


def test_the_error_of_a_gated_repository_says_what_to_do_and_a_token_opens_it(hub, repositories, monkeypatch):
    hub.add("lab/sam", repositories["sam3_tracker"], gated=True)
    with pytest.raises(PermissionError, match=r"accept its conditions at .*/lab/sam and log in"):
        load_model(SOURCE, device="cpu")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert load_model(SOURCE, device="cpu").config.architecture == "sam3_tracker"


def test_without_the_library_the_extra_is_named(repositories, tmp_path, monkeypatch):
    folder = written(tmp_path / "model", repositories["sam"])
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"needs transformers: pip install 'cfr-icl\[hub\]'"):
        load_model(folder)


def test_a_class_that_the_library_does_not_have_is_named(repositories, tmp_path, monkeypatch):
    import transformers

    monkeypatch.setattr(transformers, "EdgeTamModel", None)
    with pytest.raises(ValueError, match=r"needs EdgeTamModel, which transformers \S+ does not have"):
        load_model(written(tmp_path / "model", repositories["edgetam"]), device="cpu")


def test_a_decoder_that_ignores_clicks_is_refused_and_one_that_hears_them_is_not(
    repositories, tmp_path, monkeypatch
):
    folder = written(tmp_path / "model", repositories["sam_hq"])
    heard = load_model(written(tmp_path / "sam", repositories["sam"]), device="cpu")
    monkeypatch.setattr(heard, "_random_features", lambda: (torch.zeros(1, tiny_sam.WIDTH, 16, 16), 256))
    assert heard.responds_to_clicks()
    try:
        load_model(folder, device="cpu")
    except ValueError as error:  # in releases of the library whose decoder is broken
        assert "is a SAM-HQ, whose decoder ignores clicks in transformers" in str(error)
    monkeypatch.setattr(TransformersModel, "responds_to_clicks", lambda self: True)
    assert mask(load_model(folder, device="cpu")).shape == PICTURE.shape[:2]


@pytest.mark.parametrize("kind", ["sam", "sam2"])
def test_damaged_files_are_refused_in_one_sentence(repositories, tmp_path, kind):
    files = repositories[kind]
    cut = written(tmp_path / "cut", files | {"model.safetensors": files["model.safetensors"][:1000]})
    wrong = json.loads(files["config.json"]) | {"mask_decoder_config": {"hidden_size": "large"}}
    wrong = written(tmp_path / "wrong", files | {"config.json": json.dumps(wrong).encode()})
    for folder in (cut, wrong):
        with pytest.raises(ValueError, match=r"cannot be read as Sam2?Model: [^\n]+$"):
            load_model(folder, device="cpu")


@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_a_configuration_that_does_not_fit_the_weights_is_told_in_one_sentence(repositories, tmp_path, kind):
    files = repositories[kind]
    config = json.loads(files["config.json"])
    config["mask_decoder_config"]["hidden_size"] = 48
    other = written(tmp_path / "other", files | {"config.json": json.dumps(config).encode()})
    with pytest.raises(
        ValueError, match=r"do not fit its config\.json: '[\w.]+' is [\d x]+, expected is [\d x]+\.$"
    ):
        load_model(other, device="cpu")
    text = json.loads(files["config.json"]) | {"prompt_encoder_config": "x"}
    text = written(tmp_path / "text", files | {"config.json": json.dumps(text).encode()})
    with pytest.raises(ValueError, match=r"'prompt_encoder_config': TypeError: [^\n]+\.$"):
        load_model(text, device="cpu")


@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_an_image_processor_of_another_network_is_told_before_the_first_click(repositories, tmp_path, kind):
    name = "preprocessor_config.json"
    files = repositories[kind]
    settings = json.loads(files[name])
    key = "longest_edge" if "longest_edge" in settings["size"] else "height"
    for size, message in (
        ({"shortest_edge": 5}, "an image processor that cannot be used|for pictures of"),
        (settings["size"] | {key: 64}, r"for pictures of 64 x \d+, its network takes (\d+) x \1\."),
    ):
        changed = settings | {"size": size, "pad_size": {"height": 64, "width": 64}}
        folder = written(tmp_path / message[:9], files | {name: json.dumps(changed).encode()})
        with pytest.raises(ValueError, match=message):
            load_model(folder, device="cpu")


def test_missing_weights_are_named(repositories, tmp_path):
    from safetensors.torch import load, save

    weights = load(repositories["sam"]["model.safetensors"])
    del weights["mask_decoder.iou_token.weight"]
    less = repositories["sam"] | {"model.safetensors": save(weights, {"format": "pt"})}
    with pytest.raises(ValueError, match=r"lacks weights of SamModel: 'mask_decoder.iou_token.weight'\.$"):
        load_model(written(tmp_path / "less", less), device="cpu")
    without = {name: content for name, content in repositories["sam"].items() if name != "model.safetensors"}
    with pytest.raises(FileNotFoundError, match=r"holds no model\.safetensors"):
        load_model(written(tmp_path / "without", without), device="cpu")


def test_it_can_be_used_but_not_trained(repositories, tmp_path):
    with pytest.raises(ValueError, match="cannot be trained here"):
        load_model(written(tmp_path / "model", repositories["sam"]), trainable=True)
