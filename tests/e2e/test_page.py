"""Click on a photo, see an exact mask, download it."""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.tool import EXAMPLES, Tool

COFFEE = next(path for path in EXAMPLES if path.stem == "coffee")


def message(tool):
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    return toast.inner_text()


def test_the_page_fits_a_laptop_screen_without_scrolling(tool):
    tool.example("coffee")
    assert tool.hidden_controls() == []
    assert tool.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert tool.page.locator("footer").filter(has_text="Gradio").count() == 0


def test_a_click_on_an_example_shows_the_mask(tool):
    tool.example("coffee")
    before = tool.colour(300, 120)
    assert before != (0, 0, 0, 0)
    tool.click(310, 130)
    tool.idle()
    mask = tool.session.mask
    assert mask[130, 310] and mask.any() and not mask.all()
    inside = np.argwhere(mask)[len(np.argwhere(mask)) // 2]
    tool.unfold("View")
    tool.set_range("Mask opacity", 100)
    tool.page.get_by_text("Contour").click()
    assert tool.colour(int(inside[1]), int(inside[0])) == (0x3B, 0x82, 0xF6, 255)


def test_downloads_have_the_pictures_size_and_the_masks_values(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    download = tool.download("Mask")
    assert download.suggested_filename == "squares_mask.png"
    with Image.open(download.path()) as image:
        mask = np.array(image)
        assert image.mode == "L" and image.size == (300, 200)
    assert set(np.unique(mask)) == {0, 255}
    assert np.array_equal(mask == 255, tool.session.mask)
    assert mask[80, 80] == 255 and mask[100, 230] == 0

    download = tool.download("Cut-out")
    assert download.suggested_filename == "squares_cutout.png"
    with Image.open(download.path()) as image:
        cutout = np.array(image)
        assert image.mode == "RGBA" and image.size == (300, 200)
    assert np.array_equal(cutout[..., 3], mask)
    assert (cutout[80, 80] == (220, 30, 30, 255)).all()


def test_right_click_shift_and_the_switch_are_negative(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.click(230, 100, button="right")
    tool.click(10, 10, modifiers=["Shift"])
    tool.page.get_by_role("radio", name="Background").click()
    tool.click(150, 20)
    tool.idle()
    assert [click.positive for click in tool.session.active.clicks] == [True, False, False, False]
    assert [(click.x, click.y) for click in tool.session.active.clicks][:2] == [(80, 80), (230, 100)]


def test_the_slider_and_its_switches_act_on_the_present_clicks(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.click(100, 100)
    tool.idle()
    tool.unfold("Refinement")
    stop = tool.page.get_by_label("Stop early")
    assert stop.input_value() == "settled" and tool.session.document.cfr.min_change_ratio == 0.02
    stop.select_option("published")
    tool.idle()
    assert tool.session.document.cfr.adaptive and tool.session.document.cfr.min_change_ratio == 0
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert stop.input_value() == "settled"
    stop.select_option("never")
    tool.set_range("CFR steps", 7)
    tool.idle()
    assert tool.session.active.timing.forwards == 8
    assert "8 passes" in tool.page.locator("[data-ref=answer]").inner_text()
    changed = tool.session.active.timing.changed
    refined = tool.page.locator("[data-ref=refined]")
    assert refined.inner_text() == f"8 passes, last changed {changed} px"
    tool.page.get_by_label("Close-ups").click()
    tool.idle()
    assert not tool.session.document.cfr.close_ups
    tool.page.get_by_label("Refine at every click").click()
    tool.idle()
    assert tool.session.active.timing.forwards == 1
    assert refined.inner_text() == "1 pass, nothing was refined"
    tool.set_range("CFR steps", 0)
    tool.idle()
    assert tool.session.document.cfr.steps == 0


def test_undo_redo_and_clear(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.click(100, 100)
    tool.idle()
    tool.page.get_by_role("button", name="Undo").click()
    tool.idle()
    assert len(tool.session.active.clicks) == 1
    tool.page.keyboard.press("Control+Shift+z")
    tool.idle()
    assert len(tool.session.active.clicks) == 2
    tool.page.get_by_role("button", name="Clear clicks").click()
    tool.idle()
    assert not tool.session.mask.any()
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.mask[80, 80]


def test_twenty_clicks_at_ten_a_second_all_arrive_in_order(tool, squares):
    tool.upload(squares)
    wanted = [(35 + 4 * i, 45 + 3 * i) for i in range(20)]
    for x, y in wanted:
        position = tool.point(x, y)
        box = tool.page.locator("canvas").bounding_box()
        tool.page.mouse.click(box["x"] + position["x"], box["y"] + position["y"])
        tool.page.wait_for_timeout(100)
    tool.idle()
    assert [(click.x, click.y) for click in tool.session.active.clicks] == wanted
    assert "20 clicks" in tool.page.locator("[data-ref=answer]").inner_text()


def test_a_burst_without_any_pause_loses_nothing(tool, squares):
    tool.upload(squares)
    tool.page.evaluate(
        """points => { const c = document.querySelector('.cfr canvas'), box = c.getBoundingClientRect();
        c.setPointerCapture = () => {};
        for (const p of points) for (const type of ['pointerdown', 'pointerup'])
          c.dispatchEvent(new PointerEvent(type,
            {bubbles: true, pointerId: 1, button: 0, clientX: box.left + p.x, clientY: box.top + p.y})); }""",
        [tool.point(40 + i, 50) for i in range(30)],
    )
    tool.idle()
    assert [click.x for click in tool.session.active.clicks] == list(range(40, 70))


def test_the_crosshair_clicks_by_keyboard_alone(tool, squares):
    tool.upload(squares)
    tool.page.locator("canvas").focus()
    for _ in range(3):
        tool.page.keyboard.press("ArrowLeft")
    tool.page.keyboard.press("Enter")
    tool.page.keyboard.press("Alt+ArrowRight")
    tool.page.keyboard.press("Backspace")
    tool.idle()
    first, second = tool.session.active.clicks
    assert first.positive and not second.positive
    assert (second.x - first.x, second.y - first.y) == (1, 0)


def test_zoomed_clicks_hit_the_pixel_below_the_pointer(tool, squares):
    tool.upload(squares)
    position = tool.point(100, 100)
    box = tool.page.locator("canvas").bounding_box()
    at = (box["x"] + position["x"], box["y"] + position["y"])
    tool.page.mouse.move(*at)
    for _ in range(12):
        tool.page.mouse.wheel(0, -300)
    tool.page.wait_for_function("document.querySelector('[data-ref=zoom]').textContent === '3200 %'")
    tool.page.mouse.click(*at)
    tool.page.mouse.click(at[0] + 32, at[1] - 64)
    tool.idle()
    assert [(click.x, click.y) for click in tool.session.active.clicks] == [(100, 100), (101, 98)]
    tool.page.get_by_role("button", name="Fit").click()
    assert tool.page.locator("[data-ref=zoom]").inner_text() != "3200 %"


def test_the_picture_is_moved_with_space_and_shown_pixel_by_pixel(tool, squares):
    tool.upload(squares)
    tool.page.get_by_role("button", name="100 %").click()
    assert tool.page.locator("[data-ref=zoom]").inner_text() == "100 %"
    box = tool.page.locator("canvas").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tool.page.mouse.move(*middle)
    tool.page.keyboard.down("Space")
    tool.page.mouse.down()
    tool.page.mouse.move(middle[0] + 50, middle[1] + 20, steps=4)
    tool.page.mouse.up()
    tool.page.keyboard.up("Space")
    assert not tool.session.document.instances
    tool.page.mouse.click(*middle)
    tool.idle()
    (click,) = tool.session.active.clicks
    assert (click.x, click.y) == (100, 80)
    tool.page.keyboard.press("h")
    tool.unfold("View")
    tool.page.get_by_label("Clicks", exact=True).uncheck()
    tool.page.mouse.move(*middle)
    for _ in range(12):
        tool.page.mouse.wheel(0, -300)
    tool.page.wait_for_function("document.querySelector('[data-ref=zoom]').textContent === '3200 %'")
    colours = tool.page.evaluate(
        """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
        const c = document.querySelector('.cfr canvas'), seen = new Set();
        const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
        for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 4).join());
        done([...seen]); })))"""
    )
    assert set(colours) <= {"128,128,128,255", "220,30,30,255", "0,0,0,0"}  # nothing in between


def test_looks_change_without_the_server_and_work_is_shown_at_once(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    posts = []
    tool.page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    before = tool.colour(60, 60)
    tool.unfold("View")
    tool.set_range("Mask opacity", 100)
    tool.page.get_by_label("Contour").uncheck()
    tool.page.get_by_label("Clicks", exact=True).uncheck()
    assert tool.colour(60, 60) != before
    opaque = tool.colour(60, 60)
    tool.page.get_by_label("Colour of object 1").evaluate(
        "e => { e.value = '#00ff00'; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert tool.colour(60, 60) == (0, 255, 0, 255) != opaque
    assert posts == []
    busy = tool.page.evaluate(
        """at => { const c = document.querySelector('.cfr canvas'), box = c.getBoundingClientRect();
        c.setPointerCapture = () => {};
        c.dispatchEvent(new PointerEvent('pointerdown',
          {bubbles: true, pointerId: 1, button: 0, clientX: box.left + at.x, clientY: box.top + at.y}));
        return !document.querySelector('[data-ref=busy]').hidden; }""",
        tool.point(90, 90),
    )
    assert busy
    tool.idle()


def test_sliders_labels_and_objects_are_undone_and_redone(tool, squares):
    tool.upload(squares)
    start = tool.session.document
    tool.click(80, 80)
    tool.idle()
    tool.set_range("CFR steps", 7)
    tool.idle()
    label = tool.page.get_by_label("Label of object 1")
    label.fill("cup")
    label.press("Enter")
    tool.idle()
    tool.page.get_by_label("Duplicate object 1").click()
    tool.page.get_by_label("Delete object 1").click()
    tool.idle()
    end = tool.session.document
    tool.page.locator("canvas").focus()
    for _ in range(5):
        tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.document.instances == start.instances and tool.session.document.cfr == start.cfr
    assert tool.page.get_by_role("slider", name="CFR steps").input_value() == "4"
    assert tool.page.locator("[data-ref=objects] li").count() == 0
    for _ in range(5):
        tool.page.keyboard.press("Control+y")
    tool.idle()
    assert tool.session.document == end
    assert tool.page.get_by_role("slider", name="CFR steps").input_value() == "7"
    assert tool.page.get_by_label("Label of object 2").input_value() == "cup"


def test_a_tap_clicks_and_two_fingers_do_not(browser, server, squares):
    context = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True)
    tool = Tool(context.new_page(), server)
    tool.upload(squares)
    position = tool.point(80, 80)
    box = tool.page.locator("canvas").bounding_box()
    tool.page.touchscreen.tap(box["x"] + position["x"], box["y"] + position["y"])
    tool.idle()
    assert [(c.x, c.y) for c in tool.session.active.clicks] == [(80, 80)]
    touch = context.new_cdp_session(tool.page)
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    for kind, spread in (("touchStart", 20), ("touchMove", 40), ("touchMove", 80), ("touchEnd", None)):
        fingers = (
            []
            if spread is None
            else [{"x": middle["x"] + s * spread, "y": middle["y"], "id": i} for i, s in enumerate((-1, 1))]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    tool.idle()
    assert len(tool.session.active.clicks) == 1
    zoom = int(tool.page.locator("[data-ref=zoom]").inner_text().split()[0])
    assert zoom > 200
    assert tool.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_two_sessions_never_mix(browser, server, tool, squares):
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    other = Tool(context.new_page(), server)
    tool.upload(squares)
    other.example("coffee")
    for i in range(5):
        tool.click(40 + i, 60)
        other.click(300 + i, 130)
    tool.idle()
    other.idle()
    assert [c.x for c in tool.session.active.clicks] == [40, 41, 42, 43, 44]
    assert [c.x for c in other.session.active.clicks] == [300, 301, 302, 303, 304]
    assert tool.session.mask.shape == (200, 300) and other.session.mask.shape == (400, 600)
    context.close()


def test_a_12_megapixel_photo_costs_at_most_60_kilobytes_a_click(tool, tmp_path):
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


def png_header(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def one_pixel():
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hello", "not a picture"),
        (COFFEE.read_bytes()[:20_000], "damaged"),
        (one_pixel(), "1 x 1 pixels"),
        (png_header(10_000, 10_000), "100.0 megapixels"),
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


def test_a_first_negative_click_is_explained(tool, squares):
    tool.upload(squares)
    tool.click(80, 80, button="right")
    assert "Start an object" in message(tool)


def test_pasting_and_dropping_open_a_picture(tool, squares):
    script = """([bytes, kind]) => { const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, {type: 'image/png'}));
        const options = {clipboardData: data, dataTransfer: data, bubbles: true, cancelable: true};
        const Kind = kind === 'paste' ? ClipboardEvent : DragEvent;
        const event = new Kind(kind, options);
        document.querySelector('.cfr canvas').dispatchEvent(event); }"""
    for kind in ("paste", "drop"):
        tool.page.evaluate(script, [list(squares.read_bytes()), kind])
        tool._opened(f"{kind}.png")
        assert tool.session.size == (200, 300)


def test_the_theme_can_be_switched_and_is_remembered(tool):
    light = tool.page.eval_on_selector(".cfr", "e => getComputedStyle(e).backgroundColor")
    tool.page.get_by_role("button", name="Light or dark").click()
    dark = tool.page.eval_on_selector(".cfr", "e => getComputedStyle(e).backgroundColor")
    assert light != dark
    tool.page.reload()
    tool.page.wait_for_selector(".cfr .examples button")
    assert tool.page.eval_on_selector(".cfr", "e => getComputedStyle(e).backgroundColor") == dark


def test_objects_are_finished_selected_by_their_mask_and_kept_apart(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.click(230, 100)
    tool.idle()
    first, second = tool.session.document.instances
    assert not (first.mask.pixels & second.mask.pixels).any()
    tool.page.keyboard.press("Space")
    tool.idle()
    assert tool.session.active is None
    tool.click(85, 85)
    tool.idle()
    assert tool.session.document.active == first.id and len(tool.session.active.clicks) == 1
    tool.click(90, 90)
    tool.idle()
    assert len(tool.session.active.clicks) == 2


def test_an_objects_row_labels_hides_locks_copies_and_deletes_it(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    label = tool.page.get_by_label("Label of object 1")
    label.fill("<b>cup</b>")
    label.press("Enter")
    tool.idle()
    assert tool.session.active.label == "<b>cup</b>"
    assert tool.page.locator(".panel b").count() == 0
    grey = (128, 128, 128, 255)
    tool.unfold("View")
    tool.set_range("Mask opacity", 100)
    assert tool.colour(60, 60) != (220, 30, 30, 255)
    tool.page.get_by_label("Show or hide object 1").click()
    tool.idle()
    assert tool.colour(60, 60) == (220, 30, 30, 255) and tool.colour(150, 20) == grey
    tool.page.get_by_label("Duplicate object 1").click()
    tool.idle()
    tool.page.get_by_label("Lock or unlock object 1").click()
    tool.idle()
    assert tool.page.get_by_label("Delete object 1").is_disabled()
    tool.page.get_by_label("Delete object 2").click()
    tool.idle()
    assert [instance.id for instance in tool.session.document.instances] == [1]


def test_brush_eraser_and_box_by_mouse(tool, squares):
    tool.upload(squares)
    box = tool.page.locator("canvas").bounding_box()

    def drag(start, end):
        points = [tool.point(*start), tool.point(*end)]
        (x0, y0), (x1, y1) = [(box["x"] + p["x"], box["y"] + p["y"]) for p in points]
        tool.page.mouse.move(x0, y0)
        tool.page.mouse.down()
        tool.page.mouse.move(x1, y1, steps=6)
        tool.page.mouse.up()
        tool.idle()

    tool.page.get_by_role("radio", name="Box").click()
    drag((175, 55), (285, 165))
    blue = tool.session.active.id
    assert tool.session.mask[100, 230] and not tool.session.mask[80, 80]
    tool.page.keyboard.press("b")
    tool.set_range("Brush size", 10)
    drag((160, 180), (250, 180))
    assert tool.session.active.id == blue and tool.session.mask[180, 165:245].all()
    tool.page.keyboard.press("e")
    drag((200, 150), (200, 190))
    assert not tool.session.mask[155:185, 200].any()
    for _ in range(3):
        tool.page.keyboard.press("Control+z")
    tool.idle()
    assert not tool.session.document.instances


def test_label_lists_are_loaded_saved_and_chosen_by_number(tool, squares, tmp_path):
    tool.upload(squares)
    names = tmp_path / "labels.txt"
    names.write_text("cup\nsaucer\nspoon\n")
    tool.page.locator(".labels summary").click()
    tool.page.set_input_files("[data-ref=labels-file]", names)
    tool.page.wait_for_selector("[data-ref=labels] button >> nth=2")
    tool.idle()
    tool.page.locator("canvas").focus()
    tool.page.keyboard.press("2")
    tool.click(80, 80)
    tool.idle()
    assert tool.session.active.label == "saucer"
    saved = json.loads(Path(tool.download("Save list").path()).read_text())
    assert [label["name"] for label in saved] == ["cup", "saucer", "spoon"]
