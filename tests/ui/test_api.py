"""The endpoint that programs call, through Gradio's own client."""

import errno
import os
import threading

import numpy as np
import pytest
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
def client(model, tmp_path_factory):
    blocks = build(Server(Settings(model)))
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
