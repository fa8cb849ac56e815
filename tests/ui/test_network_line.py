"""The network's line: what is computed ahead never holds up an answer."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui import expected_pictures, network_line
from cfr_icl.ui.network_line import NetworkLine
from cfr_icl.ui.queued_predictor import QueuedPredictor
from tests.stand_in import ColourModel


def wait_for_idle_work(line):
    """Each step stands in the line by itself."""
    for _ in range(20):
        line.if_idle(lambda: None)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(network_line, "QUIET", 0)


def test_work_ahead_is_dropped_when_somebody_asks_for_a_prediction():
    line, taken, in_step, go_on = NetworkLine(), [], Event(), Event()

    def steps():
        for number in range(3):
            taken.append(number)
            in_step.set()
            go_on.wait(10)
            yield

    line.in_idle_time(steps)
    assert in_step.wait(10)
    asked, original = line.someone_waits, line.someone_waits.set
    asked.set = lambda: (original(), go_on.set())  # the question comes within the first step
    assert line.run(lambda: "answer") == "answer"
    assert taken == [0]


def test_work_ahead_is_finished_while_nobody_asks_and_an_error_ends_it_alone(caplog):
    line, taken = NetworkLine(), []

    def steps():
        for number in range(3):
            taken.append(number)
            yield
        raise RuntimeError("out of memory")

    with caplog.at_level(logging.ERROR):
        line.in_idle_time(steps)
        wait_for_idle_work(line)
    assert taken == [0, 1, 2] and "out of memory" in caplog.text
    assert line.run(lambda: "answer") == "answer"


def test_after_a_prediction_the_window_of_the_next_click_is_encoded_ahead():
    picture = np.full((450, 600, 3), 128, np.uint8)
    picture[200:260, 210:270] = (220, 30, 30)  # small: the window moves to it
    model, encoded = ColourModel(), []
    encode = model.encode
    model.encode = lambda image: encoded.append(1) or encode(image)
    line, clicks = NetworkLine(), [Click(230, 220), Click(235, 225)]

    def encoded_by_the_second_click(predictor):
        predictor.set_image(picture)
        predictor.predict(clicks[:1])
        wait_for_idle_work(line)
        before = len(encoded)
        prediction = predictor.predict(clicks)
        return len(encoded) - before, prediction.mask

    plain, mask = encoded_by_the_second_click(Segmenter(model))
    ahead, same = encoded_by_the_second_click(QueuedPredictor(line, lambda: Segmenter(model)))
    assert plain > 0 and ahead == 0 and np.array_equal(mask, same)


def test_calls_in_idle_time_give_way_to_predictions():
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
        assert line.someone_waits.wait(10)
        go_on.set()
        assert running.result() and answer.result() == "answer" and behind.result() is None
    assert called == []
    assert line.if_idle(lambda: "again") == "again"


def test_the_number_of_waiting_calls_in_idle_time_is_bounded(monkeypatch):
    monkeypatch.setattr(network_line, "IDLE_CALLS", 1)
    line, in_step, go_on = NetworkLine(), Event(), Event()
    with ThreadPoolExecutor(1) as threads:
        one = threads.submit(line.if_idle, lambda: in_step.set() or go_on.wait(10))
        assert in_step.wait(10)
        assert line.if_idle(lambda: "two") is None
        go_on.set()
        assert one.result()


def test_work_ahead_of_two_pages_takes_turns_step_by_step():
    line, order = NetworkLine(), []

    def steps():
        for number in range(3):
            order.append(number)
            if number == 0:
                line.in_idle_time(of_another_page)
            yield

    def of_another_page():
        order.append("another page")
        yield

    line.in_idle_time(steps)
    wait_for_idle_work(line)
    assert order == [0, "another page", 1, 2]


def pictures(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (90, 120, 3), np.uint8) for _ in range(count)]


def test_the_next_picture_is_encoded_while_nobody_clicks():
    first, second = pictures(2)
    model, encoded, line = ColourModel(), [], NetworkLine()
    encode = model.encode
    model.encode = lambda image: encoded.append(1) or encode(image)
    predictor = QueuedPredictor(line, lambda: Segmenter(model))
    predictor.set_image(first)
    predictor.expect(second)
    assert not encoded  # the open picture comes first
    predictor.prepare()
    wait_for_idle_work(line)
    assert len(encoded) == 4  # both, with their mirror images
    predictor.set_image(second.copy())
    predictor.prepare()
    prediction = predictor.predict([Click(30, 20)])
    plain = Segmenter(ColourModel())
    plain.set_image(second)
    assert len(encoded) == 4 and np.array_equal(plain.predict([Click(30, 20)]).mask, prediction.mask)


def test_a_click_waits_for_one_step_of_the_next_picture_and_the_rest_is_done_when_it_is_opened():
    first, second = pictures(2)
    model, encoded, in_step, go_on = ColourModel(), [], Event(), Event()
    line, encode = NetworkLine(), model.encode
    predictor = QueuedPredictor(line, lambda: Segmenter(model))
    predictor.set_image(first)
    predictor.prepare()
    predictor.predict([Click(30, 20)])
    wait_for_idle_work(line)

    def slow(image):
        encoded.append(1)
        in_step.set()
        go_on.wait(10)
        return encode(image)

    model.encode = slow
    predictor.expect(second)
    with ThreadPoolExecutor(1) as threads:
        assert in_step.wait(10)
        answer = threads.submit(line.run, lambda: len(encoded))
        assert line.someone_waits.wait(10)
        go_on.set()
        assert answer.result() == 1
    predictor.set_image(second)
    predictor.prepare()
    wait_for_idle_work(line)
    assert len(encoded) == 2


def test_the_number_of_next_pictures_that_are_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(expected_pictures, "MOST", 2)
    line, (picture, following) = NetworkLine(), pictures(2)
    models = [ColourModel() for _ in range(3)]
    predictors = [QueuedPredictor(line, lambda each=each: Segmenter(each)) for each in models]
    for predictor in predictors:
        predictor.set_image(picture)
        predictor.prepare()
        predictor.expect(following)
    wait_for_idle_work(line)
    predictors[1].set_image(picture)  # another way was taken

    encoded = []
    for number, (predictor, model) in enumerate(zip(predictors, models, strict=True)):
        model.encode = lambda image, n=number, encode=model.encode: encoded.append(n) or encode(image)
        predictor.set_image(following)
        predictor.prepare()
    assert set(encoded) == {0, 1}  # the first gave way to the third
