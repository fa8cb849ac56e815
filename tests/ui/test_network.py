"""The network's line: what is computed ahead never holds up an answer."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui import network
from cfr_icl.ui.network import NetworkLine, QueuedPredictor
from tests.stand_in import ColourModel


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(network, "QUIET", 0)


def test_what_is_left_to_compute_ahead_is_dropped_when_somebody_asks():
    line, taken, in_step, go_on = NetworkLine(), [], Event(), Event()

    def steps():
        for number in range(3):
            taken.append(number)
            in_step.set()
            go_on.wait(10)
            yield

    line.in_idle_time(steps)
    assert in_step.wait(10)
    asked, original = line._asked, line._asked.set
    asked.set = lambda: (original(), go_on.set())  # the question comes within the first step
    assert line.run(lambda: "answer") == "answer"
    assert taken == [0]


def test_all_of_it_is_computed_while_nobody_asks_and_an_error_ends_that_alone(caplog):
    line, taken = NetworkLine(), []

    def steps():
        for number in range(3):
            taken.append(number)
            yield
        raise RuntimeError("out of memory")

    with caplog.at_level(logging.ERROR):
        line.in_idle_time(steps)
        line._threads.submit(lambda: None).result()  # behind it in the line
    assert taken == [0, 1, 2] and "out of memory" in caplog.text
    assert line.run(lambda: "answer") == "answer"


def test_after_an_answer_the_next_click_s_window_is_encoded_ahead():
    picture = np.full((450, 600, 3), 128, np.uint8)
    picture[200:260, 210:270] = (220, 30, 30)  # small: the window moves to it
    model, encoded = ColourModel(), []
    encode = model.encode
    model.encode = lambda image: encoded.append(1) or encode(image)
    line, clicks = NetworkLine(), [Click(230, 220), Click(235, 225)]

    def encoded_by_the_second_click(predictor):
        predictor.set_image(picture)
        predictor.predict(clicks[:1])
        line._threads.submit(lambda: None).result()  # behind what is computed ahead
        before = len(encoded)
        prediction = predictor.predict(clicks)
        return len(encoded) - before, prediction.mask

    plain, mask = encoded_by_the_second_click(Segmenter(model))
    ahead, same = encoded_by_the_second_click(QueuedPredictor(line, lambda: Segmenter(model)))
    assert plain > 0 and ahead == 0 and np.array_equal(mask, same)


def test_what_is_asked_beside_the_answers_gives_way_to_them():
    line, in_step, go_on, called = NetworkLine(), Event(), Event(), []
    assert line.if_idle(lambda one, other: one + other, 1, 2) == 3
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(line.run, lambda: in_step.set() or go_on.wait(10))
        assert in_step.wait(10)
        assert line.if_idle(called.append, "while somebody waits") is None
        go_on.set()
        first.result()
        in_step.clear(), go_on.clear()
        running = threads.submit(line.if_idle, lambda: in_step.set() or go_on.wait(10))
        assert in_step.wait(10)
        behind = threads.submit(line.if_idle, called.append, "behind it")
        answer = threads.submit(line.run, lambda: "answer")
        assert line._asked.wait(10)
        go_on.set()
        assert running.result() and answer.result() == "answer" and behind.result() is None
    assert called == []
    assert line.if_idle(lambda: "again") == "again"


def test_no_more_than_some_of_these_wait_at_a_time(monkeypatch):
    monkeypatch.setattr(network, "IDLE_CALLS", 1)
    line, in_step, go_on = NetworkLine(), Event(), Event()
    with ThreadPoolExecutor(1) as threads:
        one = threads.submit(line.if_idle, lambda: in_step.set() or go_on.wait(10))
        assert in_step.wait(10)
        assert line.if_idle(lambda: "two") is None
        go_on.set()
        assert one.result()
