"""The page takes the objects of the previous picture of its folder."""

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, click


@pytest.fixture
def browser(tmp_path, picture):
    images = tmp_path / "images"
    images.mkdir()
    for number in range(3):
        moved = np.roll(picture, (2 * number, 4 * number), (0, 1))
        Image.fromarray(moved).save(images / f"{number}.png")
    Image.fromarray(picture[:50]).save(images / "3.png")
    browser = Browser(Server(Settings(ColourModel(), folder=Folder(images, tmp_path / "out"))))
    browser.do({"kind": "hello"})
    return browser


def test_objects_follow_from_picture_to_picture_and_are_saved(browser):
    browser.do(click(30, 40), {"kind": "label", "name": "square", "active": True})
    for name in ("1.png", "2.png"):
        browser.do({"kind": "goto", "name": name})
        reply = browser.do({"kind": "take_over", "follow": True})
        (found,) = reply["session"]["objects"]
        assert found["label"] == "square" and found["id"] == 1 and 0 < found["certainty"] <= 1
    saved = browser.server.settings.folder.open("2.png").document.instances[0]
    assert saved.mask.pixels[60, 55] and not saved.mask.pixels[22, 12]
    undone = browser.do({"kind": "undo"})
    assert undone["session"]["order"] == [] and not undone["session"]["can_undo"]


def test_objects_that_cannot_be_taken_over_are_told_in_one_sentence(browser):
    assert browser.do({"kind": "take_over", "follow": True})["messages"] == ["There is no previous picture."]
    browser.do({"kind": "goto", "name": "1.png"})
    (message,) = browser.do({"kind": "take_over", "follow": False})["messages"]
    assert message == "The previous picture, 0.png, has no objects."
    browser.do({"kind": "goto", "name": "2.png"})
    browser.do(click(40, 40))
    browser.do({"kind": "goto", "name": "3.png"})
    (message,) = browser.do({"kind": "take_over", "follow": True})["messages"]
    assert "another size" in message
