"""What a click would give: asked beside the actions, told without a change, and never in the way."""

from threading import Event, Thread

import pytest

from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.workers.pool import WorkerPool
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel
from tests.ui.parcels import example, send


@pytest.fixture
def server():
    return Server(Settings(ColourModel(), examples=EXAMPLES))


def prepared(server):
    page = example(server)
    send(server, page, {"number": 2, "kind": "prepare"})
    return page, {"page": page.token, "picture": page.picture_token, "x": 300, "y": 130, "positive": True}


def test_a_preview_shows_roughly_the_mask_of_the_click_and_changes_nothing(server):
    page, question = prepared(server)
    before = page.session.document
    told = server.preview(question)
    assert page.session.document is before and page.applied == 2
    click = {"number": 3, "kind": "click", "x": 300, "y": 130, "positive": True}
    _, reply = send(server, page, click)
    (clicked,) = reply["session"]["objects"]
    assert told["size"] == clicked["size"] and told["colour"] == clicked["colour"] and told["counts"]
    assert server.preview(question) is None  # the object has a click now


def test_the_click_of_a_preview_is_predicted_before_it_comes(server, monkeypatch):
    page, question = prepared(server)
    server.preview(question)
    for _ in range(20):  # each step of the prediction stands in the line by itself
        server.shared.models.line.if_idle(lambda: None)
    monkeypatch.setattr(ColourModel, "decode", lambda *_: pytest.fail("The network ran."))
    click = {"number": 3, "kind": "click", "x": 300, "y": 130, "positive": True}
    _, reply = send(server, page, click)
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
def test_a_question_of_another_page_or_picture_or_with_wrong_values_gets_no_preview(server, change):
    _, question = prepared(server)
    assert server.preview({**question, **change}) is None


def test_data_that_is_no_question_gets_no_preview(server):
    assert server.preview(None) is server.preview([]) is server.preview({"page": "x"}) is None


def test_a_page_gets_one_preview_at_a_time_and_none_while_somebody_clicks(server):
    page, question = prepared(server)
    in_step, go_on = Event(), Event()
    original = page.session.preview

    def slow(*arguments):
        in_step.set()
        go_on.wait(10)
        return original(*arguments)

    page.session.preview = slow
    told = []
    thread = Thread(target=lambda: told.append(server.preview(question)))
    thread.start()
    assert in_step.wait(10)
    assert server.preview(question) is None
    go_on.set()
    thread.join()
    assert told[0] is not None
    line = server.shared.models.line
    assert line.run(lambda: server.preview(question)) is None  # while somebody waits for this call
    assert server.preview(question) is not None


def test_a_server_without_a_network_of_its_own_offers_no_previews():
    assert Server(Settings(ColourModel())).shared.models.in_this_process
    assert not Server(Settings(ColourModel(), remote=lambda *cues: None)).shared.models.in_this_process
    assert not Server(Settings(workers=WorkerPool(["http://127.0.0.1:9"]))).shared.models.in_this_process
