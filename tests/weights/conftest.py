import functools
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model
from tests.weights.hub_server import HubServer


@functools.lru_cache(maxsize=1)
def small_network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(default_config("vit_xtiny")).eval()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A model folder."""
    save_model(small_network(), tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def files(folder) -> dict[str, bytes]:
    """What a model repository holds."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub on this machine that the real client talks to, with an empty cache."""
    server = HubServer()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield server
    server.stop()
