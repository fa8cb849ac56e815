"""Only answers of networks stand in the network's line: nothing slow of one page holds up another's click."""

import asyncio
import time
from threading import Event

import pytest

from cfr_icl.annotate import exports
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.ui import downloads, opening
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.menu import ModelMenu
from tests import loops
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel
from tests.ui.parcels import send
from tests.weights.conftest import files, folder, hub  # noqa: F401  fixtures

CLICK = {"kind": "click", "x": 300, "y": 130, "positive": True}


def clicks_meanwhile(server, slow, release, page, *actions):
    """Send `actions` for one page, and clicks for another while they wait; the replies in their order."""

    async def run():
        parcel = {"actions": list(actions), "known": {"page": page.token}}
        waiting = asyncio.ensure_future(server.answer_in_turn(parcel))
        while not await asyncio.to_thread(slow.wait, 0.05):
            assert not waiting.done(), waiting.result()
        other = await server.answer_in_turn(
            {"actions": [{"number": 1, **open_first(server)}, {"number": 2, **CLICK}], "known": {}}
        )
        assert not waiting.done()
        release.set()
        return other, await waiting

    return loops.run(run())


def open_first(server):
    return {"kind": "hello"} if server.settings.folder else {"kind": "example", "index": 3}


def test_a_model_behind_a_slow_hub_holds_up_nobodys_click(hub, files, monkeypatch):  # noqa: F811
    hub.add("lab/slow", files)
    asked = Event()
    hub.flows.clear()

    def load(source):
        if source == "fast":
            return ColourModel()
        asked.set()
        return load_model(source, device="cpu")

    server = Server(Settings(examples=EXAMPLES, menu=ModelMenu(["fast", "hf://lab/slow"], load)))
    page, _ = send(server, None, {"number": 1, "kind": "example", "index": 3})
    switch = {"number": 2, "kind": "model", "name": "hf://lab/slow"}
    clicked, switched = clicks_meanwhile(server, asked, hub.flows, page, switch)
    assert clicked["applied"] == 2 and clicked["session"]["objects"][0]["area"] > 0
    assert switched["model"] == "hf://lab/slow" and "messages" not in switched


def test_an_export_of_a_whole_folder_holds_up_nobodys_click_nor_ones_own(tmp_path, monkeypatch):
    begun, go = Event(), Event()
    server = Server(Settings(ColourModel(), folder=Folder(EXAMPLES[0].parent, tmp_path)))
    page, _ = send(server, None, {"number": 1, "kind": "hello"}, {**CLICK, "number": 2})
    export = exports.export

    def slow(*arguments, **options):
        begun.set()
        assert go.wait(20)
        return export(*arguments, **options)

    monkeypatch.setattr(exports, "export", slow)
    action = {"number": 3, "kind": "export", "format": "coco", "detail": 1, "whole_folder": True}
    _, reply = send(server, page, action)
    assert (
        reply["job"] == {"kind": "export", "done": 0, "total": 0}
        and "downloads" not in reply
        and begun.is_set()
    )
    _, reply = send(server, page, {**CLICK, "number": 4, "x": 310})
    assert len(reply["session"]["objects"][0]["clicks"]) == 2 and reply["job"]
    go.set()
    for _ in range(200):
        _, reply = send(server, page)
        if "job" not in reply:
            break
        time.sleep(0.05)
    assert reply["downloads"][0]["orig_name"] == "examples_coco.json" and "messages" not in reply
    assert "downloads" not in send(server, page)[1]


def test_an_export_can_be_given_up_and_a_failure_is_told(tmp_path, monkeypatch):
    go = Event()
    server = Server(Settings(ColourModel(), folder=Folder(EXAMPLES[0].parent, tmp_path)))
    page, _ = send(server, None, {"number": 1, "kind": "hello"})
    action = {"kind": "export", "format": "coco", "detail": 1, "whole_folder": True}
    _, reply = send(server, page, {**action, "number": 2})
    assert reply["messages"] == ["There is no object to export."] and "job" not in reply
    monkeypatch.setattr(exports, "export", lambda *_, **__: go.wait(20))
    assert "job" in send(server, page, {**action, "number": 3})[1]
    assert "job" not in send(server, page, {"kind": "cancel_job", "number": 4})[1]
    go.set()


@pytest.mark.parametrize("kind", ["open", "download"])
def test_files_hold_up_nobodys_click(kind, tmp_path, monkeypatch):
    begun, go = Event(), Event()
    server = Server(Settings(ColourModel(), examples=EXAMPLES))
    page, _ = send(server, None, {"number": 1, "kind": "example", "index": 3}, {**CLICK, "number": 2})
    module, name = (downloads, "single_file") if kind == "download" else (opening, "browser_copy")
    function = getattr(module, name)

    def slow(*arguments):
        if not begun.is_set():
            begun.set()
            assert go.wait(20)
        return function(*arguments)

    monkeypatch.setattr(module, name, slow)
    action = {"kind": "example", "index": 0} if kind == "open" else {"kind": "download", "what": "mask"}
    clicked, _ = clicks_meanwhile(server, begun, go, page, {"number": 3, **action})
    assert clicked["applied"] == 2
