"""Models from the Hub: the real client against a Hub on this machine."""

import json

import pytest
import torch
from huggingface_hub import constants, file_download

from cfr_icl import load_model
from cfr_icl.weights import hub as hub_module
from tests.weights.conftest import small_network
from tests.weights.hub_server import TOKEN

SOURCE = "hf://lab/model"


class ReadTimeout(Exception):
    """As httpx and httpx2, of which one is installed, name it."""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(file_download.time, "sleep", lambda seconds: None)


def is_small_network(model: torch.nn.Module) -> bool:
    return torch.equal(model.position, small_network().position)


def test_a_model_is_downloaded_once(hub, files):
    hub.add("lab/model", files)
    for _ in range(2):
        assert is_small_network(load_model(SOURCE, device="cpu"))
    assert len(hub.downloads("model.safetensors")) == 1


def test_nothing_but_configuration_and_weights_is_downloaded(hub, files):
    hub.add("lab/model", files | {"model.bin": b"pickle", "setup.py": b"", "README.md": b""})
    load_model(SOURCE, device="cpu")
    assert {path.rsplit("/", 1)[1] for _, path, _ in hub.requests} == {"config.json", "model.safetensors"}


def test_a_pinned_revision_is_the_one_that_is_loaded(hub, files):
    first = hub.add("lab/model", files)
    config = json.loads(files["config.json"])
    config["zoom"]["size"] = 672
    hub.add("lab/model", {"config.json": json.dumps(config).encode()})
    assert load_model(f"{SOURCE}@{first}", device="cpu").config.zoom.size == 448
    assert load_model(SOURCE, device="cpu").config.zoom.size == 672


def test_a_new_revision_is_noticed(hub, files):
    hub.add("lab/model", files)
    load_model(SOURCE, device="cpu")
    config = json.loads(files["config.json"]) | {"reduced_precision": "float16"}
    hub.add("lab/model", {"config.json": json.dumps(config).encode()})
    assert load_model(SOURCE, device="cpu").config.reduced_precision == "float16"


def test_an_interrupted_download_is_resumed(hub, files, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 50_000)
    hub.add("lab/model", files)
    hub.break_after = [210_000, 310_000]
    assert is_small_network(load_model(SOURCE, device="cpu"))
    assert hub.downloads("model.safetensors") == [None, "bytes=200000-", "bytes=500000-"]


def test_a_failed_download_leaves_no_partial_model(hub, files):
    hub.add("lab/model", files)
    hub.break_after = [200_000] + [0] * 20
    with pytest.raises(ConnectionError, match=r"lab/model could not be downloaded .*; try again"):
        load_model(SOURCE, device="cpu")
    hub.break_after = []
    assert is_small_network(load_model(SOURCE, device="cpu"))


def test_without_a_connection_the_cache_is_used(hub, files):
    commit = hub.add("lab/model", files)
    load_model(SOURCE, device="cpu")
    hub.stop()
    assert is_small_network(load_model(SOURCE, device="cpu"))
    assert is_small_network(load_model(f"{SOURCE}@{commit}", device="cpu"))


@pytest.mark.parametrize("offline", ["no connection", "offline mode"])
def test_without_connection_and_cache_the_sentence_names_the_repository(hub, monkeypatch, offline):
    if offline == "offline mode":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.stop()
    with pytest.raises(
        ConnectionError, match=r"lab/model is not in the cache and .* cannot be reached; load it"
    ):
        load_model(SOURCE, device="cpu")


def test_without_a_connection_a_model_is_waited_for_a_few_seconds(hub, monkeypatch):
    waited = []
    monkeypatch.setattr(hub_module.time, "sleep", waited.append)
    hub.stop()
    with pytest.raises(ConnectionError):
        load_model(SOURCE, device="cpu")
    assert 1 <= sum(waited) <= 5


def test_a_connection_that_comes_back_within_seconds_is_used(hub, files, monkeypatch):
    hub.add("lab/model", files)
    failures = iter(["http://127.0.0.1:9"] * len(hub_module.PAUSES))
    ask = hub_module.get_hf_file_metadata
    monkeypatch.setattr(hub_module, "get_hf_file_metadata", lambda url: ask(next(failures, url)))
    assert is_small_network(load_model(SOURCE, device="cpu"))


def test_an_answer_that_takes_long_is_waited_for_as_the_client_does(hub, files, monkeypatch):
    def late(url):
        raise ReadTimeout

    hub.add("lab/model", files)
    monkeypatch.setattr(hub_module, "get_hf_file_metadata", late)
    assert is_small_network(load_model(SOURCE, device="cpu"))


def test_a_missing_repository_is_named(hub):
    with pytest.raises(FileNotFoundError, match="has no model lab/model, or it is private"):
        load_model(SOURCE, device="cpu")


def test_a_missing_revision_is_named(hub, files):
    hub.add("lab/model", files)
    with pytest.raises(FileNotFoundError, match="lab/model has no revision 'v9'"):
        load_model(f"{SOURCE}@v9", device="cpu")


def test_the_error_of_a_gated_repository_says_what_to_do_and_a_token_opens_it(hub, files, monkeypatch):
    hub.add("lab/model", files, gated=True)
    with pytest.raises(PermissionError, match=r"accept its conditions at .*/lab/model and log in"):
        load_model(SOURCE, device="cpu")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert is_small_network(load_model(SOURCE, device="cpu"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "lab/model holds no config.json, so it is not a model of this package"),
        (
            {"config.json": b'{"model_type": "bert"}'},
            "hf://lab/model looks like bert; expected one of compact",
        ),
        ({"config.json": b'{"architecture": "resnet50"}'}, "hf://lab/model looks like resnet50"),
        ({"config.json": b"[1]"}, "hf://lab/model looks like something else"),
        ({"config.json": b"<html>"}, "hf://lab/model holds a config.json that is no JSON"),
        ({"config.json": b'{"architecture": "compact"}'}, "lab/model holds no model.safetensors"),
    ],
)
def test_a_repository_of_another_kind_is_refused_before_its_weights_are_downloaded(hub, content, message):
    hub.add("lab/model", {"pytorch_model.bin": b"x"} | content)
    with pytest.raises(ValueError, match=message):
        load_model(SOURCE, device="cpu")
    assert hub.downloads("pytorch_model.bin") == []


@pytest.mark.parametrize("source", ["hf://model", "hf://a/b/c", "hf://lab/model@", "hf://../x y"])
def test_a_malformed_reference_is_refused(source):
    with pytest.raises(ValueError, match="expected hf://owner/name or hf://owner/name@revision"):
        load_model(source)
