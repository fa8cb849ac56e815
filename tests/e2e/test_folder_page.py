"""The page works through a folder and loses nothing."""

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.session.session import Session
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from tests.e2e.tool import EXAMPLES, Line, message
from tests.stand_in import ColourModel


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for i, side in enumerate((200, 220, 240)):
        picture = np.full((side, 300, 3), 128, np.uint8)
        picture[40:120, 30:130] = (220, 30, 30)
        Image.fromarray(picture).save(folder / f"{i + 9}.png")
    (folder / "12.png").write_bytes(b"broken")
    return folder


@pytest.fixture
def tool(serve, visit, images, tmp_path):
    return visit(serve(folder=Folder(images, tmp_path / "out")))


def test_the_list_stays_in_its_place_when_the_pace_is_told(tool, monkeypatch):
    files = tool.page.locator("[data-ref=file-list]")
    before = files.bounding_box()
    monkeypatch.setattr("cfr_icl.ui.visit_log.VisitLog.pace", [60, 5])
    tool.click(80, 80)
    tool.idle()
    assert tool.page.get_by_title("300 objects an hour").inner_text() == "300 / h"
    assert files.bounding_box() == before


def test_a_folder_is_worked_through_saved_and_resumed(serve, visit, images, tmp_path):
    out = tmp_path / "out"
    digest = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in images.iterdir()}
    server = serve(folder=Folder(images, out))
    tool = visit(server)
    place = tool.page.get_by_label("Place in the folder")
    assert place.inner_text() == "1 / 4"
    tool.click(80, 80)
    tool.idle()
    saved = json.loads((out / "9.png.session.json").read_text())
    assert saved["objects"][0]["clicks"] == [[80, 80, True]]
    tool.page.get_by_role("button", name="Done").click()
    tool.idle()
    assert place.inner_text() == "2 / 4"
    assert tool.page.locator("[data-ref=progress-text]").inner_text() == "1 of 4 done"
    tool.click(60, 60)
    tool.idle()
    tool.page.keyboard.press("PageDown")
    tool.idle()
    assert place.inner_text() == "3 / 4" and tool.session.size == (240, 300)
    tool.page.keyboard.press("PageDown")
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "12.png" in toast.inner_text()
    tool.page.close()
    server.close()

    tool = visit(serve(folder=Folder(images, out)))
    assert tool.page.get_by_label("Place in the folder").inner_text() == "2 / 4"
    assert [(c.x, c.y) for c in tool.session.document.instances[0].clicks] == [(60, 60)]
    tool.page.get_by_role("button", name="9.png").click()
    tool.idle()
    assert tool.session.document.done and tool.session.document.instances[0].mask.pixels[80, 80]
    assert {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in images.iterdir()} == digest


@pytest.mark.parametrize("language", ["de", "es"])
def test_the_switch_for_the_whole_folder_is_one_line_in_every_language(
    serve, visit, images, tmp_path, language
):
    tool = visit(serve(folder=Folder(images, tmp_path / "out")), locale=language)
    assert tool.page.locator("[data-ref=whole-folder-row] .check").bounding_box()["height"] < 30
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.idle()
    margins = """buttons => buttons.flatMap((button) => {
      const [around, first, last] = [button, button.firstElementChild, button.lastElementChild]
        .map((each) => each.getBoundingClientRect());
      return [first.left - around.left, around.right - last.right]; })"""
    assert min(tool.page.locator(".export .wide").evaluate_all(margins)) > 3  # "(all)" fits too
    assert tool.hidden_controls() == []


def test_where_steps_lead_is_seen_before_an_answer(tool):
    line = Line(tool, "**/component_server/")
    tool.page.keyboard.press("PageDown")
    tool.page.keyboard.press("PageDown")
    place = tool.page.get_by_label("Place in the folder")
    marked = tool.page.locator("[data-ref=file-list] [data-coming]")
    tool.until(lambda: place.inner_text() == "3 / 4")
    assert marked.get_attribute("aria-label") == "11.png"
    assert tool.page.locator("[data-ref=name]").inner_text() == "9.png"
    line.let_go()
    tool.wait_for_picture("11.png")
    assert place.inner_text() == "3 / 4" and marked.count() == 0


def test_the_whole_folder_is_exported_from_a_picture_without_objects(tool, images):
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("PageDown")
    tool.idle()
    export = tool.page.locator("[data-do=export]")
    whole = tool.page.get_by_label("Whole folder")
    assert whole.is_checked()  # what a person who works through a folder expects
    whole.uncheck()
    assert export.is_disabled()
    whole.check()
    data = json.loads(Path(tool.download_by(export.click).path()).read_text())
    assert [image["file_name"] for image in data["images"]] == ["9.png"]
    assert len(data["annotations"]) == 1


def test_a_server_that_was_started_anew_goes_on_with_the_same_picture(serve, visit, images, tmp_path):
    first = serve(folder=Folder(images, tmp_path / "out"))
    tool = visit(first)
    tool.page.keyboard.press("PageDown")
    tool.idle()
    tool.click(80, 80)
    tool.idle()
    objects = tool.session.document.instances
    second = first.started_anew(folder=Folder(images, tmp_path / "out"))
    tool.click(90, 90)
    tool.page.locator(".toast-body").first.wait_for()
    tool.idle()
    assert tool.page.get_by_label("Place in the folder").inner_text() == "2 / 4"
    assert tool.page.locator("[data-ref=file-list] [aria-current]").inner_text() == "10.png"
    (before,), (now,) = objects, second.pages[-1].session.document.instances
    assert now.clicks[:-1] == before.clicks and (now.clicks[-1].x, now.clicks[-1].y) == (90, 90)


def test_a_click_and_page_down_wait_for_a_server_that_is_started_anew(serve, visit, images, tmp_path):
    first = serve(folder=Folder(images, tmp_path / "out"))
    tool = visit(first)
    place = tool.page.get_by_label("Place in the folder")
    tool.page.keyboard.press("PageDown")
    tool.idle()
    tool.page.evaluate("window.sameDocument = true")
    first.close()
    tool.click(90, 90)
    tool.page.keyboard.press("PageDown")
    tool.page.get_by_text("cannot be reached").wait_for()
    tool.page.wait_for_timeout(2500)  # Gradio looks every two seconds whether a server is there
    second = first.started_anew(folder=Folder(images, tmp_path / "out"))
    tool.page.get_by_text("your work is back").wait_for()
    tool.idle()
    assert tool.page.evaluate("window.sameDocument")
    assert place.inner_text() == "3 / 4"
    tool.page.keyboard.press("PageUp")
    tool.idle()
    assert place.inner_text() == "2 / 4"
    (found,) = second.pages[-1].session.document.instances
    assert [(click.x, click.y) for click in found.clicks] == [(90, 90)]

    second.started_anew(folder=Folder(images, tmp_path / "out"))
    tool.page.reload()
    tool.page.get_by_text("your work is back").wait_for()
    tool.idle()
    assert place.inner_text() == "2 / 4"


def test_objects_follow_to_the_next_picture_by_a_key_and_come_back_by_one_undo(
    serve, visit, images, tmp_path
):
    Image.fromarray(np.roll(np.asarray(Image.open(images / "9.png")), 6, 1)).save(images / "10.png")
    tool = visit(serve(folder=Folder(images, tmp_path / "out")))
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("PageDown")
    tool.idle()
    assert tool.page.get_by_role("button", name="Follow objects").is_visible()
    tool.page.keyboard.press("t")
    tool.idle()
    (found,) = tool.session.document.instances
    assert found.mask.pixels[80, 130] and not found.mask.pixels[80, 33]
    assert tool.page.locator(".certainty").inner_text() == f"{round(100 * found.certainty)} %"
    assert tool.page.get_by_role("button", name="Follow objects").is_hidden()
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.document.instances == ()
    tool.page.keyboard.press("Shift+T")
    tool.idle()
    (copy,) = tool.session.document.instances
    assert copy.mask.pixels[80, 33] and tool.page.locator(".certainty").is_hidden()


def test_the_list_is_searched_filtered_and_shows_small_pictures_and_the_zoom_stays(tool):
    page = tool.page
    place = page.get_by_label("Place in the folder")
    page.keyboard.press("g")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    tool.idle()
    assert place.inner_text() == "3 / 4"
    tool.click(80, 80)
    tool.idle()
    page.get_by_label("Pictures shown").select_option("todo")
    assert page.locator("[data-ref=file-list] button:visible").all_inner_texts() == [
        "9.png",
        "10.png",
        "12.png",
    ]
    page.get_by_label("Pictures shown").select_option("")
    page.get_by_label("Find a picture", exact=True).fill("obj")  # the label of the object that was just made
    assert page.locator("[data-ref=file-list] button:visible").all_inner_texts() == ["11.png"]
    page.get_by_label("Find a picture", exact=True).fill("")
    page.get_by_label("Small pictures").click()
    page.wait_for_function("document.querySelectorAll('[data-ref=file-list] img').length >= 3")
    page.locator("summary", has_text="View").click()
    page.get_by_label("Keep zoom").check()
    page.keyboard.press("+")
    zoom = page.get_by_label("Zoom", exact=True)
    before = zoom.inner_text()
    page.keyboard.press("PageUp")
    tool.idle()
    assert place.inner_text() == "2 / 4" and zoom.inner_text() == before
    for keys in ("d", "d", "g", "1", "Enter", "d"):  # the second leads to the picture that is broken
        page.keyboard.press(keys)
        tool.idle()
    finished = page.get_by_text("The folder is finished: 3 pictures are done.")
    finished.wait_for()
    page.get_by_role("button", name="Done").click()  # takes it back
    finished.wait_for(state="detached")


def test_done_goes_along_the_listed_pictures_and_then_shows_all_again(serve, visit, images, tmp_path):
    (images / "12.png").unlink()
    shutil.copy(images / "11.png", images / "10 cup.png")
    shutil.copy(images / "11.png", images / "11 cup.png")
    tool = visit(serve(folder=Folder(images, tmp_path / "out")))
    name = tool.page.locator("[data-ref=name]")
    listed = tool.page.locator("[data-ref=file-list] button:visible")

    def press(*keys):
        for key in keys:
            tool.page.keyboard.press(key)
        tool.idle()
        tool.page.wait_for_selector(".cfr:not([data-loading])")

    press("g", "c", "u", "p", "Enter")
    expect(name).to_have_text("10 cup.png")
    press("d")
    expect(name).to_have_text("11 cup.png")
    press("PageDown")
    assert "ends here" in message(tool) and listed.count() == 2
    press("d")
    expect(name).to_have_text("11.png")
    expect(listed).to_have_count(5)
    expect(tool.page.get_by_text("the list shows all pictures again")).to_be_visible()


def test_a_list_without_a_match_says_so_and_shows_all_again(tool):
    page = tool.page
    shown = page.locator("[data-ref=file-list] button:visible")
    page.get_by_label("Pictures shown").select_option("accepted")
    page.get_by_label("Find a picture", exact=True).fill("nothing")
    page.get_by_text("No picture matches the search and the filter.").wait_for()
    assert shown.count() == 0
    page.get_by_role("button", name="Show all pictures").click()
    assert shown.count() == 4
    assert not page.locator("[data-ref=none-found]").is_visible()


def test_a_line_of_the_lasso_that_keys_have_not_closed_stays_with_its_picture(tool):
    keys = tool.page.keyboard
    for key in ("l", "ArrowUp", "Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter"):
        keys.press(key)
    tool.page.get_by_role("button", name="11.png").click()
    tool.wait_for_picture("11.png")
    assert not tool.session.document.instances
    keys.press("PageUp")
    keys.press("PageUp")
    tool.wait_for_picture("9.png")
    assert tool.session.document.instances[0].mask.pixels.sum() > 100


def test_pictures_are_offered_in_the_order_of_doubt(serve, visit, images, tmp_path):
    (images / "12.png").unlink()
    folder = Folder(images, tmp_path / "out")
    session = Session(Segmenter(ColourModel()))
    for name, sure in (("9.png", 0.9), ("10.png", 0.3), ("11.png", 0.6)):
        session.open(np.asarray(Image.open(images / name)), name)
        session.click(Click(80, 80))
        (made,) = session.document.instances
        document = replace(session.document, instances=(replace(made, certainty=sure),), active=None)
        folder.save(name, document, session.size, 0)
    tool = visit(serve(folder=Folder(images, tmp_path / "out")))
    page = tool.page
    page.get_by_label("Pictures shown").select_option("doubt")
    shown = page.locator("[data-ref=file-list] button:visible")
    assert shown.all_inner_texts() == ["10.png", "11.png", "9.png"]
    for name in ("10.png", "11.png", "9.png"):  # the page began with the first picture, the surest
        if name == "10.png":
            shown.first.click()
            tool.idle()
        assert page.locator("[data-ref=name]").text_content() == name
        page.keyboard.press("d")
        tool.idle()
    assert Folder(images, tmp_path / "out").pictures.states == dict.fromkeys(folder.pictures.names, "done")


def test_a_label_is_renamed_in_the_whole_folder(tool, tmp_path):
    page = tool.page
    tool.click(80, 80)
    page.keyboard.press("PageDown")
    tool.idle()
    tool.click(80, 80)
    tool.idle()
    tool.unfold("Labels")
    page.get_by_label("New label").fill("cup")
    page.keyboard.press("Enter")
    tool.idle()
    page.keyboard.press("PageUp")
    tool.idle()
    page.get_by_role("button", name="Change in the whole folder").click()
    page.get_by_label("Label to change").select_option("cup")
    page.get_by_label("New name").fill("mug")
    page.get_by_role("button", name="Continue").click()
    page.locator("[data-ref=ask-text]").filter(has_text="1 picture, 1 object.").wait_for()
    page.locator("[data-ref=ask-yes]").click()
    page.get_by_text("The label was changed; pictures: 1, objects: 1.").wait_for()
    tool.idle()
    saved = json.loads((tmp_path / "out" / "10.png.session.json").read_text())
    assert saved["objects"][0]["label"] == "mug"
    assert "mug" in page.locator("[data-ref=labels]").inner_text()
    page.get_by_role("button", name="Take the changed label back").click()
    page.get_by_text("Taken back; pictures: 1, objects: 1.").wait_for()
    tool.idle()
    saved = json.loads((tmp_path / "out" / "10.png.session.json").read_text())
    assert saved["objects"][0]["label"] == "cup" and not page.locator("[data-ref=take-back]").is_visible()
    assert tool.errors == []


def test_a_whole_folder_is_filled_with_masks_of_files(tool, tmp_path):
    page = tool.page
    masks = []
    for name, side in (("9", 200), ("10", 220), ("other", 90)):
        mask = np.zeros((side, 300), np.uint8)
        mask[40:80, 30:130] = 255
        masks.append(tmp_path / f"{name}.png")
        Image.fromarray(mask).save(masks[-1])
    page.set_input_files("[data-ref=fill-files]", masks)
    page.get_by_text("Load masks into 2 pictures?").wait_for()
    page.get_by_role("button", name="Load them").click()
    page.get_by_text("Masks were loaded; pictures: 2, objects: 2.").wait_for()
    tool.idle()
    assert page.locator("[data-ref=objects] li").count() == 1
    page.keyboard.press("PageDown")
    tool.idle()
    assert page.locator("[data-ref=objects] li").count() == 1
    page.set_input_files("[data-ref=fill-files]", masks[:1])
    page.get_by_text("Pictures with work, which stays as it is: 1.").wait_for()
    page.get_by_role("button", name="Cancel").last.click()
    page.set_input_files("[data-ref=fill-files]", masks[:1])
    page.get_by_role("button", name="Add them to all (1)").click()
    page.get_by_text("Masks were loaded; pictures: 1, objects: 1.").wait_for()
    assert tool.errors == []


def test_what_the_page_exported_fills_a_fresh_folder(serve, visit, images, tmp_path):
    """Masks of objects, maps of Pascal VOC that are alike, and CVAT's XML, as the page made them."""
    tool = visit(serve(folder=Folder(images, tmp_path / "out")))
    tool.click(80, 80)
    tool.page.locator("[data-do=labels]").click()
    tool.page.get_by_placeholder("New label").fill("big dog")
    tool.page.keyboard.press("Enter")
    tool.idle()
    mask = tool.session.document.instances[0].mask
    exported = []
    for kind in ("masks", "voc", "cvat"):
        tool.page.select_option("[data-ref=format]", kind)
        download = tool.download("Export")
        exported.append(tmp_path / download.suggested_filename)
        download.save_as(exported[-1])

    tool = visit(serve(folder=Folder(images, tmp_path / "fresh")))
    for file in exported:
        tool.page.set_input_files("[data-ref=fill-files]", file)
        tool.page.get_by_text("Load masks into 1 picture?").wait_for()
        tool.page.get_by_role("button", name="Load them").click()
        item = tool.page.locator("[data-ref=objects] li")
        item.wait_for()
        tool.idle()
        assert item.count() == 1 and item.locator("input[type=text]").input_value() == "big dog"
        assert tool.session.document.instances[0].mask == mask
        tool.page.get_by_role("button", name="Take the loaded masks back").click()
        item.wait_for(state="detached")
        tool.idle()
    assert tool.errors == []


def zip_of_masks(folder, *names):
    """An archive in which each file is the same mask of a picture of 300 x 200 pixels."""
    mask = np.zeros((200, 300), np.uint8)
    mask[40:80, 30:130] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    with zipfile.ZipFile(folder / "masks.zip", "w") as archive:
        for name in names:
            archive.write(folder / "mask.png", name)
    return folder / "masks.zip"


def test_a_zip_of_masks_fills_a_folder_or_the_open_picture(serve, visit, images, tmp_path, squares):
    masks = zip_of_masks(tmp_path, "masks/9.png", "masks/squares.png", "masks/classes.txt")
    tool = visit(serve(folder=Folder(images, tmp_path / "out")))
    for chooser in ("fill-files", "masks-file"):
        tool.page.set_input_files(f"[data-ref={chooser}]", masks)
        tool.page.get_by_text("Load masks into 1 picture?").wait_for()
        tool.page.get_by_text("Files without a picture of their name: 1.").wait_for()
        tool.page.get_by_role("button", name="Cancel").last.click()

    tool = visit(serve(examples=EXAMPLES[:1]))
    tool.upload(squares)
    tool.page.set_input_files("[data-ref=masks-file]", masks)
    tool.page.locator("[data-ref=objects] li").wait_for()
    assert tool.session.mask.sum() == 40 * 100
    tool.upload(shutil.copy(squares, tmp_path / "other.png"))
    tool.page.set_input_files("[data-ref=masks-file]", masks)
    tool.page.get_by_text("No file in this zip is named as the picture").wait_for()
    assert tool.errors == []


def test_masks_in_a_zip_stay_with_the_picture_for_which_they_were_chosen(serve, visit, tmp_path, squares):
    masks = zip_of_masks(tmp_path, "squares_1_car.png", "squares_2_cat.png", "squares_3_1_dog.png")
    tool = visit(serve(examples=EXAMPLES[:1]))
    page = tool.page
    tool.upload(squares)
    page.set_input_files("[data-ref=masks-file]", masks)
    page.get_by_text(
        "These files may be of another picture and are left out: squares_3_1_dog.png."
    ).wait_for()
    page.locator("[data-ref=objects] li").nth(1).wait_for()
    page.locator("[data-do=undo]").first.click()
    tool.idle()
    assert page.locator("[data-ref=objects] li").count() == 0
    held = []
    page.route("**/upload", lambda route: held.append(route) if not held else route.continue_())
    page.set_input_files("[data-ref=masks-file]", masks)
    tool.until(lambda: held)
    tool.upload(shutil.copy(squares, tmp_path / "other.png"))
    page.get_by_text("The masks were not loaded, as another file was opened meanwhile.").wait_for()
    tool.idle()
    assert page.locator("[data-ref=objects] li").count() == 0


def test_long_names_keep_their_end_in_the_list(serve, visit, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    names = [f"sequence_of_the_second_camera_{number:05}.png" for number in (17, 18)]
    for name in names:
        Image.new("RGB", (40, 30)).save(folder / name)
    tool = visit(serve(folder=Folder(folder, tmp_path / "out")))
    row = tool.page.get_by_role("button", name=names[1], exact=True)
    end = row.get_by_text("00018.png")
    frame, shown = row.bounding_box(), end.bounding_box()
    assert shown["x"] + shown["width"] <= frame["x"] + frame["width"]
    row.click()
    tool.idle()
    assert tool.page.locator("[data-ref=name]").text_content() == names[1]
    assert tool.errors == []
