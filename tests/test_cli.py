"""python -m cfr_icl from outside."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import cfr_icl
from cfr_icl.__main__ import main
from tests.stand_in import ColourModel


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(cfr_icl, "load_model", lambda source="embedded": ColourModel())


@pytest.fixture
def picture(tmp_path):
    pixels = np.full((60, 80, 3), 128, np.uint8)
    pixels[20:40, 10:40] = (220, 30, 30)
    path = tmp_path / "red.png"
    Image.fromarray(pixels).save(path)
    return path


def test_segment_writes_a_mask_of_the_pictures_size(picture, tmp_path):
    out = tmp_path / "mask.png"
    assert main(["segment", str(picture), "--click", "20,30", "--not", "60,50", "--out", str(out)]) == 0
    with Image.open(out) as image:
        mask = np.array(image)
    assert mask.shape == (60, 80) and set(np.unique(mask)) == {0, 255}
    assert mask[30, 20] == 255 and mask[50, 60] == 0


def test_segment_continues_a_mask(picture, tmp_path):
    out = tmp_path / "mask.png"
    arguments = ["segment", str(picture), "--click", "20,30", "--out", str(out)]
    assert main(arguments) == 0
    assert main([*arguments, "--previous", str(out), "--steps", "0"]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--click", "500,30"], "outside the picture"),
        ([], "--click"),
        (["--click", "20,30", "--steps", "11"], "0 to 10"),
        (["--click", "20,30", "--previous", "none.png"], "none.png"),
    ],
)
def test_bad_input_is_one_sentence(picture, tmp_path, capsys, arguments, sentence):
    out = tmp_path / "mask.png"
    assert main(["segment", str(picture), *arguments, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
    assert not out.exists()


def test_not_a_picture_and_a_wrong_ending(picture, tmp_path, capsys):
    (tmp_path / "text.png").write_text("hello")
    out = str(tmp_path / "mask.png")
    assert main(["segment", str(tmp_path / "text.png"), "--click", "1,1", "--out", out]) == 2
    assert main(["segment", str(picture), "--click", "1,1", "--out", str(tmp_path / "mask.jpg")]) == 2
    assert "must end in .png" in capsys.readouterr().err


def test_the_module_can_be_run():
    result = subprocess.run(
        [sys.executable, "-m", "cfr_icl", "segment", "--help"], capture_output=True, text=True, check=True
    )
    assert "--click" in result.stdout
