"""Learning from the finished pictures: offered, followed, used, thrown away, and never in the way."""

import sys
import time

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.learning.run import FOLDER, LOCK, FolderLearning
from cfr_icl.annotate.learning.state import Comparison, LearningState
from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.ui.blocks import build
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.weights.menu import ModelMenu
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, click

MASK = Mask.of(np.pad(np.ones((10, 10), bool), ((20, 10), (20, 20))))
SQUARE = Instance(id=1, label="square", colour="#123456", network_mask=MASK, mask=MASK)
FOUND = Comparison(
    pictures=12,
    held_out_pictures=3,
    objects=20,
    held_out_objects=5,
    before=6.0,
    after=4.0,
    difference=-2.0,
    low=-3.0,
    high=-1.0,
    ious_before=[0.5] * 20,
    ious_after=[0.7] * 20,
    better=True,
)

PROCESS = """
import sys, time
from pathlib import Path
from cfr_icl.annotate.learning.state import *
out, what = Path(sys.argv[1]), sys.argv[2]
if what == "better":
    (out / "model.safetensors").write_bytes(b"weights")
    LearningState(stage=FINISHED, progress=1, comparison=Comparison(**eval(sys.argv[3]))).write(out)
elif what == "few":
    from cfr_icl.sentences import Sentence
    few = "Learning needs {fewest} finished pictures with objects; there are {count}."
    LearningState(stage=FAILED, sentence=Sentence(few, fewest=5, count=2)).write(out)
    sys.exit(2)
elif what == "waits":
    LearningState(stage=LEARNING, progress=0.4, seconds_left=130).write(out)
    sys.stdin.read()
    LearningState(stage=STOPPED).write(out)
    sys.exit(EXIT_NO_GAIN)
elif what == "deaf":
    time.sleep(600)
elif what == "full":
    sys.exit(EXIT_DISK_FULL)
else:
    sys.exit(1)
"""


@pytest.fixture
def process(monkeypatch):
    """Makes the process do one of the above in place of learning."""

    def do(what):
        given = repr({name: getattr(FOUND, name) for name in Comparison.__dataclass_fields__})
        command = property(lambda self: [sys.executable, "-c", PROCESS, str(self.out), what, given])
        monkeypatch.setattr(FolderLearning, "command", command)
        monkeypatch.setattr("cfr_icl.annotate.learning.run.READ_AGAIN", 0.0)

    return do


@pytest.fixture
def browser(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for number in range(11):
        Image.fromarray(np.full((40, 50, 3), 20 * number, np.uint8)).save(images / f"{number}.png")
    folder = Folder(images, tmp_path / "out")
    for number in range(9):
        folder.save(f"{number}.png", Document(instances=(SQUARE,), done=True, next_id=2), (40, 50), 0)
    return browse(folder)


def browse(folder):
    menu = ModelMenu(["first"], lambda source: ColourModel())
    browser = Browser(Server(Settings(folder=folder, menu=menu)))
    browser.told = browser.do({"kind": "hello"})["learning"]
    return browser


def until(browser, stage):
    """The learning state once it has this stage, while the page asks."""
    for _ in range(3600):
        reply = browser.do()
        browser.told = reply.get("learning", browser.told)
        if browser.told["stage"] == stage and not browser.told["running"]:
            return browser.told
        time.sleep(0.05)
    raise AssertionError(browser.told)


def test_learning_is_offered_from_ten_finished_pictures_on(browser):
    assert (browser.told["finished"], browser.told["needed"], browser.told["stage"]) == (9, 10, None)
    browser.do({"kind": "goto", "name": "9.png"})
    browser.do(click(5, 5))
    reply = browser.do({"kind": "done", "done": True})
    assert reply["learning"]["finished"] == 10
    assert "learning" not in browser.do(click(5, 5))  # nothing changed: replies stay small


def test_finished_pictures_without_objects_do_not_count(browser):
    browser.do({"kind": "goto", "name": "9.png"})
    reply = browser.do({"kind": "done", "done": True})
    assert reply.get("learning", browser.told)["finished"] == 9


def test_a_better_model_joins_the_menu_and_can_be_thrown_away(browser, process, tmp_path):
    process("better")
    browser.do({"kind": "learn"})
    told = until(browser, "finished")
    assert told["model"] == "learnt from this folder" and told["comparison"]["after"] == 4
    assert browser.do({"kind": "model", "name": told["model"]})["model"] == told["model"]
    again = browse(Folder(tmp_path / "images", tmp_path / "out"))  # on the next day
    assert again.told["model"] == told["model"] and again.told["comparison"]["before"] == 6
    reply = browser.do({"kind": "forget_learnt"})
    assert reply["learning"]["model"] is None and reply["learning"]["stage"] is None
    assert reply["model"] == "first" and not (tmp_path / "out" / FOLDER).exists()


def test_a_page_whose_learnt_model_another_page_throws_away_is_told_and_goes_on_with_the_first(
    browser, process
):
    process("better")
    browser.do({"kind": "learn"})
    learnt = until(browser, "finished")["model"]
    other = Browser(browser.server)
    other.do({"kind": "hello"})
    assert other.do({"kind": "model", "name": learnt})["model"] == learnt
    browser.do({"kind": "forget_learnt"})
    reply = other.do()
    assert reply["model"] == "first" and reply["learning"]["model"] is None
    assert reply["messages"] == [
        "The learnt model was thrown away; the first model of the menu is in use again."
    ]
    assert "messages" not in other.do(click(5, 5))


def test_the_menu_of_a_new_page_lists_the_learnt_model_once(browser, process, tmp_path):
    """The page adds it where a reply tells of it, and takes it out again."""
    process("better")
    browser.do({"kind": "learn"})
    until(browser, "finished")
    again = browse(Folder(tmp_path / "images", tmp_path / "out"))
    (view,) = [each for each in build(again.server).blocks.values() if hasattr(each, "props")]
    assert view.props["models"] == ["first"]


def test_a_page_is_told_that_its_learnt_model_has_learnt_more_also_after_a_reload(browser, process):
    process("better")
    browser.do({"kind": "learn"})
    learnt = until(browser, "finished")
    assert not learnt["newer"]
    browser.do({"kind": "model", "name": learnt["model"]})
    browser.told = browser.do({"kind": "learn"})["learning"]
    assert until(browser, "finished")["newer"]
    browser.reply = None  # a reloaded tab has no earlier reply, so the next one is complete
    assert browser.do()["learning"]["newer"]
    assert not browser.do({"kind": "model", "name": learnt["model"]})["learning"]["newer"]


def test_the_result_is_told_with_the_end_also_just_after_an_action_before_it(browser, process, monkeypatch):
    process("better")
    monkeypatch.setattr("cfr_icl.annotate.learning.run.READ_AGAIN", float("inf"))
    browser.do({"kind": "learn"})
    for _ in range(3600):
        told = browser.do().get("learning")
        if told and not told["running"]:
            break
        time.sleep(0.05)
    assert told["stage"] == "finished" and told["comparison"] and told["model"]


def test_learning_is_stopped_while_labelling_goes_on(browser, process):
    process("waits")
    browser.do({"kind": "learn"})
    for _ in range(3600):
        browser.told = browser.do().get("learning", browser.told)
        if browser.told["progress"]:
            break
        time.sleep(0.05)
    assert browser.told["running"] and not browser.told["elsewhere"]
    assert browser.told["seconds_left"] == 180  # in whole minutes
    assert browser.do(click(5, 5))["session"]["objects"]
    reply = browser.do({"kind": "stop_learning"})
    assert reply["learning"]["stopping"] or not reply["learning"]["running"]  # it is not waited for
    told = until(browser, "stopped")
    assert not told["running"] and not told["stopping"]


def test_a_click_does_not_wait_for_a_run_that_will_not_stop(browser, process, monkeypatch):
    monkeypatch.setattr("cfr_icl.annotate.learning.run.PATIENCE", 60)
    process("deaf")
    browser.do({"kind": "learn"})
    reply = browser.do({"kind": "stop_learning"}, click(5, 5))
    assert reply["learning"]["stopping"] and reply["learning"]["running"] and reply["session"]["objects"]
    assert "messages" not in browser.do({"kind": "stop_learning"}, {"kind": "learn"})
    monkeypatch.setattr("time.monotonic", lambda now=time.monotonic: now() + 61)
    assert not until(browser, "stopped")["running"]  # it was killed


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("few", "Zum Lernen braucht es 5 fertige Bilder mit Objekten; es gibt 2."),
        ("full", "Der Datenträger ist voll; das Lernen geht von dort weiter, wo es war, wenn Platz ist."),
        ("crashes", "Das Lernen endete unerwartet; es kann von dort weitergehen, wo es war."),
    ],
)
def test_a_failure_of_learning_is_told_in_one_sentence(browser, process, what, message):
    process(what)
    browser.do({"kind": "learn"})
    told = until(browser, "failed")
    assert browser.server.shared.learning.describe("de")["message"] == message
    assert told["model"] is None


def test_a_run_whose_process_was_killed_with_the_page_can_go_on(browser, tmp_path):
    (tmp_path / "out" / FOLDER).mkdir()
    LearningState(stage="learning", progress=0.5, seconds_left=60).write(tmp_path / "out" / FOLDER)
    again = browse(Folder(tmp_path / "images", tmp_path / "out"))
    assert again.told["stage"] == "stopped" and not again.told["running"]
    assert not again.told["begun"]  # it was killed before anything was learnt
    (tmp_path / "out" / FOLDER / "run").mkdir()
    (tmp_path / "out" / FOLDER / "run" / "checkpoint.pt").write_bytes(b"weights")
    assert browse(Folder(tmp_path / "images", tmp_path / "out")).told["begun"]


@pytest.mark.parametrize("kind", ["learn", "stop_learning", "forget_learnt"])
def test_a_run_of_another_server_is_shown_and_left_alone(browser, tmp_path, process, kind):
    process("crashes")
    out = tmp_path / "out" / FOLDER
    out.mkdir()
    LearningState(stage="learning", progress=0.5, seconds_left=60).write(out)
    before = (out / "learning.json").read_bytes()
    with FileLock(out / LOCK):
        other = browse(Folder(tmp_path / "images", tmp_path / "out"))
        assert other.told["running"] and other.told["elsewhere"] and other.told["stage"] == "learning"
        reply = other.do({"kind": kind})
        assert "Another server is learning from these pictures" in str(reply)
        assert (out / "learning.json").read_bytes() == before
    assert until(other, "stopped")
