"""The page learns from the folder's finished pictures: the real command, with the smallest network."""

import re
import sys

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image
from playwright.sync_api import expect

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.learning import run as learning_run
from cfr_icl.annotate.learning.run import FOLDER, LOCK, FolderLearning
from cfr_icl.annotate.learning.state import LearningState
from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.models.registry import ARCHITECTURES, build_model, default_config
from cfr_icl.weights.menu import ModelMenu
from cfr_icl.weights.saving import save_model
from tests.learning.tiny import ARCHITECTURE

RUN = 300_000
"""Milliseconds in which a part of the run is over on a busy machine."""


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures of a red square each; nine are done."""
    images, squares = tmp_path / "images", {}
    images.mkdir()
    rng = np.random.default_rng(0)
    for number in range(10, 22):
        picture = np.full((64, 80, 3), 125, np.uint8)
        top, left, side = rng.integers(2, 30), rng.integers(4, 40), rng.integers(20, 30)
        picture[top : top + side, left : left + side] = (250, 20, 20)
        Image.fromarray(picture).save(images / f"{number}.png")
        squares[f"{number}.png"] = Mask.of(picture[..., 0] == 250)
    folder = Folder(images, tmp_path / "work")
    for name, mask in list(squares.items())[:9]:
        square = Instance(id=1, label="square", colour="#123456", network_mask=mask, mask=mask)
        folder.save(name, Document(instances=(square,), done=True, next_id=2), (64, 80), 0)
    return Folder(images, tmp_path / "work")


@pytest.fixture
def hold(tmp_path):
    """While this file exists the run is slow."""
    path = tmp_path / "hold"
    path.touch()
    return path


@pytest.fixture
def tool(serve, visit, folder, hold, tmp_path, monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "tiny", ARCHITECTURE)
    torch.manual_seed(0)
    save_model(build_model(default_config("tiny")), tmp_path / "plain")
    usual = FolderLearning.command.fget

    def command(run):
        arguments = usual(run)[3:]  # after: python -m cfr_icl
        return [sys.executable, "-m", "tests.e2e.tiny_learning", str(hold), *arguments]

    monkeypatch.setattr(FolderLearning, "command", property(command))
    menu = ModelMenu([str(tmp_path / "plain")])
    tool = visit(
        serve(menu[str(tmp_path / "plain")], folder=folder, menu=menu),
        viewport={"width": 1366, "height": 900},
    )
    yield tool
    assert tool.errors == []


def test_learning_is_offered_stopped_continued_used_and_thrown_away(tool, folder, hold):
    page = tool.page
    panel, learn = page.locator("[data-ref=learning]"), page.locator("[data-do=learn]")
    progress = page.locator("[data-ref=learning-text]")
    menu = page.get_by_label("Model", exact=True)
    plain = menu.input_value()
    assert not panel.is_visible() and not menu.is_visible()
    tool.click(40, 30)
    page.get_by_role("button", name="Done").click()  # the tenth
    expect(learn).to_have_text("Learn from 10 finished pictures")

    learn.click()
    expect(progress).to_contain_text(re.compile(r"^Learning · \d+ min left$"), timeout=RUN)
    assert page.locator("[data-ref=learning-bar]").evaluate("bar => bar.value") >= 0.15
    before = len(tool.session.document.instances)
    tool.click(20, 40)  # labelling goes on
    tool.idle()
    assert len(tool.session.document.instances) == before + 1
    page.get_by_role("button", name="Stop", exact=True).click()
    told = page.locator("[data-ref=learnt-text]")
    expect(told).to_have_text("Stopped; it can go on.", timeout=RUN)
    expect(learn).to_have_text("Go on learning from 10 pictures")
    assert not menu.is_visible()
    forget = page.locator("[data-do=forget-learnt]")
    expect(forget).to_have_text("Start over")  # there is a run, and no model yet

    hold.unlink()
    learn.click()
    notice = page.locator(".notice", has_text="objects that it did not learn from")
    expect(notice).to_be_visible(timeout=RUN)  # once the process has ended
    expect(notice).not_to_contain_text("not surely better")
    expect(notice.get_by_role("button", name="Use the learnt model")).to_be_visible()
    expect(told).to_be_visible()
    expect(told).to_contain_text("objects that it did not learn from")
    lines = page.locator("[data-ref=learnt-plot] polyline")
    assert [line.get_attribute("class") for line in lines.all()] == ["before", "after"]
    use = page.locator("[data-do=use-learnt]")
    use.click()
    tool.idle()
    assert menu.is_visible() and menu.input_value() == "learnt from this folder"
    assert not use.is_visible()
    expect(told).to_contain_text("The learnt model is in use.")
    learnt = folder.work.path / FOLDER
    assert (learnt / "model.safetensors").is_file()

    expect(forget).to_have_text("Throw it away")
    forget.click()
    keep = page.get_by_role("button", name="Keep it")
    expect(keep).to_be_focused()  # Enter loses nothing
    expect(keep).to_have_class(re.compile("primary"))
    page.locator("[data-ref=ask-yes]").click()
    expect(menu).not_to_be_visible()
    assert menu.input_value() == plain and not learnt.exists()
    expect(learn).to_be_visible()


def test_a_run_of_another_server_is_shown_without_a_stop(tool, folder, monkeypatch):
    monkeypatch.setattr(learning_run, "READ_AGAIN", 0.0)  # the page asks once, maybe soon after its start
    out, page = folder.work.path / FOLDER, tool.page
    out.mkdir()
    LearningState(stage="learning", progress=0.5, seconds_left=60).write(out)
    with FileLock(out / LOCK):
        tool.click(40, 30)
        told = page.locator("[data-ref=learning-text]")
        expect(told).to_have_text("Learning · on another server · 1 min left", timeout=RUN)
        assert not page.get_by_role("button", name="Stop", exact=True).is_visible()
    said = "Stopped before anything was learnt."  # it has left no checkpoint
    expect(page.locator("[data-ref=learnt-text]")).to_have_text(said, timeout=RUN)
