"""Publishing: what arrives at the Hub, told apart by the real client."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard

from cfr_icl import load_model
from cfr_icl.cli.main import main
from cfr_icl.models.learnt import Kind
from cfr_icl.models.registry import build_model
from cfr_icl.weights.learnt import write_kind
from cfr_icl.weights.saving import save_model
from tests.small_compact import small_compact
from tests.weights.conftest import small_network
from tests.weights.hub_server import TOKEN

ROOT = Path(__file__).parents[2]


@pytest.fixture
def logged_in(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)


@pytest.mark.slow
def test_a_published_folder_is_loaded_from_the_hub(hub, folder, tmp_path):
    (folder / "training.log").write_text("not for others")
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
    }
    command = [sys.executable, "training/publish.py", folder, "lab/clicks", "--license", "apache-2.0"]
    out = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.strip().splitlines()[-1].startswith(f"{hub.url}/lab/clicks/commit/")
    assert sorted(hub.repositories["lab/clicks"].files("main")) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    model = load_model("hf://lab/clicks", device="cpu")
    assert torch.equal(model.position, small_network().position)


def test_the_card_has_the_network_an_example_and_the_clicks_needed(hub, folder, tmp_path, logged_in):
    metrics = {"noc": {"0.85": 1.5, "0.9": 2.25}}
    evaluation = {"metrics": {"grabcut": {"CFR-0": metrics}}, "deviations": ["No test-time flip."]}
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(evaluation))
    arguments = [str(folder), "lab/clicks", "--license", "cc-by-nc-4.0", "--evaluation", str(file)]
    assert main(["publish", *arguments, "--data", "coco", "lvis"]) == 0
    card = ModelCard(hub.repositories["lab/clicks"].files("main")["README.md"].decode())
    assert card.data.license == "cc-by-nc-4.0"
    assert "vit_xtiny" in card.data.tags
    assert 'load_model("hf://lab/clicks")' in card.text
    assert "3.8 M parameters" in card.text
    assert "Trained on: coco, lvis" in card.text
    assert "| grabcut | CFR-0 | 1.50 | 2.25 |" in card.text
    assert "- No test-time flip." in card.text


@pytest.mark.parametrize("content", ["hello", "[]", "{}", '{"metrics": {}}', '{"metrics": {"a": {"b": 1}}}'])
def test_a_file_that_is_no_evaluation_is_refused_before_a_repository_is_created(
    hub, folder, tmp_path, logged_in, capsys, content
):
    file = tmp_path / "evaluation.json"
    file.write_text(content)
    arguments = [str(folder), "lab/clicks", "--license", "mit", "--evaluation", str(file)]
    assert main(["publish", *arguments]) == 2
    assert capsys.readouterr().err == (
        f"error: {file} does not hold the metrics that `cfr-icl evaluate --json` writes.\n"
    )
    assert not hub.repositories


def test_the_card_counts_the_whole_network_with_any_engine(hub, tmp_path, logged_in, monkeypatch):
    monkeypatch.setenv("CFR_ICL_ENGINE", "onnx")
    monkeypatch.setenv("CFR_ICL_CACHE", str(tmp_path / "cache"))
    network = build_model(small_compact(iou_head=True))
    save_model(network, tmp_path / "model")
    assert main(["publish", str(tmp_path / "model"), "lab/clicks", "--license", "mit"]) == 0
    card = ModelCard(hub.repositories["lab/clicks"].files("main")["README.md"].decode())
    assert f"{network.parameter_count / 1e6:.1f} M parameters" in card.text


def test_a_folder_that_could_not_be_loaded_is_not_published(hub, folder, capsys, logged_in):
    (folder / "model.safetensors").unlink()
    assert main(["publish", str(folder), "lab/clicks", "--license", "mit"]) == 2
    assert "holds no model.safetensors" in capsys.readouterr().err
    assert hub.repositories == {}


def test_a_hub_that_cannot_be_reached_is_told(hub, folder, capsys, logged_in):
    hub.stop()
    assert main(["publish", str(folder), "lab/clicks", "--license", "mit"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: lab/clicks was not published: the Hub cannot be reached (")
    assert error.count("\n") == 1


def test_publishing_without_a_login_is_refused_with_advice(hub, folder, capsys):
    assert main(["publish", str(folder), "lab/clicks", "--license", "mit"]) == 2
    error = capsys.readouterr().err
    assert "error: lab/clicks was not published: log in with `hf auth login`" in error
    assert error.count("\n") == 1


def test_a_learnt_model_of_two_networks_is_not_published(folder, logged_in, capsys):
    shutil.copytree(folder, folder / "start")
    write_kind(Kind(), folder)
    assert main(["publish", str(folder), "lab/clicks", "--license", "apache-2.0"]) == 2
    assert "is a learnt model of two networks" in capsys.readouterr().err
