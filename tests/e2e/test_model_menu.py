"""The model menu on the page, with a model that is downloaded when it is chosen."""

import pytest

from cfr_icl.weights.menu import ModelMenu
from tests.e2e.tool import EXAMPLES, Server, Tool
from tests.stand_in import ColourModel


@pytest.fixture
def tool(browser):
    menu = ModelMenu(["fine", "coarse"], lambda source: ColourModel(size=128 if source == "fine" else 32))
    server = Server(menu["fine"], examples=EXAMPLES, menu=menu)
    context = browser.new_context()
    yield Tool(context.new_page(), server)
    context.close()
    server.close()


def test_switching_keeps_the_clicks_and_answers_anew(tool):
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    before = tool.session.active
    tool.page.get_by_label("Model", exact=True).select_option("coarse")
    tool.idle()
    after = tool.session.active
    assert after.clicks == before.clicks
    assert after.mask.version != before.mask.version
    assert tool.page.get_by_label("Model", exact=True).input_value() == "coarse"
    assert tool.errors == []
