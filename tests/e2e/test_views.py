"""Pictures of more than 8 bits and of several pages; a whole folder that takes long to export."""

import re
import threading

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder


def test_values_of_a_picture_of_fractions_are_told_with_a_few_digits(tool, tmp_path):
    path = tmp_path / "heights.tif"
    Image.fromarray(np.linspace(1 / 3, 700 / 3, 200 * 300, dtype=np.float32).reshape(200, 300)).save(path)
    tool.upload(path)
    size = tool.page.locator("[data-ref=size]").inner_text()
    assert re.search(r"shown from 1\.\d{1,3} to 232\.\d$", size), size


def test_contrast_of_a_deep_picture_is_chosen_and_the_work_stays(tool, tmp_path):
    values = np.full((200, 300), 1000, np.uint16)
    values[40:120, 30:130] = 1500
    values[0, :10] = 60_000  # a few hot pixels
    path = tmp_path / "deep.png"
    Image.fromarray(values).save(path)
    tool.upload(path)
    assert "shown from" in tool.page.locator("[data-ref=size]").inner_text()
    tool.click(80, 80)
    tool.idle()
    objects = tool.session.document.instances
    before = tool.colour(60, 60)
    tool.page.keyboard.press("+")
    zoom = tool.page.locator("[data-ref=zoom]").inner_text()
    tool.set_range("White above", 100)
    tool.page.wait_for_function("document.querySelector('[data-ref=size]').textContent.includes('60000')")
    tool.idle()
    assert tool.page.locator("[data-ref=zoom]").inner_text() == zoom
    assert [(o.id, o.mask) for o in tool.session.document.instances] == [(o.id, o.mask) for o in objects]
    tool.page.keyboard.press("f")
    assert tool.colour(60, 60) != before


def test_a_page_of_a_file_is_chosen(tool, tmp_path):
    pages = [
        Image.new("RGB", (120, 80 + 20 * number), colour) for number, colour in enumerate(("red", "blue"))
    ]
    path = tmp_path / "pages.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    tool.upload(path)
    menu = tool.page.get_by_label("Page", exact=True)
    assert menu.locator("option").count() == 2
    menu.select_option("1")
    tool.page.wait_for_function(
        "document.querySelector('[data-ref=size]').textContent.startsWith('120 × 100')"
    )
    tool.idle()
    assert tool.colour(60, 50)[:3] == (0, 0, 255) and menu.input_value() == "1"


@pytest.fixture
def slow_export(monkeypatch):
    """Exports wait until this is set."""
    from cfr_icl.annotate import exports

    go, export = threading.Event(), exports.export

    def waiting(*arguments, **options):
        *_, progress = arguments
        progress(2, 7)
        assert go.wait(30)
        return export(*arguments, **options)

    monkeypatch.setattr(exports, "export", waiting)
    return go


def test_clicks_are_answered_while_a_whole_folder_is_exported(serve, visit, tmp_path, slow_export):
    images = tmp_path / "images"
    images.mkdir()
    picture = np.full((200, 300, 3), 128, np.uint8)
    picture[40:120, 30:130] = (220, 30, 30)
    Image.fromarray(picture).save(images / "1.png")
    tool = visit(serve(folder=Folder(images, tmp_path / "out")))
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Whole folder").check()
    tool.page.locator("[data-do=export]").click()
    job = tool.page.locator("[data-ref=job]")
    job.wait_for()
    tool.click(90, 90)
    tool.page.wait_for_function(
        "document.querySelector('[data-ref=answer]').textContent.startsWith('2 clicks')"
    )
    assert job.is_visible() and "2 / 7" in job.inner_text()
    download = tool.download_by(slow_export.set)
    assert download.suggested_filename.startswith("images")
    job.wait_for(state="hidden")
