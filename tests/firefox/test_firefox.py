"""The main ways through the page in Firefox, driven over WebDriver BiDi; the rest is tested in Chromium."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.tool import EXAMPLES, Server

FOLDER = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.browser
def test_open_click_correct_export_and_reload(tmp_path):
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    node = shutil.which("node")
    if firefox is None or node is None or not (FOLDER.parents[1] / "node_modules/puppeteer-core").is_dir():
        pytest.skip("Firefox, node or puppeteer-core is not installed: the page was NOT tested in Firefox")
    server = Server(examples=EXAMPLES)
    try:
        command = [node, str(FOLDER / "page.mjs"), firefox, server.url, str(tmp_path)]
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
    ]
