"""Networks that take their time: the wait for a picture, and masks of SAM's family to choose from."""

import threading

import pytest

from cfr_icl import load_model
from tests.e2e.tool import EXAMPLES, Line
from tests.models import tiny_sam
from tests.stand_in import ColourModel


@pytest.fixture
def tool(serve, visit, tmp_path):
    model = load_model(str(tiny_sam.save(tmp_path / "sam", "sam", 16)), device="cpu")
    tool = visit(serve(model, examples=EXAMPLES))
    yield tool
    assert tool.errors == []


def test_masks_to_choose_from_are_shown_while_the_object_has_one_click(tool):
    tool.example("coffee")
    tool.click(300, 130)
    choices = tool.page.locator("[data-ref=choices] button")
    choices.nth(2).wait_for()
    tool.idle()
    masks = [choice.mask for choice in tool.session.choices()[1].choices]
    for number in (2, 1):
        tool.page.keyboard.press(str(number))
        tool.idle()
        assert (tool.session.mask == masks[number - 1]).all()
        assert choices.nth(number - 1).get_attribute("aria-checked") == "true"
    choices.nth(2).click()
    tool.idle()
    assert tool.session.active.choice == 2 and tool.session.active.label == "object"
    tool.session.set_label("cup")
    tool.page.keyboard.press("Enter")
    tool.click(300, 130)
    choices.nth(2).wait_for()
    tool.page.keyboard.press("Shift+Digit2")
    tool.idle()
    assert tool.session.active.label == "cup" and tool.session.active.choice is None
    tool.page.locator("[data-ref=canvas]").click(position=tool.point(320, 140))
    tool.idle()
    assert len(tool.session.active.clicks) == 2 and not choices.first.is_visible()


def test_labels_to_choose_stay_in_their_place_while_objects_are_made(tool):
    tool.example("coffee")
    tool.unfold("Labels")
    new_label = tool.page.get_by_placeholder("New label")
    before = new_label.bounding_box()
    choices = tool.page.locator("[data-ref=choices] button")
    for x, y in ((300, 130), (100, 300), (500, 50), (560, 360)):
        tool.click(x, y, modifiers=["Alt"])
        choices.nth(2).wait_for()
        assert new_label.bounding_box() == before
        tool.page.keyboard.press("Enter")
        tool.idle()
        choices.first.wait_for(state="hidden")
        assert new_label.bounding_box() == before


def test_three_objects_are_seen_in_the_list_while_masks_are_offered(tool):
    tool.example("coffee")
    for x, y in ((300, 130), (100, 300), (500, 50), (560, 360)):
        tool.page.keyboard.press("Enter")
        tool.click(x, y, modifiers=["Alt"])
        tool.page.locator("[data-ref=choices] button").nth(2).wait_for()
        tool.idle()
    frame = tool.page.locator("[data-ref=objects]").bounding_box()
    rows = [row.bounding_box() for row in tool.page.locator("[data-ref=objects] li").all()]
    seen = [
        row
        for row in rows
        if row["y"] >= frame["y"] - 1 and row["y"] + row["height"] <= frame["y"] + frame["height"] + 1
    ]
    assert len(rows) == 4 and len(seen) >= 3


def test_keys_pressed_before_the_mask_is_there_act_on_it_when_it_comes(tool):
    tool.example("coffee")
    tool.session.set_label("cup")
    canvas = tool.page.locator("[data-ref=canvas]")
    for key, objects in (("Enter", 1), ("Control+z", 0)):
        canvas.click(position=tool.point(300, 130))
        tool.page.keyboard.press(key)
        tool.idle()
        assert len(tool.session.document.instances) == objects
        tool.page.keyboard.press("Control+z")
        tool.idle()
    canvas.click(position=tool.point(300, 130))
    tool.page.keyboard.press("2")  # the masks to choose from are not there yet
    tool.page.locator("[data-ref=choices] [aria-checked=true]:nth-child(2)").wait_for()
    tool.idle()
    assert tool.session.active.choice == 1 and tool.session.active.label == "cup"
    assert tool.page.locator(".toast-body, [data-ref=notices] li").count() == 0


@pytest.mark.parametrize("then", ["Enter", "a click", "another object"])
def test_a_digit_means_what_it_means_to_somebody_who_waits_however_slow_the_line_is(tool, then):
    tool.example("coffee")
    tool.session.set_label("cup")
    tool.session.set_label("pot")
    tool.click(500, 50)
    tool.idle()
    tool.page.keyboard.press("Enter")
    tool.idle()
    line = Line(tool, "**/component_server/")
    canvas = tool.page.locator("[data-ref=canvas]")
    canvas.click(position=tool.point(300, 130))
    tool.page.keyboard.press("1")  # the masks are not there yet
    if then == "Enter":
        tool.page.keyboard.press("Enter")
    elif then == "a click":
        canvas.click(position=tool.point(320, 140))
    else:
        tool.page.get_by_label("Select object 1").click()
    line.let_go()
    tool.idle()
    first, second = tool.session.document.instances
    assert (first.label, first.choice) == ("pot", None)
    assert (second.label, second.choice) == ("pot", 0)
    assert len(second.clicks) == (2 if then == "a click" else 1)


def test_the_first_click_waits_with_progress_while_the_picture_is_encoded(serve, visit):
    seen = threading.Event()

    class Slow(ColourModel):
        def encode(self, image):
            seen.wait(30)
            return super().encode(image)

    tool = visit(serve(Slow(), examples=EXAMPLES))
    tool.page.get_by_role("button", name="coffee", exact=True).click()
    progress = tool.page.locator("[data-ref=encoding]")
    progress.wait_for()
    tool.click(300, 130)
    assert tool.session.active is None
    seen.set()
    tool.idle()
    assert tool.session.mask[130, 300] and not progress.is_visible()
    tool.unfold("Refinement")
    assert "s a click" in tool.page.locator("[data-ref=model-cost]").inner_text()
    assert tool.errors == []


def test_the_embedded_network_offers_further_masks_for_its_first_click(serve, visit):
    tool = visit(serve(load_model("embedded", "cpu", "float32"), examples=EXAMPLES))
    tool.example("coffee")
    tool.click(300, 130)
    choices = tool.page.locator("[data-ref=choices] button")
    choices.nth(2).wait_for()
    tool.idle()
    assert choices.first.get_attribute("aria-checked") == "true"  # its own answer stays
    own = tool.session.mask
    rough = [choice.get_attribute("title").endswith("when it is taken") for choice in choices.all()]
    assert rough == [False, True, True]  # its own small picture shows the final mask
    for number in (2, 3):
        tool.page.keyboard.press(str(number))
        tool.idle()
        assert not choices.nth(number - 1).get_attribute("title").endswith("when it is taken")
        assert tool.session.active.choice == number - 1 and (tool.session.mask != own).any()
        assert choices.nth(number - 1).get_attribute("aria-checked") == "true"
    tool.page.keyboard.press("1")
    tool.idle()
    assert (tool.session.mask == own).all()
    assert tool.errors == []
