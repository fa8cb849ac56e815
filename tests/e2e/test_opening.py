"""Pictures that come from outside: large, broken, pasted, dropped."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.annotate.pictures.picture_files import encoded, png_header
from tests.e2e.tool import EXAMPLES, Line, message

COFFEE = next(path for path in EXAMPLES if path.stem == "coffee")


def test_a_click_on_a_12_megapixel_photo_sends_at_most_60_kilobytes(tool, tmp_path):
    rows, columns = np.mgrid[:3000, :4000].astype(np.float32)
    picture = np.full((3000, 4000, 3), (90, 120, 90), np.uint8)
    picture[
        np.hypot(rows - 1500, columns - 2000) < 900 + 60 * np.sin(9 * np.arctan2(rows - 1500, columns - 2000))
    ] = (200, 40, 40)
    path = tmp_path / "large.jpg"
    Image.fromarray(picture).save(path, quality=90)
    tool.upload(path)
    sizes = []
    devtools = tool.page.context.new_cdp_session(tool.page)
    devtools.send("Network.enable")
    devtools.on("Network.dataReceived", lambda event: sizes.append(event["dataLength"]))
    devtools.on("Network.eventSourceMessageReceived", lambda event: sizes.append(len(event["data"])))
    tool.click(2000, 1500)
    tool.idle()
    tool.page.wait_for_timeout(300)
    assert tool.session.mask.sum() > 2_000_000
    assert 1_000 < sum(sizes) <= 60_000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hello", "not a picture"),
        (COFFEE.read_bytes()[:20_000], "damaged"),
        (encoded(Image.new("RGB", (1, 1))).getvalue(), "1 x 1 pixels"),
        (png_header(10_000, 10_000).getvalue(), "100.0 megapixels"),
    ],
)
def test_a_bad_picture_is_a_message_and_the_session_goes_on(tool, squares, tmp_path, content, sentence):
    tool.upload(squares)
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)
    tool.page.set_input_files("[data-ref=file]", bad)
    assert sentence in message(tool)
    tool.click(80, 80)
    tool.idle()
    assert tool.session.mask[80, 80]


def test_pasting_and_dropping_open_a_picture(tool, squares):
    script = """([bytes, kind]) => { const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, {type: 'image/png'}));
        const options = {clipboardData: data, dataTransfer: data, bubbles: true, cancelable: true};
        const Kind = kind === 'paste' ? ClipboardEvent : DragEvent;
        const event = new Kind(kind, options);
        document.querySelector('.cfr canvas').dispatchEvent(event); }"""
    for kind in ("paste", "drop"):
        tool.page.evaluate(script, [list(squares.read_bytes()), kind])
        tool.wait_for_picture(f"{kind}.png")
        assert tool.session.size == (200, 300)


def test_people_who_open_equal_files_at_once_each_get_theirs(visit, server, squares):
    ann, bob = visit(server), visit(server)
    line = Line(bob, re.compile("component_server|/run/|queue/join"))
    with bob.page.expect_response("**/upload"):
        bob.page.set_input_files("[data-ref=file]", squares)
    ann.upload(squares)
    server.pages[-2].close()  # and what was sent to her is removed
    line.let_go()
    bob.page.wait_for_function("document.querySelector('[data-ref=name]').textContent === 'squares.png'")
    bob.idle()
    assert not bob.page.locator(".toast-body").count()
    assert ann.errors == bob.errors == []
