"""The endpoint that programs call, through Gradio's own client."""

import errno
import json
import os
import threading

import httpx
import numpy as np
import pytest
from fastapi.responses import JSONResponse
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.blocks import build, launch
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel


class Watched(ColourModel):
    """Remembers which threads called it."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = set()

    def decode(self, features, prompt_maps):
        self.threads.add(threading.get_ident())
        return super().decode(features, prompt_maps)


@pytest.fixture(scope="module")
def model():
    return Watched()


@pytest.fixture(scope="module")
def server(model):
    return Server(Settings(model))


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    blocks = build(server)
    _, url, _ = launch(blocks, prevent_thread_lock=True, quiet=True)
    yield Client(url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
    blocks.close()


@pytest.fixture
def upload(picture_file):
    return handle_file(str(picture_file))


def test_segment_answers_with_the_mask(client, upload, picture):
    path = client.predict(upload, [[20, 30], [60, 50, 0]], 2, api_name="/segment")
    with Image.open(path) as image:
        mask = np.array(image)
    segmenter = Segmenter(ColourModel())
    segmenter.set_image(picture)
    assert np.array_equal(
        mask == 255,
        segmenter.predict([Click(20, 30), Click(60, 50, False)], cfr=CascadeForward(steps=2)).mask,
    )
    again = client.predict(upload, [[25, 30]], previous_mask=handle_file(path), api_name="/segment")
    with Image.open(again) as image:
        assert image.size == (120, 90)


def test_segment_begins_with_a_box_whose_sides_belong_to_it(client, upload, picture):
    segmenter = Segmenter(ColourModel())
    segmenter.set_image(picture)
    for clicks in ([], [[60, 50, 0]]):
        path = client.predict(upload, clicks, 2, box=[10, 20, 39, 49], api_name="/segment")
        with Image.open(path) as image:
            mask = np.array(image) == 255
        expected = segmenter.predict(
            [Click(x, y, bool(sign)) for x, y, sign in clicks],
            box=Rectangle(10, 20, 40, 50),
            cfr=CascadeForward(steps=2),
        )
        assert np.array_equal(mask, expected.mask)


@pytest.mark.parametrize(
    ("box", "sentence"),
    [([1, 2, 3], "A box is"), ([400, 400, 500, 500], "outside the picture"), (["a", 1, 2, 3], "A box is")],
)
def test_a_bad_box_is_one_sentence(client, upload, box, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(upload, [], 2, box=box, api_name="/segment")


@pytest.mark.parametrize(
    ("clicks", "steps", "sentence"),
    [
        ([[200, 30]], 2, "outside the picture"),
        ([], 2, "1 to 200 clicks"),
        ([[60, 50, 0]], 2, "No click is positive: add one"),
        ([["a", 1]], 2, "A click is"),
        ([[True, 1]], 2, "A click is"),
        ([[20, 30]], 11, "0 to 10"),
    ],
)
def test_bad_input_is_one_sentence(client, upload, clicks, steps, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(upload, clicks, steps, api_name="/segment")


def test_a_full_disk_of_the_server_is_told(client, upload, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("cfr_icl.ui.api.Path.write_bytes", full)
    with pytest.raises(AppError, match=r"^No space left on device\.$"):
        client.predict(upload, [[20, 30]], api_name="/segment")


def test_files_of_the_server_cannot_be_named(client):
    with pytest.raises((AppError, ValueError)):
        client.predict(
            {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}, [[1, 1]], api_name="/segment"
        )


def test_only_the_endpoint_is_public(client):
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/segment"]


def test_requests_at_once_are_answered_one_by_one_in_one_thread(client, model, upload):
    jobs = [client.submit(upload, [[20 + shift, 30]], api_name="/segment") for shift in range(6)]
    assert all(job.result() for job in jobs)
    assert len(model.threads) == 1


def call(url, body, path="call/segment"):
    """What a program without Gradio's client reads: the status, and the answer or the reason for none."""
    answer = httpx.post(f"{url}gradio_api/{path}", json=body)
    if answer.status_code != 200:
        return answer.status_code, answer.json()["detail"]
    event = httpx.get(f"{url}gradio_api/call/segment/{answer.json()['event_id']}").text
    return answer.status_code, json.loads(event.partition("data: ")[2])


@pytest.fixture
def file(client, picture_file):
    with picture_file.open("rb") as content:
        path = httpx.post(f"{client.src}gradio_api/upload", files={"files": content}).json()[0]
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_arguments_that_a_list_leaves_out_have_their_defaults(client, file):
    _, [mask] = call(client.src, {"data": [file, [[20, 30]]]})
    assert mask["orig_name"] == "mask.png"
    _, answer = call(client.src, {"data": []})
    assert answer["error"] == "Send the picture as an uploaded file."
    _, answer = call(client.src, {"data": [file]})
    assert answer["error"].startswith("Give 1 to 200 clicks")


@pytest.mark.parametrize("path", ["/etc/hostname", "../../etc/hostname", "a\0b", "/tmp/" + "a" * 5000, ""])
def test_a_path_that_was_not_uploaded_is_one_sentence(client, file, path):
    _, answer = call(client.src, {"data": [{**file, "path": path}, [[20, 30]]]})
    assert answer["error"] == "Send the picture as an uploaded file."


@pytest.mark.parametrize(
    "value", [None, 3, "mask.png", [], {"path": 3}, {"path": "/etc/hostname"}, {"path": "a", "meta": []}]
)
def test_of_picture_and_mask_the_one_that_is_no_uploaded_file_is_named(client, file, value):
    _, answer = call(client.src, {"data": [value, [[20, 30]], 1, file]})
    assert answer["error"] == "Send the picture as an uploaded file."
    if value is not None:
        _, answer = call(client.src, {"data": [file, [[20, 30]], 1, value]})
        assert answer["error"] == "Send the previous mask as an uploaded file."


def test_files_in_place_of_numbers_are_one_sentence(client, file):
    for value in ({**file, "path": "/etc/hostname"}, {"path": "a", "meta": []}):
        _, answer = call(client.src, {"data": [file, [[20, value]]]})
        assert answer["error"] == "Send the clicks as an uploaded file."


def test_of_two_files_with_one_name_the_damaged_one_is_named(client, tmp_path, file):
    (tmp_path / "picture.png").write_text("hello")
    text = handle_file(str(tmp_path / "picture.png"))
    with pytest.raises(AppError, match=r"^previous_mask: This is not a picture that can be read"):
        client.predict(file, [[20, 30]], previous_mask=text, api_name="/segment")
    with pytest.raises(AppError, match=r"^picture: This is not a picture that can be read"):
        client.predict(text, [[20, 30]], previous_mask=file, api_name="/segment")


@pytest.mark.parametrize("kind", [ValueError, TypeError, KeyError, OSError])
def test_an_error_of_our_own_is_not_told_as_the_callers_mistake(client, file, server, monkeypatch, kind):
    def broken(*_, **__):
        raise kind("inside")

    monkeypatch.setattr(server.shared.models.line, "run", broken)
    _, answer = call(client.src, {"data": [file, [[20, 30]]]})
    assert answer["error"] is None  # what Gradio says of errors that are none of the caller's

    monkeypatch.setattr("gradio.blocks.Blocks.preprocess_data", broken)
    _, answer = call(client.src, {"data": [file, [[20, 30]]]})
    assert answer["error"] is None


@pytest.mark.parametrize("error", [TypeError("inside"), KeyError("inside")])
def test_an_error_of_our_own_on_the_way_is_a_failure_of_the_server(client, file, monkeypatch, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr("gradio.route_utils.get_fn", broken)
    answer = httpx.post(
        f"{client.src}gradio_api/call/v2/segment", json={"picture": file, "clicks": [[20, 30]]}
    )
    assert answer.status_code == 500 and "inside" not in answer.text


def test_handlers_and_options_of_a_caller_join_ours(model):
    async def refuse(request, error):
        return JSONResponse({"detail": "mine"}, 418)

    async def mine():
        raise ZeroDivisionError

    blocks = build(Server(Settings(model)))
    app, url, _ = launch(
        blocks,
        prevent_thread_lock=True,
        quiet=True,
        max_file_size="1mb",
        app_kwargs={"exception_handlers": {ZeroDivisionError: refuse}, "docs_url": "/mine"},
    )
    app.add_api_route("/divide", mine)
    try:
        assert call(url, {}, "call/v2/segments") == (404, "There is no endpoint '/segments'.")
        assert httpx.get(f"{url}divide").status_code == 418
        assert httpx.get(f"{url}mine").status_code == 200
        large = httpx.post(f"{url}gradio_api/upload", files={"files": b"0" * 2_000_000})
        assert large.status_code == 413
    finally:
        blocks.close()


def test_wrong_names_of_arguments_are_one_sentence(client, file):
    arguments = {"picture": file, "clicks": [[20, 30]]}
    assert call(client.src, {**arguments, "click": 1}, "call/v2/segment") == (
        422,
        "Parameter `click` is not a valid key-word argument.",
    )
    assert call(client.src, {"picture": file}, "call/v2/segment") == (
        422,
        "No value provided for required argument: clicks",
    )
    assert call(client.src, arguments, "call/v2/segments") == (404, "There is no endpoint '/segments'.")


def test_others_have_their_turns_between_the_clicks_of_a_request(model, upload, client, server, monkeypatch):
    """A request of 200 clicks takes a minute; a page's click waits for one of them."""
    calls = []
    run = server.shared.models.line.run

    def noted(function, *arguments, **named):
        calls.append(arguments)
        return run(function, *arguments, **named)

    monkeypatch.setattr(server.shared.models.line, "run", noted)
    clicks = [[60, 50, 0], [20, 30], [25, 30], [61, 52, 0]]
    client.predict(upload, clicks, 1, api_name="/segment")
    assert [len(arguments[1]) for arguments in calls] == [2, 3, 4]


def test_a_click_outside_is_refused_before_any_is_predicted(upload, client, server, monkeypatch):
    calls = []
    monkeypatch.setattr(server.shared.models.line, "run", lambda *arguments, **named: calls.append(arguments))
    with pytest.raises(AppError, match="lies outside the picture"):
        client.predict(upload, [[20, 30], [25, 30], [5000, 30]], 1, api_name="/segment")
    assert not calls
