"""The commands as they are called from a shell."""

import argparse
import errno
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

import cfr_icl
from cfr_icl import CascadeForward, Click, Rectangle, Segmenter
from cfr_icl.annotate.batch.run import LOCK
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.session.session import Session
from cfr_icl.cli import options
from cfr_icl.cli.main import COMMANDS, main, parse
from cfr_icl.cli.options import cfr_setting
from tests.stand_in import ColourModel


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(options, "load_model", lambda source: ColourModel())


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


def test_of_picture_and_previous_mask_the_damaged_file_is_named_as_it_was_given(picture, tmp_path, capsys):
    text = tmp_path / "masks" / picture.name
    text.parent.mkdir()
    text.write_text("hello")
    click = ["--click", "1,1", "--out", str(tmp_path / "mask.png")]
    for files in ([str(text)], [str(picture), "--previous-mask", str(text)]):
        assert main(["segment", *files, *click]) == 2
        assert capsys.readouterr().err.startswith(f"error: {text}: This is not a picture")


def test_a_folder_in_place_of_a_picture_is_told_as_such(picture, tmp_path, capsys):
    for files in ([str(tmp_path)], [str(picture), "--previous-mask", str(tmp_path)]):
        assert main(["segment", *files, "--click", "1,1", "--out", str(tmp_path / "mask.png")]) == 2
        assert capsys.readouterr().err == f"error: {str(tmp_path)!r} is a folder, not a file.\n"


@pytest.mark.parametrize("name", ["PNG", "a", "can", "x.png"])
def test_a_damaged_file_is_named_whatever_its_name_is(tmp_path, capsys, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("hello")
    for file, sentence in (
        (name, f"{name}: This is not a picture"),
        (f"no-{name}", f"There is no file 'no-{name}'."),
    ):
        assert main(["segment", file, "--click", "1,1", "--out", "mask.png"]) == 2
        assert capsys.readouterr().err.startswith(f"error: {sentence}")


def test_a_full_disk_is_told_without_numbers_of_errors(picture, tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["segment", str(picture), "--click", "1,1", "--out", str(tmp_path / "mask.png")]) == 2
    assert capsys.readouterr().err == "error: No space left on device.\n"


def test_the_module_can_be_run():
    result = subprocess.run(
        [sys.executable, "-m", "cfr_icl", "segment", "--help"], capture_output=True, text=True, check=True
    )
    assert "--click" in result.stdout


def test_batch_segments_every_object_of_a_list(picture, tmp_path, capsys):
    rows = "picture,x,y,positive,object\nred.png,20,30,1,cup\nred.png,60,50,0,cup\nred.png,70,50,1,wall\n"
    (tmp_path / "clicks.csv").write_text(rows)
    (tmp_path / "clicks.json").write_text('[{"picture": "red.png", "x": 20, "y": 30}]')
    out = tmp_path / "out"
    for name in ("clicks.csv", "clicks.json"):
        command = ["batch", str(tmp_path / name), "--images", str(tmp_path), "--out", str(out)]
        assert main(command) == 0
    assert sorted(path.name for path in out.glob("*.png")) == ["red_1.png", "red_cup.png", "red_wall.png"]
    with Image.open(out / "red_cup.png") as image:
        mask = np.array(image)
    assert mask[30, 20] == 255 and mask[50, 60] == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("picture,x\nred.png,1\n", "Row 2 of clicks.csv: y must be a number"),
        ("picture,x,y\nother.png,1,1\n", "no picture 'other.png'"),
        ("picture,x,y\n../red.png,1,1\n", "no picture"),
        ("picture,x,y,object\nred.png,1,1,../../x\n", "file name"),
        ("picture,x,y\nred.png,999,1\n", "red.png: The click"),
        ("", "no clicks"),
    ],
)
def test_batch_names_the_wrong_entry(picture, tmp_path, capsys, content, sentence):
    (tmp_path / "clicks.csv").write_text(content)
    command = [
        "batch",
        str(tmp_path / "clicks.csv"),
        "--images",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(command) == 2
    assert sentence in capsys.readouterr().err


def test_export_writes_the_work_on_a_folder(picture, tmp_path, capsys):
    images, work, out = tmp_path / "images", tmp_path / "work", tmp_path / "out"
    images.mkdir()
    picture.rename(images / "red.png")
    folder = Folder(images, work)
    session = Session(Segmenter(ColourModel()))
    session.open(folder.open("red.png").picture, "red.png")
    session.click(Click(20, 30))
    folder.save("red.png", session.document, session.size, 0)
    command = ["export", "--images", str(images), "--work", str(work), "--out", str(out), "--format"]
    assert main([*command, "coco"]) == 0
    assert json.loads((out / "annotations.json").read_text())["annotations"][0]["area"] == session.mask.sum()
    assert main([*command, "svg"]) == 2
    assert "coco-polygons" in capsys.readouterr().err


WITHOUT = """
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from cfr_icl.cli import options
from cfr_icl.cli.main import COMMANDS, main
sys.exit(main(sys.argv[1:]))
"""


def run_without(packages, *arguments):
    """A command in a process in which these packages cannot be imported."""
    code = WITHOUT.format(packages=set(packages))
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_segment_needs_no_package_of_an_extra(picture, tmp_path):
    extras = ["gradio", "gradio_client", "mcp", "accelerate", "tensorboard", "matplotlib", "scipy"]
    out = tmp_path / "mask.png"
    result = run_without(extras, "segment", picture, "--click", "20,30", "--steps", "0", "--out", out)
    assert result.returncode == 0 and out.is_file(), result.stderr


@pytest.mark.parametrize(
    ("package", "arguments", "sentence"),
    [
        ("gradio", ["app"], "error: The page needs gradio: pip install 'cfr-icl[app]'.\n"),
        pytest.param(
            "mcp",
            ["app", "--mcp"],
            "error: --mcp needs mcp: pip install 'cfr-icl[mcp]'.\n",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_missing_extra_is_named(package, arguments, sentence):
    result = run_without([package], *arguments)
    assert (result.returncode, result.stderr) == (2, sentence)


def test_every_command_is_listed_with_what_it_does(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    for name, help in COMMANDS.items():
        assert f"    {name}" in listed and help.split()[0] in listed
        with pytest.raises(SystemExit) as left:
            main([name, "--help"])
        assert left.value.code == 0 and f"cfr-icl {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_option_says_what_it_is_and_what_is_taken_without_it(name):
    parser = argparse.ArgumentParser()
    import_module(f"cfr_icl.cli.{name.replace('-', '_')}").add_arguments(parser)
    for action in parser._actions:
        option = f"{name} {action.option_strings or action.dest}"
        assert action.help, option
        if not action.required and action.default not in (None, False, [], argparse.SUPPRESS):
            assert "default" in action.help, option


def test_the_package_has_all_its_names_and_takes_pytorch_only_when_one_is_used():
    program = (
        "import sys, cfr_icl.cli.main\n"
        "assert 'torch' not in sys.modules and set(cfr_icl.__all__) <= set(dir(cfr_icl))\n"
        "from cfr_icl import *\n"
        "assert Segmenter and load_model and 'torch' in sys.modules\n"
        "assert not hasattr(cfr_icl, 'load_models')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_recorded_commands_of_version_0_1_keep_their_meaning():
    flags = ["--adaptive", "--every-click", "--best-pass", "--settled", "0", "--no-close-up"]
    options = parse(["evaluate", "--data", "folder=x", "--json", "a", *flags])
    assert cfr_setting(options, 2) == CascadeForward(steps=2, min_change_ratio=0.0, close_ups=False)


def test_segment_takes_a_box_and_corrects_it_by_clicks(picture, tmp_path):
    out = tmp_path / "mask.png"
    box = ["--box", "10,20,39,39"]
    assert main(["segment", str(picture), *box, "--not", "60,50", "--out", str(out)]) == 0
    with Image.open(out) as image:
        mask = np.array(image) == 255
    segmenter = Segmenter(ColourModel())
    with Image.open(picture) as pixels:
        segmenter.set_image(np.array(pixels))
    box_of_sides = Rectangle(10, 20, 40, 40)  # the pixels on the sides belong to it
    expected = segmenter.predict([Click(60, 50, False)], box=box_of_sides).mask
    assert mask.any() and np.array_equal(mask, expected)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "at least one point on the object"),
        (["--not", "60,50"], "No click is positive: add one"),
        (["--box", "10,20,39,39", "--previous-mask", "MASK"], "not both"),
        (["--previous-mask", "MASK"], "at least one point"),
    ],
)
def test_segment_refuses_prompts_that_say_nothing_of_an_object(
    picture, tmp_path, capsys, arguments, sentence
):
    Image.new("L", (80, 60), 255).save(tmp_path / "MASK.png")
    arguments = [str(tmp_path / "MASK.png") if entry == "MASK" else entry for entry in arguments]
    assert main(["segment", str(picture), *arguments, "--out", str(tmp_path / "mask.png")]) == 2
    assert sentence in capsys.readouterr().err and not (tmp_path / "mask.png").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--click", "a,b"], "a click is X,Y in pixels, not 'a,b'"),
        (["--click", "-1,5"], "The click (-1, 5) lies outside the picture, which is 80 x 60 pixels"),
        (["--box", "39,20,10,30"], "left, top, right, bottom, not 39, 20, 10, 30"),
        (["--box", "90,70,95,75"], "The box lies outside the picture"),
        (["--clik", "1,1"], "unrecognized arguments: --clik"),
    ],
)
def test_wrong_options_are_told_in_a_sentence_alone(picture, tmp_path, capsys, arguments, sentence):
    command = ["segment", str(picture), *arguments, "--out", str(tmp_path / "mask.png")]
    try:
        status = main(command)
    except SystemExit as stop:
        status = stop.code
    error = capsys.readouterr().err
    assert status == 2 and sentence in error and error.count("\n") == 1


def test_a_box_may_begin_left_of_the_picture(picture, tmp_path):
    for name, box in (("beyond", "-5,-3,39,39"), ("inside", "0,0,39,39")):
        assert main(["segment", str(picture), "--box", box, "--out", str(tmp_path / f"{name}.png")]) == 0
    assert (tmp_path / "beyond.png").read_bytes() == (tmp_path / "inside.png").read_bytes()


def test_packages_that_do_not_fit_together_are_told_in_a_sentence(picture, tmp_path, monkeypatch, capsys):
    def fail(source):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(options, "load_model", fail)
    assert main(["segment", str(picture), "--click", "20,30", "--out", str(tmp_path / "mask.png")]) == 2
    assert capsys.readouterr().err.startswith(
        "error: The installed torch and torchvision are not of one kind"
    )


def test_an_error_of_the_disk_names_the_file_that_was_asked_for(picture, tmp_path, capsys):
    for out, sentence in (
        (picture / "mask.png", f"a file where a folder is needed: {picture}"),
        (tmp_path / ("x" * 300 + ".png"), "x" * 300 + ".png"),
        (Path("/proc/mask.png"), "/proc/mask.png"),
    ):
        assert main(["segment", str(picture), "--click", "20,30", "--out", str(out)]) == 2
        error = capsys.readouterr().err
        assert sentence in error and ".part" not in error


def test_segment_never_replaces_the_picture(picture, tmp_path, capsys):
    before = picture.read_bytes()
    (tmp_path / "other.png").hardlink_to(picture)
    for out in (picture, tmp_path / "other.png"):
        assert main(["segment", str(picture), "--click", "20,30", "--out", str(out)]) == 2
        assert "would replace the picture" in capsys.readouterr().err
    assert picture.read_bytes() == before


def test_ctrl_c_while_the_command_is_imported_ends_with_the_same_sentence(capsys, monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("cfr_icl.cli.main.import_module", interrupted)
    assert main(["evaluate", "--data", "folder=x", "--json", "x.json"]) == 130
    assert capsys.readouterr().err == "Stopped. The same command resumes.\n"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [("segment", "Stopped.\n"), ("batch", "Stopped. The same command resumes.\n")],
)
def test_ctrl_c_ends_with_a_sentence(picture, tmp_path, capsys, monkeypatch, command, sentence):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Segmenter, "predict", interrupted)
    (tmp_path / "clicks.csv").write_text("picture,x,y\nred.png,20,30\n")
    arguments = {
        "segment": [str(picture), "--click", "20,30", "--out", str(tmp_path / "mask.png")],
        "batch": [str(tmp_path / "clicks.csv"), "--images", str(tmp_path), "--out", str(tmp_path / "out")],
    }
    assert main([command, *arguments[command]]) == 130
    assert capsys.readouterr().err == sentence


def test_an_empty_name_of_weights_stands_for_none(monkeypatch):
    monkeypatch.setenv("CFR_ICL_WEIGHTS", "")
    assert options.default_weights() == "embedded"


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out.strip() == cfr_icl.__version__


@pytest.mark.parametrize("option", ["--steps", "--min-change-ratio", "--max-megapixels"])
def test_a_word_in_place_of_a_number_is_told(picture, capsys, option):
    with pytest.raises(SystemExit):
        main(["segment", str(picture), "--click", "1,1", "--out", "mask.png", option, "many"])
    assert "it is a number, not 'many'" in capsys.readouterr().err


def test_a_misspelt_column_of_a_list_is_told(picture, tmp_path, capsys):
    (tmp_path / "clicks.csv").write_text("picture,x,y,postive\nred.png,20,30,1\n")
    (tmp_path / "clicks.json").write_text('[{"picture": "red.png", "x": 20, "y": 30, "postive": 1}]')
    for name in ("clicks.csv", "clicks.json"):
        command = [
            "batch",
            str(tmp_path / name),
            "--images",
            str(tmp_path),
            "--out",
            str(tmp_path / name[7:]),
        ]
        assert main(command) == 0
        assert "Columns without a meaning here: postive." in capsys.readouterr().err


def test_a_second_process_on_the_output_of_a_batch_is_told_how_to_share_it(picture, tmp_path, capsys):
    (tmp_path / "clicks.csv").write_text("picture,x,y\nred.png,20,30\n")
    out = tmp_path / "out"
    out.mkdir()
    command = ["batch", str(tmp_path / "clicks.csv"), "--images", str(tmp_path), "--out", str(out)]
    with FileLock(out / LOCK):
        assert main(command) == 2
        assert "--shard I/N" in capsys.readouterr().err and not (out / "red_1.png").exists()
        assert main([*command, "--shard", "1/2"]) == 0
    assert main(command) == 0


@pytest.mark.parametrize(
    "command",
    [
        ["app", "--port", "99999"],
        ["worker", "--port", "-1"],
        ["export", "--images", "a", "--work", "b", "--format", "yolo", "--out", "c", "--tolerance", "nan"],
        ["learn", "--images", "a", "--work", "b", "--out", "c", "--threads", "-3"],
        ["hypotheses", "--config", "a", "--out", "b", "--clicks", "0"],
        ["iou-head", "--config", "a", "--out", "b", "--objects", "0"],
    ],
)
def test_a_number_out_of_its_range_is_told_before_anything_starts(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    assert re.search(r"argument --\w+: it goes from \d to \d+, not ", capsys.readouterr().err)
