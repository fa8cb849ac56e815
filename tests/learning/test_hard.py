"""Training on the pictures that an evaluation found hard."""

import json

import pytest

from cfr_icl.cli.main import main
from cfr_icl.data.registry import open_dataset
from cfr_icl.learning.hard import HardPictures
from tests.small_runs import write_branch_config


def result(picture, ious, object_id=0):
    entry = {"data": "set-val", "picture": picture, "object_id": object_id, "setting": "CFR-4", "ious": ious}
    return json.dumps(entry) + "\n"


def results(path, **ious):
    lines = [json.dumps({"digest": "of the weights"}) + "\n"]
    path.write_text("".join(lines + [result(*each) for each in ious.items()]))
    return path


def test_a_picture_is_hard_if_the_last_mask_of_one_object_is_bad(data, tmp_path):
    found = results(tmp_path / "r.jsonl", picture1=[0.2, 0.95], picture3=[0.9, 0.6], picture4=[0.7])
    with found.open("a") as file:
        file.write(result("picture4", [0.99], object_id=1))
    everything = open_dataset("folder", data)
    hard = HardPictures(everything, found, below=0.8)
    assert hard.names == ["picture3", "picture4"] and len(hard) == 2
    assert (hard[0].image == everything[everything.names.index("picture3")].image).all()


def test_a_picture_whose_mask_was_corrected_is_hard_by_its_new_result(data, tmp_path):
    found = results(tmp_path / "r.jsonl", picture1=[0.2], picture3=[0.6])
    with found.open("a") as file:
        file.write(result("picture1", [0.99]))
    assert HardPictures(open_dataset("folder", data), found, below=0.8).names == ["picture3"]


def test_training_uses_hard_pictures_alone_and_is_refused_without_any(
    write_config, data, tmp_path, monkeypatch, capsys
):
    found = str(results(tmp_path / "r.jsonl", picture2=[0.5]))
    seen = set()
    read = HardPictures.__getitem__
    monkeypatch.setattr(HardPictures, "__getitem__", lambda self, i: seen.add((s := read(self, i)).name) or s)
    for below in (0.9, 0.1):
        entry = {"kind": "folder", "path": str(data), "hard": found, "below": below}
        config = write_config(steps=2, data=[entry])
        status = main(["train", "--config", str(config), "--out", str(tmp_path / f"run{below}")])
        if below == 0.9:
            assert status == 0 and seen == {"picture2"}
        else:
            assert status == 2 and "no picture of the data set below" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["first-branch", "hypotheses", "iou-head"])
def test_a_branch_and_heads_learn_from_hard_pictures_alone_too(command, data, tmp_path, capsys):
    found = results(tmp_path / "r.jsonl", picture2=[0.5])
    arguments = ["--config", str(write_branch_config(tmp_path / "config.yaml", data, 64))]
    arguments += ["--set", f"data.0.hard={found}", "data.0.below=0.1", "--out", str(tmp_path / "out")]
    assert main([command, *arguments]) == 2
    assert "no picture of the data set below" in capsys.readouterr().err
