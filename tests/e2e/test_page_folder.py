"""Several pictures, or a folder, that are opened in the browser become a folder of the page."""

import zipfile

import numpy as np
import pytest
from PIL import Image

COPIED = """async () => { const open = indexedDB.open('cfr-icl-folders');
    await new Promise(done => { open.onsuccess = done; });
    const all = open.result.transaction('work').objectStore('work').getAll();
    await new Promise(done => { all.onsuccess = done; });
    open.result.close();
    return all.result.filter(({content}) => content.includes('"clicks"')).length; }"""
"""Number of pictures with objects of which the browser has a copy."""


def wait_for_copies(tool, count):
    """Wait until the browser has copies of so many pictures with objects."""
    tool.until(lambda: tool.page.evaluate(COPIED) == count)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(("9.png", "10.png", "more/1.png")):
        picture = np.full((200, 300, 3), 128, np.uint8)
        picture[40:120, 30 + 9 * number : 130] = (220, 30, 30)
        Image.fromarray(picture).save(folder / name)
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("hello")
    (folder / ".hidden.png").write_bytes(b"x")
    return folder


def names(tool):
    return tool.page.locator("[data-ref=file-list] button").all_inner_texts()


def opened(tool, number):
    tool.page.wait_for_function(
        "n => document.querySelectorAll('[data-ref=file-list] button').length === n", arg=number
    )
    tool.page.wait_for_selector("[data-ref=upload]", state="hidden")
    tool.idle()


def test_a_folder_is_opened_worked_through_reloaded_exported_and_closed(tool, photos):
    tool.page.set_input_files("[data-ref=folder]", photos)
    opened(tool, 3)
    assert names(tool) == ["9.png", "10.png", "more/1.png"]
    told = tool.page.locator("[data-ref=notices]").inner_text()
    assert "empty.png: The file is empty." in told and "left out: 1" in told
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("d")
    tool.idle()
    assert tool.page.get_by_label("Place in the folder").inner_text() == "2 / 3"
    tool.page.get_by_label("Small pictures").click()
    tool.page.wait_for_function("document.querySelectorAll('[data-ref=file-list] img').length === 3")

    tool.page.reload()
    tool.page.wait_for_selector(".cfr[data-own]:not([data-empty])")
    tool.idle()
    assert tool.page.get_by_label("Place in the folder").inner_text() == "2 / 3"
    assert tool.page.locator("[data-ref=progress-text]").inner_text() == "1 of 3 done"
    tool.page.get_by_label("Export format").select_option("everything")
    made = tool.download_by(tool.page.locator("[data-do=export]").click)
    with zipfile.ZipFile(made.path()) as archive:
        assert "coco/annotations.json" in archive.namelist()
        assert any("more/1" in name or "9" in name for name in archive.namelist())
    tool.page.get_by_role("button", name="Close the folder").click()
    tool.page.wait_for_selector(".cfr[data-empty]:not([data-folder])")
    tool.idle()
    tool.example("coffee")


def test_files_are_dropped_and_more_are_added(tool, photos):
    script = """([names, bytes]) => { const data = new DataTransfer();
        for (const [i, name] of names.entries())
          data.items.add(new File([new Uint8Array(bytes[i])], name, {type: 'image/png'}));
        const options = {dataTransfer: data, bubbles: true, cancelable: true};
        document.querySelector('.cfr canvas').dispatchEvent(new DragEvent('drop', options)); }"""
    contents = [list((photos / name).read_bytes()) for name in ("9.png", "10.png")]
    tool.page.evaluate(script, [["a.png", "b.png"], contents])
    opened(tool, 2)
    tool.click(80, 80)
    tool.idle()
    tool.page.set_input_files("[data-ref=file]", photos / "more" / "1.png")
    opened(tool, 3)
    assert names(tool) == ["1.png", "a.png", "b.png"]
    assert tool.page.locator("[data-ref=name]").inner_text() == "1.png"
    tool.page.get_by_role("button", name="a.png").click()
    tool.idle()
    assert len(tool.session.document.instances) == 1


@pytest.mark.parametrize("reload", [False, True])
def test_a_server_that_was_started_anew_is_given_the_folder_again(serve, visit, photos, reload):
    first = serve()
    tool = visit(first, ready=".cfr .card")
    tool.page.set_input_files("[data-ref=folder]", photos)
    opened(tool, 3)
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("PageDown")
    tool.idle()
    tool.click(90, 90)
    tool.idle()
    wait_for_copies(tool, 2)
    second = first.started_anew()
    if reload:
        tool.page.reload()
    else:
        tool.click(60, 60)
    tool.page.get_by_text("your work is back").wait_for()
    tool.idle()
    assert names(tool) == ["9.png", "10.png", "more/1.png"]
    assert tool.page.get_by_label("Place in the folder").inner_text() == "2 / 3"
    now = [(click.x, click.y) for click in second.pages[-1].session.document.instances[0].clicks]
    assert now == [(90, 90)] if reload else [(90, 90), (60, 60)]
    tool.page.keyboard.press("PageUp")
    tool.idle()
    (found,) = second.pages[-1].session.document.instances
    assert [(click.x, click.y) for click in found.clicks] == [(80, 80)]


def test_work_comes_back_on_its_own_picture_where_two_files_have_one_name(serve, visit, photos, tmp_path):
    first = serve()
    tool = visit(first, ready=".cfr .card")
    for number, year in enumerate((2023, 2024)):
        (tmp_path / str(year)).mkdir()
        (photos / ("9.png", "10.png")[number]).rename(tmp_path / str(year) / "frame.png")
        tool.page.set_input_files("[data-ref=folder]", tmp_path / str(year))
        opened(tool, number + 1)
    assert names(tool) == ["frame.png", "frame~2.png"]
    tool.page.get_by_role("button", name="frame.png").click()
    tool.idle()
    tool.click(80, 80)
    tool.idle()
    shown = tool.session.picture.copy()
    wait_for_copies(tool, 1)
    second = first.started_anew()
    tool.page.reload()
    tool.page.get_by_text("your work is back").wait_for()
    tool.idle()
    assert names(tool) == ["frame.png", "frame~2.png"]
    session = second.pages[-1].session
    assert np.array_equal(session.picture, shown) and len(session.document.instances) == 1


def test_a_session_zip_brings_the_work_back(tool, photos, tmp_path):
    tool.page.set_input_files("[data-ref=folder]", photos)
    opened(tool, 3)
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Export format").select_option("session")
    made = tool.download_by(tool.page.locator("[data-do=export]").click)
    archive = photos / "work.zip"
    archive.write_bytes(made.path().read_bytes())
    assert zipfile.ZipFile(archive).namelist() == ["9.png.session.json"]
    tool.page.get_by_role("button", name="Close the folder").click()
    tool.page.wait_for_selector(".cfr[data-empty]:not([data-folder])")
    tool.idle()
    tool.page.set_input_files("[data-ref=folder]", photos)
    opened(tool, 3)
    assert tool.page.locator("[data-ref=objects] li").count() == 1
    archive.unlink()
    tool.page.get_by_role("button", name="Close the folder").click()
    tool.page.wait_for_selector(".cfr[data-empty]:not([data-folder])")
    tool.idle()
    archive = tmp_path / "work.zip"
    archive.write_bytes(made.path().read_bytes())
    tool.page.set_input_files("[data-ref=file]", archive)
    tool.page.get_by_text("Open the pictures of this work first, or together with it.").wait_for()
    tool.page.set_input_files("[data-ref=folder]", photos)
    opened(tool, 3)
    tool.page.set_input_files("[data-ref=file]", archive)  # its picture is open
    tool.page.locator("[data-ref=objects] li").wait_for()
    tool.click(80, 80)
    tool.idle()
    assert tool.page.locator("[data-ref=notices]").inner_text().count("9.png") == 0
    assert len(tool.session.document.instances) == 1


def test_a_zip_of_pictures_is_opened_and_a_damaged_one_named(tool, photos, tmp_path):
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for file in photos.rglob("*.*"):
            made.write(file, f"photos/{file.relative_to(photos).as_posix()}")
    (tmp_path / "bad.zip").write_bytes(archive.read_bytes()[:300])
    tool.page.set_input_files("[data-ref=file]", tmp_path / "bad.zip")
    tool.page.get_by_text("This archive cannot be read").filter(has_text="bad.zip").wait_for()
    tool.page.set_input_files("[data-ref=file]", archive)
    opened(tool, 3)
    assert names(tool) == ["9.png", "10.png", "more/1.png"]
