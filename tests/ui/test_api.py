"""The endpoint that programs call, through Gradio's own client."""

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.blocks import build, launch
from cfr_icl.ui.page import Settings
from tests.stand_in import ColourModel


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    blocks = build(Settings(ColourModel()))
    _, url, _ = launch(blocks, prevent_thread_lock=True, quiet=True)
    yield Client(url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
    blocks.close()


@pytest.fixture
def pixels():
    pixels = np.full((60, 80, 3), 128, np.uint8)
    pixels[20:40, 10:40] = (220, 30, 30)
    return pixels


@pytest.fixture
def picture(pixels, tmp_path):
    path = tmp_path / "red.png"
    Image.fromarray(pixels).save(path)
    return handle_file(str(path))


def test_segment_answers_with_the_mask(client, picture, pixels):
    path = client.predict(picture, [[20, 30], [60, 50, 0]], 2, api_name="/segment")
    with Image.open(path) as image:
        mask = np.array(image)
    segmenter = Segmenter(ColourModel(), steps=2)
    segmenter.set_image(pixels)
    assert np.array_equal(mask == 255, segmenter.predict([Click(20, 30), Click(60, 50, False)]).mask)
    again = client.predict(picture, [[25, 30]], previous_mask=handle_file(path), api_name="/segment")
    with Image.open(again) as image:
        assert image.size == (80, 60)


@pytest.mark.parametrize(
    ("clicks", "steps", "sentence"),
    [
        ([[200, 30]], 2, "outside the picture"),
        ([], 2, "1 to 200 clicks"),
        ([["a", 1]], 2, "A click is"),
        ([[20, 30]], 11, "0 to 10"),
    ],
)
def test_bad_input_is_one_sentence(client, picture, clicks, steps, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(picture, clicks, steps, api_name="/segment")


def test_files_of_the_server_cannot_be_named(client):
    with pytest.raises((AppError, ValueError)):
        client.predict(
            {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}, [[1, 1]], api_name="/segment"
        )


def test_only_the_endpoint_is_public(client):
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/segment"]
