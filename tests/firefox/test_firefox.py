"""The main ways through the page in Firefox, driven over WebDriver BiDi; the rest is tested in Chromium."""

import subprocess
from pathlib import Path

import pytest
from gradio.state_holder import SessionState

from cfr_icl.ui import open_pages
from tests.browser import find_firefox, find_node
from tests.e2e.tool import EXAMPLES, Server

FOLDER = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.browser
def test_open_click_correct_export_reload_and_sleep(tmp_path, monkeypatch):
    firefox = find_firefox()
    if firefox is None or not (FOLDER.parents[1] / "node_modules/puppeteer-core").is_dir():
        pytest.skip("Firefox or puppeteer-core is not installed: the page was NOT tested in Firefox")
    started = SessionState.__init__

    def forgets_soon(state, blocks):
        started(state, blocks)
        state.STATE_TTL_WHEN_CLOSED = 1  # second, of an hour

    monkeypatch.setattr(SessionState, "__init__", forgets_soon)
    monkeypatch.setattr(open_pages, "RESTS_AFTER", 1)
    server = Server(examples=EXAMPLES)
    try:
        command = [find_node(), str(FOLDER / "page.mjs"), firefox, server.url, str(tmp_path)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    finally:
        server.close()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.split("\n")[:-1] == [
        "open",
        "click",
        "correct",
        "undo and redo",
        "export",
        "reload",
        "sleep",
    ]
