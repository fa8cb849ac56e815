"""What README.md shows works as it stands there."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cfr_icl.__main__ import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def at_the_top(tmp_path, monkeypatch):
    """A folder that has the repository's examples, and that may be written to."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)


def test_the_python_example_writes_a_mask_of_the_picture():
    (code,) = [block for block in blocks("python") if "load_model" in block]
    exec(compile(code, "README.md", "exec"), {})
    mask, picture = Image.open("cat.png"), Image.open("examples/chelsea.png")
    assert mask.size == picture.size and 0.05 < np.asarray(mask).mean() < 0.95


def test_the_command_line_example_writes_a_mask_of_the_picture():
    (line,) = [line for block in blocks("sh") for line in block.splitlines() if "cfr_icl segment" in line]
    assert main(shlex.split(line)[3:]) == 0
    mask = np.asarray(Image.open("cat.png"))
    assert mask.shape == (300, 451) and set(np.unique(mask)) == {0, 255}


def test_every_picture_and_link_to_a_file_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_space_runs_the_gradio_that_is_pinned():
    pinned = re.search(r"gradio==(\S+)", (ROOT / "requirements.txt").read_text()).group(1)
    assert re.search(r"sdk_version: (\S+)", README).group(1) == pinned
