"""The model menu on the page, with a model that is downloaded when it is chosen."""

from threading import Event

import pytest
from huggingface_hub.utils import tqdm
from playwright.sync_api import expect

from cfr_icl.weights.menu import ModelMenu
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel


@pytest.fixture
def arrived():
    """Set when the download of the model "coarse" may end."""
    return Event()


class CoordinateModel(ColourModel):
    takes_coordinates = True


@pytest.fixture
def tool(serve, visit, arrived):
    def load(source):
        if source == "fine":
            return ColourModel(size=128)
        with tqdm(total=100, desc="model.safetensors", unit="B") as progress:
            progress.update(40)
            assert arrived.wait(30)
        return CoordinateModel(size=32)

    menu = ModelMenu(["fine", "coarse"], load)
    return visit(serve(menu["fine"], examples=EXAMPLES, menu=menu))


def test_switching_the_model_shows_the_download_keeps_the_clicks_and_predicts_again(tool, arrived):
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    before = tool.session.active
    tool.unfold("Refinement")
    assert not tool.page.get_by_role("switch", name="Inner click").is_visible()
    menu = tool.page.get_by_label("Model", exact=True)
    menu.select_option("coarse")
    tool.page.get_by_text("model.safetensors - 40.0%").wait_for()
    arrived.set()
    tool.idle()
    after = tool.session.active
    assert after.clicks == before.clicks
    assert after.mask.version != before.mask.version
    assert menu.input_value() == "coarse"
    assert tool.page.get_by_role("switch", name="Inner click").is_visible()
    assert tool.errors == []


def test_the_chosen_model_is_that_of_the_next_page_also_at_a_server_started_anew(tool, arrived):
    arrived.set()
    tool.page.get_by_label("Model", exact=True).select_option("coarse")
    tool.idle()
    page = tool.page.context.new_page()  # nothing of the tab before, as after a restart of the server
    page.goto(tool.page.url)
    expect(page.get_by_label("Model", exact=True)).to_have_value("coarse")
    page.get_by_role("button", name="coffee", exact=True).click()
    page.wait_for_selector(".cfr:not([data-empty]):not([data-busy])")
    assert page.get_by_label("Model", exact=True).input_value() == "coarse"
