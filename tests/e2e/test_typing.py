"""What is typed or drawn while another picture comes, or the page is left, is not lost without a word."""

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from tests.e2e.tool import Line, placed


@pytest.fixture
def tool(serve, visit, tmp_path):
    """The page over a folder of three pictures, the first two with a red object each."""
    images = tmp_path / "images"
    images.mkdir()
    for number in range(3):
        picture = np.full((200, 300, 3), 128, np.uint8)
        picture[40:120, 30:130] = (220, 30, 30)
        Image.fromarray(picture).save(images / f"{number}.png")
    return visit(serve(folder=Folder(images, tmp_path / "work")))


def labels(tool, name):
    document = tool.session.document
    assert tool.session.name == name
    return [instance.label for instance in document.instances]


def label_two_pictures(tool):
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("PageDown")
    tool.idle()
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("PageUp")
    tool.idle()


def shown(tool, name):
    tool.page.wait_for_function(
        "name => document.querySelector('[data-ref=name]').textContent === name", arg=name
    )


def test_a_label_typed_while_the_next_picture_comes_does_not_land_on_it(tool):
    label_two_pictures(tool)
    shown(tool, "0.png")
    line = Line(tool, "**/component_server/")
    tool.page.keyboard.press("PageDown")
    field = tool.page.get_by_label("Label of object 1")
    tool.page.locator("[data-ref=objects] li").dblclick()
    field.press_sequentially("wheel")
    line.let_go()
    # read at once: a notice goes after some seconds
    assert "another picture" in tool.page.locator(".toast-body").first.inner_text()
    shown(tool, "1.png")
    tool.idle()
    assert labels(tool, "1.png") == ["object"]
    assert field.input_value() == "object"


def test_escape_gives_up_what_was_typed_as_the_label_of_an_object(tool):
    label_two_pictures(tool)
    field = tool.page.get_by_label("Label of object 1")
    tool.page.locator("[data-ref=objects] li").dblclick()
    field.press_sequentially("3")
    field.press("Escape")
    tool.idle()
    assert labels(tool, tool.page.locator("[data-ref=name]").inner_text()) == ["object"]
    assert field.input_value() == "object"
    assert tool.page.evaluate("document.activeElement.matches('.cfr canvas')")


def test_a_note_that_was_not_sent_is_shown_and_not_kept_for_the_next_picture(tool):
    tool.page.keyboard.press("s")
    tool.page.locator("[data-ref=review-note]").fill("the left edge")
    tool.page.get_by_role("button", name="Next picture").click()
    tool.idle()
    assert tool.page.locator("[data-ref=name]").inner_text() == "1.png"
    assert (
        tool.page.locator(".toast-body")
        .first.inner_text()
        .startswith("The note on 0.png was not sent: the left edge")
    )
    assert tool.page.locator("[data-ref=review-note]").input_value() == ""


def test_what_is_typed_into_find_stays_there_when_a_picture_comes(tool):
    label_two_pictures(tool)
    line = Line(tool, "**/component_server/")
    tool.page.keyboard.press("PageDown")
    tool.page.keyboard.press("g")
    tool.page.keyboard.type("2")
    line.let_go()
    tool.page.wait_for_function("() => document.querySelector('[data-ref=name]').textContent === '1.png'")
    tool.page.keyboard.type("cd")  # on the picture these clear the object, and mark it as done
    tool.idle()
    assert tool.page.locator("[data-ref=find]").input_value() == "2cd"
    assert labels(tool, "1.png") == ["object"] and not tool.session.document.done


def test_a_stroke_that_is_still_drawn_belongs_to_its_picture(tool):
    label_two_pictures(tool)
    before = tool.session.document.instances[0].mask.area
    tool.click(80, 80)  # in work again
    tool.page.keyboard.press("b")
    mouse = tool.page.mouse
    mouse.move(*placed(tool, 200, 60))
    mouse.down()
    mouse.move(*placed(tool, 260, 60), steps=4)
    tool.page.keyboard.press("d")
    mouse.move(*placed(tool, 260, 150), steps=4)
    mouse.up()
    tool.page.wait_for_function("() => document.querySelector('[data-ref=name]').textContent === '1.png'")
    tool.idle()
    assert tool.session.document.instances[0].mask.area == before
    tool.page.keyboard.press("PageUp")
    tool.idle()
    stroke = tool.session.document.instances[0].mask.pixels
    assert tool.session.name == "0.png" and stroke[60, 230] and not stroke[140, 260]


def test_a_label_typed_without_enter_counts_when_the_picture_is_clicked(tool):
    tool.page.keyboard.press("i")
    tool.page.keyboard.type("wheel")
    tool.click(80, 80)
    tool.idle()
    assert labels(tool, "0.png") == ["wheel"]
    tool.page.keyboard.press("i")
    tool.page.keyboard.type("doo")
    tool.page.keyboard.press("Escape")
    tool.idle()
    assert labels(tool, "0.png") == ["wheel"]


def test_a_reload_keeps_what_was_typed_and_asks_while_it_is_not_at_the_server(tool):
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Label of object 1").fill("wheel")
    tool.page.reload()
    tool.page.wait_for_selector(".cfr[data-folder]:not([data-empty])")
    tool.idle()
    assert tool.page.get_by_label("Label of object 1").input_value() == "wheel"

    asked = []
    tool.page.on("dialog", lambda dialog: asked.append(dialog.type))
    line = Line(tool, "**/component_server/")
    tool.click(100, 100)
    tool.page.reload()
    assert asked == ["beforeunload"]
    line.let_go()
