"""Networks in other processes: the same predictions, and what happens when one is lost."""

import threading

import numpy as np
import pytest

from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.prediction import Choice, InnerPass, Prediction, PredictionError
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import Segmenter
from cfr_icl.workers import serving
from cfr_icl.workers.pool import WorkerPool, WorkersError
from cfr_icl.workers.wire import (
    PredictionRequest,
    picture_digest,
    prediction_from_bytes,
    prediction_to_bytes,
    request_from_bytes,
    request_to_bytes,
)
from cfr_icl.zoom.logit_map import LogitMap
from cfr_icl.zoom.window import Window
from tests.stand_in import ColourModel


def clicked(predictor, picture):
    session = Session(predictor, CascadeForward(steps=2))
    session.open(picture, "squares.png")
    session.click(Click(30, 40))
    session.click(Click(90, 50, False))
    session.finish()
    session.box(68, 28, 111, 71)
    return session


def test_workers_answer_like_a_network_of_this_process(start, picture):
    worker = start()
    pool = WorkerPool([worker.url])
    predictor = pool.predictor()
    own, far = clicked(Segmenter(ColourModel()), picture), clicked(predictor, picture)
    assert [i.mask for i in far.document.instances] == [i.mask for i in own.document.instances]
    for one, other in zip(far.document.instances, own.document.instances, strict=True):
        there, here = far.predict(one), own.predict(other)
        assert all(np.array_equal(a, b) for a, b in zip(there.trace, here.trace, strict=True))
        assert (there.forwards, there.window) == (here.forwards, here.window)
    assert len([asked for asked in worker.asked if asked.pixels is not None]) == 1
    before = len(worker.asked)
    far.undo()
    far.predict(far.document.instances[0])
    assert len(worker.asked) == before


def test_a_lost_worker_means_a_retry_then_a_sentence_and_the_work_stays(start, picture):
    first, second = start(), start()
    pool = WorkerPool([first.url, second.url])
    session = clicked(pool.predictor(), picture)
    masks = [instance.mask for instance in session.document.instances]
    holder, other = (first, second) if first.asked else (second, first)
    assert not other.asked  # a picture is one worker's
    holder.die()
    session.click(Click(100, 60))
    assert other.asked[-1].pixels is not None and len(session.document.instances[1].clicks) == 6
    other.die()
    before = session.document
    with pytest.raises(WorkersError, match="your work is kept"):
        session.click(Click(80, 40))
    assert session.document == before and session.document.instances[0].mask == masks[0]
    again = start(port=other.port)
    session.click(Click(80, 40))
    assert again.asked[-1].pixels is not None and len(session.document.instances[1].clicks) == 7


def test_pages_share_a_worker_and_it_forgets_the_oldest_picture(start, picture, monkeypatch):
    monkeypatch.setattr(serving, "PICTURES", 2)
    worker = start()
    pool = WorkerPool([worker.url])
    pictures = [np.roll(picture, number, axis=1).copy() for number in range(3)]
    predictors = [pool.predictor() for _ in pictures]
    for predictor, pixels in zip(predictors, pictures, strict=True):
        predictor.set_image(pixels)
        predictor.prepare()
    here = Segmenter(ColourModel())
    found = {}

    def click(number):
        found[number] = predictors[number].predict([Click(30 + number, 40)]).mask

    threads = [threading.Thread(target=click, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, pixels in enumerate(pictures):
        here.set_image(pixels)
        assert np.array_equal(found[number], here.predict([Click(30 + number, 40)]).mask)


def test_workers_of_different_weights_or_without_their_token_are_refused_at_the_start(start):
    one, other, closed = start(), start(weights="other"), start(token="secret")
    with pytest.raises(ValueError, match="different weights"):
        WorkerPool([one.url, other.url]).check()
    with pytest.raises(ValueError, match="CFR_ICL_WORKER_TOKEN"):
        WorkerPool([closed.url]).check()
    assert WorkerPool([closed.url], "secret").check() == {"weights": "colour"}
    assert WorkerPool(["http://127.0.0.1:1"]).check() is None
    assert WorkerPool([one.url, "http://127.0.0.1:1"]).check() == {"weights": "colour"}


def test_an_address_that_fails_once_is_asked_again(start, picture):
    class FailsOnce(Segmenter):
        failed = False

        def predict(self, clicks, **options):
            if not FailsOnce.failed:
                FailsOnce.failed = True
                raise RuntimeError("This replica is lost.")
            return super().predict(clicks, **options)

    predictor = WorkerPool([start(lambda: FailsOnce(ColourModel())).url]).predictor()
    predictor.set_image(picture)
    assert predictor.predict([Click(30, 40)]).mask.any() and FailsOnce.failed


def test_a_page_never_mixes_the_masks_of_two_networks(start, picture):
    worker = start()
    predictor = WorkerPool([worker.url]).predictor()
    predictor.set_image(picture)
    predictor.predict([Click(30, 40)])
    worker.die()
    other = start(weights="other", port=worker.port)
    with pytest.raises(WorkersError, match="another one than before"):
        predictor.predict([Click(30, 41)])
    other.die()
    start(port=worker.port)
    assert predictor.predict([Click(30, 41)]).mask.any()


def test_a_broken_network_and_a_click_outside_do_not_count_as_a_lost_worker(start, picture):
    class Broken(Segmenter):
        def predict(self, clicks, **options):
            raise PredictionError("The output is not finite.")

    for make, kind, click in (
        (lambda: Broken(ColourModel()), PredictionError, Click(30, 40)),
        (lambda: Segmenter(ColourModel()), ValueError, Click(500, 40)),
    ):
        predictor = WorkerPool([start(make).url]).predictor()
        predictor.set_image(picture)
        with pytest.raises(kind, match=r"finite|outside"):
            predictor.predict([click])


def test_the_page_says_that_no_worker_answers_and_goes_on_when_one_does(start, warnings):
    from cfr_icl.ui.server import Server
    from cfr_icl.ui.settings import Settings
    from tests.e2e.tool import EXAMPLES
    from tests.ui.parcels import send

    worker = start()
    server = Server(Settings(examples=EXAMPLES, workers=WorkerPool([worker.url])))
    click = {"kind": "click", "x": 300, "y": 130, "positive": True}
    page, _ = send(server, None, {"number": 1, "kind": "example", "index": 3})
    page, _ = send(server, page, {**click, "number": 2})
    worker.die()
    page, reply = send(server, page, {**click, "number": 3, "x": 310})
    assert warnings == ["No network worker answers; your work is kept. Try again in a moment."]
    again = start(port=worker.port)
    page, reply = send(server, page, {**click, "number": 4, "x": 320})
    assert [c[0] for c in reply["session"]["objects"][0]["clicks"]] == [300, 320] and again.asked


@pytest.mark.parametrize("content", [b"", b"x" * 100, (50).to_bytes(8, "little") + b"{}" * 25])
def test_data_that_is_no_request_is_refused(content, start):
    import httpx

    worker = start()
    assert httpx.post(f"{worker.url}/predict", content=content).status_code == 400
    with pytest.raises(ValueError, match=r"damaged|not a"):
        prediction_from_bytes(content)


@pytest.mark.parametrize("header", ["endless", "deep"])
def test_hostile_json_in_a_request_is_refused(header):
    from safetensors.torch import save

    if header == "endless":
        content = request_to_bytes(PredictionRequest("p", choice=float("inf")))
    else:
        content = save({"": np_tensor(1, 1)}, {"json": "[" * 100_000, "version": "1"})
    with pytest.raises(ValueError, match=r"damaged|not a"):
        request_from_bytes(content)


def test_a_picture_under_the_name_of_another_one_is_refused(picture):
    worker = serving.Worker(lambda: Segmenter(ColourModel()))
    with pytest.raises(ValueError, match="not the one"):
        worker.answer(PredictionRequest(picture_digest(picture), ahead=True, pixels=255 - picture))
    assert worker.answer(PredictionRequest(picture_digest(picture), ahead=True, pixels=picture)) == b""


def test_every_field_of_a_prediction_survives_the_wire(picture):
    model = ColourModel()
    segmenter = Segmenter(model, close_up=CloseUpConfig(first_click=1))
    segmenter.set_image(picture)
    window = Window.of_size(90, 120)
    logits = LogitMap.of_logits(np_tensor(30, 40), window, window, (120, 120), (90, 120))
    passes = (InnerPass(logits, 0.5, choices=(Choice(logits, 0.5), Choice(logits, 0.25)), choice=0),)
    for prediction in (
        segmenter.predict([Click(30, 40)]),
        segmenter.predict([]),
        Prediction(passes, 0, 1, 2.0),
    ):
        back = prediction_from_bytes(prediction_to_bytes(prediction))
        assert np.array_equal(back.probabilities, prediction.probabilities)
        assert [p.close_up for p in back.passes] == [p.close_up for p in prediction.passes]
        assert [c.predicted_iou for c in back.choices] == [c.predicted_iou for c in prediction.choices]
        assert all(
            np.array_equal(a.mask, b.mask) for a, b in zip(back.choices, prediction.choices, strict=True)
        )
    asked = PredictionRequest(
        "p", (Click(1, 2.5, False, True),), picture[..., 0] > 100, Rectangle(1, 2, 3, 4), 2
    )
    again = request_from_bytes(request_to_bytes(asked))
    assert np.array_equal(again.previous_mask, asked.previous_mask) and again.previous_mask.dtype == bool
    assert (again.clicks, again.box, again.choice, again.cfr) == (asked.clicks, asked.box, 2, asked.cfr)


def np_tensor(height, width):
    import torch

    return torch.linspace(-4, 4, height * width).reshape(height, width)
