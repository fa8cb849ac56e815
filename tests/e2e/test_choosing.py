"""The masks that a network of SAM's family offers, on the page."""

import pytest

from cfr_icl import load_model
from tests.e2e.tool import EXAMPLES, Server, Tool

pytest.importorskip("transformers")
from tests.models import tiny_sam


@pytest.fixture
def tool(browser, tmp_path):
    model = load_model(str(tiny_sam.save(tmp_path / "sam", "sam", 16)), device="cpu")
    server = Server(model, examples=EXAMPLES)
    context = browser.new_context()
    tool = Tool(context.new_page(), server)
    yield tool
    assert tool.errors == []
    context.close()
    server.close()


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
    tool.page.locator("[data-ref=canvas]").click(position=tool.point(320, 140))
    tool.idle()
    assert len(tool.session.active.clicks) == 2 and not choices.first.is_visible()
