"""Names that anybody gave are shown as text, and transparent pictures as what they are."""

import json

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder

EVIL = "<img src=x onerror=window.evil=1>"
SCRIPT = "</script><svg onload=window.evil=1>"


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    pixels = np.full((200, 300, 3), 128, np.uint8)
    pixels[40:120, 30:130] = (220, 30, 30)
    Image.fromarray(pixels).save(folder / "1.png")
    (folder / f"{EVIL}.png").write_bytes(b"broken")
    return folder


def test_hostile_names_are_text_everywhere(serve, visit, pictures, tmp_path):
    tool = visit(serve(folder=Folder(pictures, tmp_path / "out")))
    coco = {
        "images": [{"id": 1, "file_name": "1.png", "height": 200, "width": 300}],
        "categories": [{"id": 1, "name": EVIL}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[30, 40, 130, 40, 130, 120, 30, 120]]}
        ],
    }
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(coco))
    tool.page.set_input_files("[data-ref=masks-file]", path)
    tool.page.locator("[data-ref=objects] li").wait_for()
    tool.idle()
    assert tool.page.get_by_label("Label of object 1").input_value() == EVIL
    labels = tmp_path / "labels.txt"
    labels.write_text(f"{EVIL}\n{SCRIPT}\n")
    tool.page.set_input_files("[data-ref=labels-file]", labels)
    chip = tool.page.locator("[data-ref=labels] button").filter(has_text=SCRIPT)
    chip.wait_for(state="attached")
    tool.page.keyboard.press("PageDown")
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert f"{EVIL}.png" in toast.inner_text()
    assert tool.page.evaluate("window.evil") is None
    assert (
        tool.page.locator("[data-ref=objects] img, [data-ref=labels] img, .toast-body img[src=x]").count()
        == 0
    )
    assert tool.page.locator("[data-ref=file-list] img, [data-ref=labels] svg").count() == 0


def test_transparent_pictures_lie_on_a_checkerboard_and_are_segmented_on_white(tool, tmp_path):
    pixels = np.zeros((200, 300, 4), np.uint8)
    pixels[40:120, 30:130] = (220, 30, 30, 255)
    path = tmp_path / "hole.png"
    Image.fromarray(pixels).save(path)
    tool.upload(path)
    tool.unfold("View")
    tool.set_range("Mask opacity", 0)
    seen = {tool.colour(x, 150)[:3] for x in range(150, 190, 2)}
    assert seen == {(255, 255, 255), (212, 212, 212)}
    assert tool.colour(80, 80)[:3] == (220, 30, 30)
    assert (tool.session.picture[150] == 255).all()
    size = tool.page.locator("[data-ref=size]")
    assert size.inner_text() == "300 × 200 · holes count as white"
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    path = tmp_path / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    tool.upload(path)
    assert size.inner_text() == "60 × 40 · first frame"
    assert tool.colour(30, 20)[:3] == (255, 0, 0)
