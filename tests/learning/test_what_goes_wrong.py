"""Learning meets a full disk, a folder that changes, models that cannot be trained, and spoilt labels."""

import errno
import json
import os
import sys
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from safetensors import SafetensorError

from cfr_icl import files
from cfr_icl.annotate.learning.state import EXIT_DISK_FULL, FAILED, read_state
from cfr_icl.cli.main import main
from cfr_icl.files import PREFIX, replacing
from cfr_icl.learning import adapt_checkpoint, learn
from cfr_icl.learning.adapt_checkpoint import read_checkpoint
from cfr_icl.learning.own_pictures import open_own_pictures
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights import saving
from cfr_icl.weights.saving import save_model
from tests.learning.tiny import FROM_NOTHING, QUICK, full_disk, learning
from tests.models import tiny_onnx


def command(data, source, out, *more):
    folders = ["--images", str(data / "images"), "--work", str(data / "masks"), "--out", str(out)]
    return ["learn", *folders, "--from", str(source), "--minutes", "5", *more]


def full_disk_of_safetensors(*args, **options):
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize(
    ("owner", "name", "fails"),
    [(adapt_checkpoint.torch, "save", full_disk), (saving, "save_file", full_disk_of_safetensors)],
    ids=["checkpoint", "model"],
)
def test_a_full_disk_is_one_sentence_and_learning_goes_on_when_there_is_room(
    owner, name, fails, data, source, tmp_path, clicks, monkeypatch, capsys
):
    monkeypatch.setattr(learn, "config_for", lambda model: replace(QUICK, save_seconds=0))
    out = tmp_path / "learnt"
    clicks(6, 4, 3, 3)
    with monkeypatch.context() as full:
        full.setattr(owner, name, fails)
        full.setattr(files.shutil, "disk_usage", lambda folder: namedtuple("Usage", "free")(0))
        assert main(command(data, source, out)) == EXIT_DISK_FULL
    told = capsys.readouterr().err.splitlines()[-1]
    assert told == "error: The disk is full; learning goes on from where it was when there is room."
    assert not list(out.rglob(f"{PREFIX}*")) and not (out / "model.safetensors").exists()
    assert main(command(data, source, out)) == 0
    assert read_checkpoint(out / "run")["finished"]


def test_an_error_of_a_library_is_not_called_a_full_disk_while_there_is_room(tmp_path):
    with pytest.raises(OSError) as caught, files.disk_errors(tmp_path):
        full_disk()
    assert caught.value.errno == errno.EIO
    with pytest.raises(ValueError, match="of ours"), files.disk_errors(tmp_path):
        raise ValueError("of ours")


def test_a_folder_that_changes_while_the_model_learns_does_no_harm(
    data, source, tmp_path, clicks, monkeypatch
):
    """A picture goes, another one gets another size, a third is no picture any more."""
    monkeypatch.setattr("cfr_icl.learning.own_pictures.CACHED_BYTES", 1)

    def change(state):
        if state.stage == "learning":
            (data / "images" / f"{learnt[0]}.png").unlink(missing_ok=True)
            Image.new("RGB", (30, 20)).save(data / "images" / f"{learnt[1]}.png")
            (data / "images" / f"{run.held_out[0]}.png").write_bytes(b"no picture")

    run = learning(data, source, tmp_path, tell=change)
    run.held_out = learn.hold_out([f"picture{number}" for number in range(6)])
    learnt = [f"picture{number}" for number in range(6) if f"picture{number}" not in run.held_out]
    clicks(6, 4)
    found = run.run()
    assert found.better and found.pictures == 6 and found.steps == QUICK.steps


def test_a_model_of_another_library_and_damaged_weights_cannot_learn(data, tmp_path, capsys):
    tiny_onnx.save(tmp_path / "pair")
    out = tmp_path / "learnt"
    assert main(command(data, tmp_path / "pair", out)) == 2
    assert "is a model of another library, which cannot be trained here." in capsys.readouterr().err
    save_model(build_model(default_config("tiny")), tmp_path / "damaged")
    with replacing(tmp_path / "damaged" / "model.safetensors") as path:
        path.write_bytes(b"damaged")
    assert main(command(data, tmp_path / "damaged", out)) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert "cannot learn" in told and "damaged" in told


def test_ctrl_c_ends_with_a_sentence(data, source, tmp_path, monkeypatch, capsys):
    def interrupted(folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(learn, "read_checkpoint", interrupted)
    assert main(command(data, source, tmp_path / "learnt")) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "Stopped. The same command resumes."


@pytest.fixture
def waiting_page(monkeypatch):
    """A page that waits for its process: standard input stays open. The tests keep their own priority."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    monkeypatch.delattr(os, "nice", raising=False)
    yield
    os.close(writing)


@pytest.mark.usefixtures("waiting_page")
def test_the_page_is_told_why_nothing_can_be_learnt(data, source, tmp_path):
    for number in range(3):
        (data / "images" / f"picture{number}.png").unlink()
    out = tmp_path / "learnt"
    assert main(command(data, source, out, "--background")) == 2
    state = read_state(out)
    assert state.stage == FAILED
    assert state.sentence == "Learning needs 5 finished pictures with objects; there are 3."


@pytest.mark.usefixtures("waiting_page")
def test_the_page_is_told_without_a_path_that_what_was_learnt_began_with_another_model(
    data, source, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(learn, "read_checkpoint", lambda folder: {"digest": "another"})
    out = tmp_path / "learnt"
    assert main(command(data, source, out, "--background")) == 2
    assert "went on from another model than" in capsys.readouterr().err
    told = "What was learnt began with another version of the model; throw it away to learn anew."
    assert read_state(out).sentence == told


PICTURES = 30


def squares(folder, spoilt):
    """Pictures with a square each, and their COCO file; with `spoilt` every tenth label or so is bad."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    labels = []
    for number in range(PICTURES):
        picture = rng.integers(120, 130, (64, 80, 3), dtype=np.uint8)
        top, left, side = rng.integers(2, 30), rng.integers(4, 40), rng.integers(20, 30)
        region = np.zeros((64, 80), np.uint8)
        region[top : top + side, left : left + side] = 1
        picture[region == 1] = (250, 20, 20)
        labels.append((number, region))
        Image.fromarray(picture).save(folder / "images" / f"{number}.png")
    if spoilt:
        dot = np.zeros_like(region)
        dot[30, 30] = 1
        labels[3], labels[9], labels[14] = (3, np.zeros_like(region)), (9, dot), (14, np.ones_like(region))
        labels.append(labels[20])
    annotations = [
        {"image_id": number, "segmentation": {"size": [64, 80], "counts": counts.decode()}}
        for number, region in labels
        for counts in [coco_mask.encode(np.asfortranarray(region))["counts"]]
    ]
    images = [{"id": number, "file_name": f"{number}.png"} for number in range(PICTURES)]
    (folder / "objects.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return open_own_pictures(folder / "images", folder / "objects.json")


def test_a_tenth_of_the_labels_spoilt_does_no_harm(source, tmp_path, monkeypatch):
    """Clicks of the robot user are counted, with labels as they should be and with spoilt ones."""
    monkeypatch.setattr(learn, "SHARES", (1.0,))  # the network knows nothing that it could forget
    found = {}
    for spoilt in (False, True):
        dataset, out = squares(tmp_path / f"spoilt {spoilt}", spoilt), tmp_path / f"out {spoilt}"
        found[spoilt] = learn.Learning(dataset, source, out, 5, config=FROM_NOTHING).run()
    good, bad = found[False], found[True]
    assert bad.dropped == {"speck": 1, "everything": 1, "doubled": 1}  # the empty one is none for the reader
    assert good.better and bad.better and good.before == bad.before == 20
    assert good.after < 3 and bad.after < 3
