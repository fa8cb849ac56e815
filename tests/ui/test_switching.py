"""Switching the model keeps the clicks and answers them anew."""

import pytest

from cfr_icl.extras import MissingExtraError
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.weights.menu import ModelMenu
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel
from tests.ui.parcels import example, send


@pytest.fixture
def loaded():
    return []


@pytest.fixture
def server(loaded):
    def load(source):
        if source == "broken":
            raise ValueError("broken looks like a ResNet.")
        if source == "extra":
            raise MissingExtraError("extra needs transformers: pip install 'cfr-icl[hub]'.")
        loaded.append(source)
        return ColourModel(size=128 if source == "fine" else 32)

    menu = ModelMenu(["fine", "coarse", "broken", "extra"], load)
    return Server(Settings(examples=EXAMPLES, menu=menu))


def test_models_are_loaded_when_first_chosen_and_kept(server, loaded):
    page = example(server)
    assert loaded == []
    send(server, page, {"number": 2, "kind": "prepare"})
    assert loaded == ["fine"]
    models = server.shared.models
    assert models.network("coarse") is models.network("coarse")
    assert loaded == ["fine", "coarse"]


def test_the_active_object_is_answered_by_the_chosen_model(server):
    page = example(server)
    page, reply = send(server, page, {"number": 2, "kind": "click", "x": 300, "y": 130, "positive": True})
    (before,) = reply["session"]["objects"]
    assert reply["model"] == "fine"
    page, reply = send(server, page, {"number": 3, "kind": "model", "name": "coarse"})
    (after,) = reply["session"]["objects"]
    assert reply["model"] == "coarse"
    assert after["clicks"] == before["clicks"]
    assert after["version"] != before["version"]
    page, reply = send(server, page, {"number": 4, "kind": "model", "name": "fine"})
    assert reply["session"]["objects"][0]["version"] == before["version"]


def test_a_model_can_be_chosen_before_a_picture(server):
    page, reply = send(server, None, {"number": 1, "kind": "model", "name": "coarse"})
    assert reply["model"] == "coarse"
    page, reply = send(server, page, {"number": 2, "kind": "example", "index": 3})
    page, reply = send(server, page, {"number": 3, "kind": "click", "x": 300, "y": 130, "positive": True})
    assert page.session.predictor.load().model is server.shared.models.network("coarse")
    assert len(reply["session"]["objects"]) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "The model 'broken' cannot be used: broken looks like a ResNet."),
        (
            "extra",
            "The model 'extra' cannot be used: extra needs transformers: pip install 'cfr-icl[hub]'.",
        ),
        ("/etc/passwd", "There is no model '/etc/passwd' in the menu."),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_the_model_stays(server, warnings, name, message):
    _, reply = send(server, example(server), {"number": 2, "kind": "model", "name": name})
    assert warnings == [message]
    assert reply["model"] == "fine"


def test_the_page_is_told_whether_the_model_takes_coordinates():
    class OfSam(ColourModel):
        takes_coordinates = True

    models = {"maps": ColourModel(), "coordinates": OfSam()}
    server = Server(Settings(examples=EXAMPLES, menu=models))
    page, reply = send(server, example(server), {"number": 2, "kind": "prepare"})
    assert "takes_coordinates" not in reply
    page, reply = send(server, page, {"number": 3, "kind": "model", "name": "coordinates"})
    assert reply["takes_coordinates"]
