"""The examples for people who build with Gradio, as they are run and used."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
CAT = ROOT / "examples" / "chelsea.png"


@pytest.fixture
def run_example():
    processes = []

    def run(name):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            **os.environ,
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "PYTHONPATH": str(ROOT),
        }
        process = subprocess.Popen([sys.executable, ROOT / "examples" / name], env=environment)
        processes.append(process)
        url = f"http://127.0.0.1:{port}/"
        for _ in range(300):
            assert process.poll() is None
            try:
                urllib.request.urlopen(url, timeout=5).close()
                return url
            except OSError:
                time.sleep(0.2)
        pytest.fail(f"{name} did not answer.")

    yield run
    for process in processes:
        process.terminate()
        process.wait()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1366, "height": 900}, accept_downloads=True)
    yield context.new_page()
    context.close()


def test_the_minimal_example_gives_a_mask_to_download(run_example, page, tmp_path):
    page.goto(run_example("minimal.py"))
    page.locator("input[type=file]").first.set_input_files(CAT)
    shown = page.locator(".block", has_text="Click here").locator("img").last
    shown.wait_for()
    masks = []
    for x, y in ((230, 120), (330, 200)):
        before = shown.get_attribute("src")
        box = shown.bounding_box()
        scale = box["width"] / 451
        page.mouse.click(box["x"] + x * scale, box["y"] + y * scale)
        deadline = time.monotonic() + 60
        while shown.get_attribute("src") == before and time.monotonic() < deadline:
            page.wait_for_timeout(100)
        with page.expect_download() as caught:
            page.get_by_text("Download the mask").click()
        path = tmp_path / f"{x}.png"
        caught.value.save_as(path)
        masks.append(np.asarray(Image.open(path)) > 0)
    assert all(mask.shape == (300, 451) and mask[120, 230] for mask in masks)
    assert masks[1][200, 330] and 0.1 < masks[1].mean() < 0.9
