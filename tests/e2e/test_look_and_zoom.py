"""Zoom, place and look of the picture on the page."""

from PIL import Image

from tests.e2e.tool import placed


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


def test_the_coordinates_shown_are_those_of_the_pixel_under_a_resting_pointer(tool, squares, tmp_path):
    shown = tool.page.locator("[data-ref=pointer]")
    tool.upload(squares)
    tool.page.mouse.move(*placed(tool, 280, 190))
    assert shown.inner_text() == "280, 190"
    Image.new("RGB", (30, 20)).save(tmp_path / "small.png")
    tool.upload(tmp_path / "small.png")
    x, y = map(int, shown.inner_text().split(", "))
    assert (x, y) in ((27, 18), (28, 19), (28, 18), (27, 19))
    before = shown.inner_text()
    tool.page.keyboard.press("a")  # its actual size: the pointer is beside it now
    assert shown.inner_text() == ""
    tool.page.keyboard.press("f")
    assert shown.inner_text() == before
    tool.page.keyboard.press("ArrowUp")  # the crosshair, in the middle
    assert shown.inner_text() == "15, 10"
    tool.page.keyboard.press("Escape")
    assert shown.inner_text() == before


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


def test_looks_change_without_the_server_and_a_click_shows_at_once_that_it_is_computed(tool, squares):
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


def test_the_theme_can_be_switched_and_is_remembered(tool):
    light = tool.page.eval_on_selector(".cfr", "e => getComputedStyle(e).backgroundColor")
    tool.page.get_by_role("button", name="Light or dark").click()
    dark = tool.page.eval_on_selector(".cfr", "e => getComputedStyle(e).backgroundColor")
    assert light != dark
    tool.page.reload()
    tool.page.wait_for_selector(".cfr .examples button")
    assert tool.page.eval_on_selector(".cfr", "e => getComputedStyle(e).backgroundColor") == dark
