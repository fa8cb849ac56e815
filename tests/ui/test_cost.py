"""What a model costs, as the page is told."""

import pytest
import torch
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.models.learnt import LearntModel
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.weights.licence import read_licence
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, example, send


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\ntags: [x]\n---\n# A model\nlicense: none\n", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: sam-license\nlicense_link: x\n---\n", "sam-license"),
        ("---\r\nlicense: 'mit'\r\n---\r\n", "mit"),
        ("# license: mit\n", None),
        ("---\nlicense:\n---\n", None),
    ],
)
def test_the_licence_is_read_from_the_card_of_the_weights(tmp_path, card, licence):
    assert read_licence(str(tmp_path)) is None
    (tmp_path / "README.md").write_bytes(card.encode())
    assert read_licence(str(tmp_path)) == licence
    assert read_licence(str(tmp_path / "model.safetensors")) == licence


def test_the_embedded_weights_have_a_licence():
    assert read_licence("embedded") == "apache-2.0"


def test_the_page_is_told_what_the_model_costs_when_that_changed(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    shared = Server(Settings(examples=EXAMPLES, menu={str(tmp_path): ColourModel()}))
    page, reply = send(shared, example(shared), {"number": 2, "kind": "prepare"})
    cost = reply["model_cost"]
    assert (cost["parameters"], cost["device"], cost["licence"]) == (1, "cpu", "mit")
    assert cost["click"] is None
    known = {"reply": reply["reply"], "picture": page.picture_token}
    click = {"number": 3, "kind": "click", "x": 300, "y": 130, "positive": True}
    page, reply = send(shared, page, click, known=known)
    assert reply["model_cost"]["click"] > 0
    known["reply"] = reply["reply"]
    page, reply = send(shared, page, {"number": 4, "kind": "finish"}, known=known)
    assert "model_cost" not in reply


class Red(torch.nn.Module):
    """In place of a kind: pictures whose first pixel is red."""

    def accepts(self, picture):
        return tuple(picture[0, 0]) == (255, 0, 0)


def test_the_page_is_told_which_network_of_a_learnt_model_predicts(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("red", "blue"):
        Image.new("RGB", (60, 40), name).save(folder / f"{name}.png")
    model = LearntModel(ColourModel(), ColourModel(), Red())
    server = Server(Settings(menu={"learnt": model}, folder=Folder(folder, tmp_path / "work")))
    browser, told = Browser(server), []
    for name in ("red.png", "blue.png"):
        browser.do({"kind": "goto", "name": name})
        told.append(browser.do({"kind": "prepare"})["model_cost"]["of_kind"])
    assert told == [True, False]
