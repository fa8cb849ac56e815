"""Looking inside, starting from a mask, exporting: on the real page."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.e2e.tool import Tool


@pytest.fixture
def open_tool(tool, squares) -> Tool:
    tool.upload(squares)
    return tool


def export(tool, format):
    tool.page.get_by_label("Export format").select_option(format)
    tool.idle()
    download = tool.download_by(lambda: tool.page.locator("[data-do=export]").click())
    return download.suggested_filename, download.path()


def test_exports_are_downloaded_with_the_objects_on_the_page(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.click(230, 100)
    tool.idle()
    name, path = export(tool, "coco")
    assert name == "squares_coco.json"
    with open(path) as file:
        data = json.load(file)
    assert [a["area"] for a in data["annotations"]] == [i.mask.area for i in tool.session.document.instances]
    name, path = export(tool, "everything")
    assert name == "squares_everything.zip"
    with zipfile.ZipFile(path) as archive, archive.open("indexed/squares.png") as file:
        ids = np.array(Image.open(io.BytesIO(file.read())))
    assert ids[80, 80] == 1 and ids[100, 230] == 2


def test_the_page_names_what_an_export_leaves_out(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Duplicate object 1").click()
    tool.idle()
    export(tool, "indexed")
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "overlap" in toast.inner_text()


def test_the_page_says_how_many_pixels_stay_with_a_neighbour(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.idle()
    tool.click(90, 90, modifiers=["Alt"])
    tool.idle()
    assert tool.session.active.left_out == 0
    tool.page.get_by_label("May overlap others").uncheck()
    tool.idle()
    left_out = tool.session.active.left_out
    assert left_out > 1000
    assert f"{left_out:,} px left to other objects" in tool.page.locator("[data-ref=answer]").inner_text()


def test_the_page_asks_before_another_picture_replaces_work_that_was_not_exported(open_tool, squares):
    tool = open_tool
    asked = tool.asked
    path = tool.page.locator("[data-ref=file]")
    tool.click(80, 80)
    tool.idle()
    picture = {"name": "other.png", "mimeType": "image/png", "buffer": squares.read_bytes()}
    path.set_input_files(picture)
    tool.wait_for_picture("other.png")
    assert len(asked) == 1 and "not exported" in asked[0]
    tool.click(80, 80)
    tool.idle()
    export(tool, "session")
    path.set_input_files({**picture, "name": "third.png"})
    tool.wait_for_picture("third.png")
    assert len(asked) == 1


def test_the_tolerance_of_polygons_is_previewed(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Export format").select_option("coco-polygons")
    tool.page.wait_for_function(
        "document.querySelector('[data-ref=detail-value]').textContent.includes('corner')"
    )
    before = tool.page.locator("[data-ref=detail-value]").inner_text()
    tool.set_range("Polygon tolerance", 8)
    tool.page.wait_for_function(
        "before => { const now = document.querySelector('[data-ref=detail-value]').textContent;"
        " return now.includes('corner') && now !== before; }",
        arg=before,
    )


def test_masks_are_loaded_corrected_and_come_back_from_a_session_file(open_tool, tmp_path):
    tool = open_tool
    ids = np.zeros((200, 300), np.uint8)
    ids[50:110, 40:120], ids[70:150, 190:270] = 1, 2
    labels = tmp_path / "ids.png"
    Image.fromarray(ids).save(labels)
    tool.page.set_input_files("[data-ref=masks-file]", labels)
    tool.page.wait_for_selector("[data-ref=objects] li >> nth=1")
    assert [i.mask.area for i in tool.session.document.instances] == [60 * 80, 80 * 80]
    tool.click(80, 80)
    tool.idle()
    tool.click(35, 45)
    tool.idle()
    assert tool.session.active.initial_mask.area == 60 * 80 and len(tool.session.active.clicks) == 1
    end = tool.session.document
    name, path = export(tool, "session")
    assert name == "squares.session.json"
    saved = tmp_path / name
    saved.write_bytes(path.read_bytes())
    tool.page.get_by_role("button", name="Clear clicks").click()
    tool.idle()
    tool.page.set_input_files("[data-ref=masks-file]", saved)
    tool.page.wait_for_selector("[data-ref=objects] li >> nth=1")
    tool.idle()
    assert tool.session.document == end


def test_a_mask_of_another_size_is_a_message(open_tool, tmp_path):
    tool = open_tool
    path = tmp_path / "small.png"
    Image.new("L", (20, 20), 255).save(path)
    tool.page.set_input_files("[data-ref=masks-file]", path)
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "must be equal" in toast.inner_text()


def test_passes_probabilities_window_and_threshold_can_be_seen(open_tool):
    tool = open_tool
    tool.unfold("Refinement")
    tool.page.get_by_label("Stop early").select_option("never")
    tool.click(80, 80)
    tool.idle()
    tool.page.locator(".inspect summary").click()
    tool.page.wait_for_selector(".passes button >> nth=4")
    assert tool.page.locator(".passes button").count() == tool.session.active.timing.forwards == 5
    plain = tool.colour(150, 20)
    tool.page.get_by_label("Probability map").check()
    tool.until(lambda: tool.colour(150, 20) != plain)
    tool.page.locator(".passes button").first.click()
    tool.idle()
    instance = tool.session.active
    trace = tool.session.predict(instance).trace
    assert instance.chosen_pass == 0 and np.array_equal(instance.mask.pixels, trace[0] > 0.49)
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.active.chosen_pass is None
    tool.set_range("Threshold", 0.9)
    tool.idle()
    assert tool.session.active.threshold == 0.9
    assert tool.session.active.mask.area <= instance.mask.area


def test_keep_largest_and_fill_holes_act_at_once(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Keep largest part").click()
    tool.page.get_by_label("Fill holes").click()
    tool.idle()
    assert tool.session.active.keep_largest and tool.session.active.fill_holes


@pytest.mark.parametrize(
    ("locale", "title", "done", "refused"),
    [
        ("de-DE", "Bilder oder einen Ordner hier ablegen", "1 Klick ·", "Beginne ein Objekt"),
        ("es-ES", "Suelta aquí imágenes o una carpeta", "1 clic ·", "Empieza un objeto"),
        ("zh-CN", "将图片或文件夹拖到此处", "1 次点击 ·", "请先点击对象"),
        ("fr-FR", "Drop pictures or a folder here", "1 click ·", "Start an object"),
    ],
)
def test_the_page_speaks_the_persons_language(visit, server, locale, title, done, refused):
    tool = visit(server, locale=locale)
    heading = tool.page.locator(".card h1")
    tool.page.wait_for_function(
        "title => document.querySelector('.card h1').textContent === title", arg=title
    )
    assert heading.inner_text() == title
    tool.example("coffee")
    tool.click(300, 130, button="right")
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert refused in toast.inner_text()
    assert "Warning" not in toast.inner_text()
    tool.click(300, 130)
    tool.idle()
    assert tool.page.locator("[data-ref=answer]").inner_text().startswith(done)
    assert tool.hidden_controls() == []
    assert tool.page.eval_on_selector("[data-ref=label-name]", "name => name.scrollWidth <= name.clientWidth")


def test_the_help_sheet_opens_and_closes(tool):
    tool.page.keyboard.press("?")
    sheet = tool.page.get_by_role("dialog", name="Help")
    assert sheet.is_visible()
    assert sheet.evaluate("sheet => sheet.scrollHeight <= sheet.clientHeight")  # all keys at one glance
    tool.page.keyboard.press("Escape")
    assert not tool.page.get_by_role("dialog", name="Help").is_visible()


@pytest.mark.parametrize("language", ["de", "es"])
def test_the_help_sheet_needs_no_scrolling_in_longer_languages(visit, server, language):
    tool = visit(server, locale=language)
    tool.page.keyboard.press("?")
    sheet = tool.page.locator("dialog.help")
    assert sheet.evaluate("sheet => [sheet.open, sheet.scrollHeight <= sheet.clientHeight]") == [True, True]


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(open_tool):
    tool = open_tool
    nameless = tool.page.evaluate(
        """() => [...document.querySelectorAll('.cfr :is(button, input, select, canvas)')].filter(e =>
        !(e.getAttribute('aria-label') || e.textContent.trim() || e.title || (e.labels && e.labels.length)))
        .map(e => e.outerHTML)"""
    )
    assert nameless == []
    tool.unfold("Refinement")
    tool.unfold("View")
    tool.page.locator("canvas").focus()
    seen = set()
    for _ in range(40):
        tool.page.keyboard.press("Tab")
        seen.add(tool.page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert {"CFR steps", "Stop early", "Mask opacity", "Export format"} <= seen


def test_the_first_use_tip_goes_away_and_stays_away(open_tool, squares):
    tool = open_tool
    assert tool.page.locator("[data-ref=tip]").is_visible()
    tool.click(80, 80)
    tool.idle()
    assert not tool.page.locator("[data-ref=tip]").is_visible()
    tool.upload(squares.rename(squares.with_name("again.png")))
    assert not tool.page.locator("[data-ref=tip]").is_visible()
