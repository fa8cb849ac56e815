"""What a click would give: asked beside the actions, told without a change, and never in the way."""

import time
from threading import Event, Thread

import pytest

from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.workers.pool import WorkerPool
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel
from tests.ui.test_actions import example, send


@pytest.fixture
def shared():
    return Server(Settings(ColourModel(), examples=EXAMPLES))


def prepared(shared):
    page = example(shared)
    send(shared, page, {"number": 2, "kind": "prepare"})
    return page, {"page": page.token, "picture": page.picture_token, "x": 300, "y": 130, "positive": True}


def test_a_preview_shows_roughly_the_mask_of_the_click_and_changes_nothing(shared):
    page, question = prepared(shared)
    before = page.session.document
    told = shared.preview(question)
    assert page.session.document is before and page.applied == 2
    click = {"number": 3, "kind": "click", "x": 300, "y": 130, "positive": True}
    _, reply = send(shared, page, click)
    (clicked,) = reply["session"]["objects"]
    assert told["size"] == clicked["size"] and told["colour"] == clicked["colour"] and told["counts"]
    assert shared.preview(question) is None  # the object has a click now


def test_the_click_of_a_preview_is_predicted_before_it_comes(shared, monkeypatch):
    page, question = prepared(shared)
    shared.preview(question)
    segmenter, until = page.session.predictor.load(), time.monotonic() + 30
    while segmenter._current.expected_click and time.monotonic() < until:
        time.sleep(0.01)
    monkeypatch.setattr(ColourModel, "decode", lambda *_: pytest.fail("The network ran."))
    click = {"number": 3, "kind": "click", "x": 300, "y": 130, "positive": True}
    _, reply = send(shared, page, click)
    (clicked,) = reply["session"]["objects"]
    assert clicked["counts"]


@pytest.mark.parametrize(
    "change",
    [
        {"picture": "another"},
        {"page": "another"},
        {"x": "300"},
        {"x": float("nan")},
        {"x": 1e9},
        {"x": -1},
        {"positive": 1},
        {"positive": False},
        {"page": None},
    ],
)
def test_a_question_of_another_page_or_picture_or_with_wrong_values_gets_no_preview(shared, change):
    _, question = prepared(shared)
    assert shared.preview({**question, **change}) is None


def test_data_that_is_no_question_gets_no_preview(shared):
    assert shared.preview(None) is shared.preview([]) is shared.preview({"page": "x"}) is None


def test_a_page_gets_one_preview_at_a_time_and_none_while_somebody_clicks(shared):
    page, question = prepared(shared)
    in_step, go_on = Event(), Event()
    original = page.session.preview

    def slow(click):
        in_step.set()
        go_on.wait(10)
        return original(click)

    page.session.preview = slow
    told = []
    thread = Thread(target=lambda: told.append(shared.preview(question)))
    thread.start()
    assert in_step.wait(10)
    assert shared.preview(question) is None
    go_on.set()
    thread.join()
    assert told[0] is not None
    with shared.line._as_waiting():
        assert shared.preview(question) is None
    assert shared.preview(question) is not None


def test_a_server_without_a_network_of_its_own_offers_no_previews():
    assert Server(Settings(ColourModel())).previews
    assert not Server(Settings(ColourModel(), remote=lambda *cues: None)).previews
    assert not Server(Settings(workers=WorkerPool(["http://127.0.0.1:9"]))).previews
