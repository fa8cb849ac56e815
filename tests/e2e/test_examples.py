"""The examples for people who build with Gradio, as they are run and used."""

import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.addresses import free_port, wait_for

ROOT = Path(__file__).parents[2]
CAT = ROOT / "examples" / "chelsea.png"


@pytest.fixture
def run_example():
    processes = []

    def run(name):
        port = free_port()
        environment = {
            **os.environ,
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "PYTHONPATH": str(ROOT),
        }
        process = subprocess.Popen([sys.executable, ROOT / "examples" / name], env=environment)
        processes.append(process)
        url = f"http://127.0.0.1:{port}/"
        wait_for(url, process)
        return url

    yield run
    for process in processes:
        process.terminate()
        process.wait()


@pytest.fixture
def page(new_page):
    return new_page(viewport={"width": 1366, "height": 900})


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


def test_the_minimal_example_asks_for_a_click_on_the_object_first(run_example, page):
    page.goto(run_example("minimal.py"))
    page.locator("input[type=file]").first.set_input_files(CAT)
    shown = page.locator(".block", has_text="Click here").locator("img").last
    shown.wait_for()
    page.get_by_label("On the object").uncheck()
    shown.click()
    page.get_by_text("No click is positive").wait_for()


def test_the_annotator_tells_other_blocks_of_an_object_that_changes(run_example, page):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(run_example("embed.py"))
    page.get_by_role("button", name="coffee", exact=True).click()
    page.wait_for_selector(".cfr:not([data-empty])")
    page.wait_for_selector(".cfr:not([data-busy])", timeout=60_000)
    canvas = page.locator(".cfr canvas").first
    box = canvas.bounding_box()
    assert box["height"] < 640
    parts = page.eval_on_selector_all(
        ".cfr .bar > *", "parts => parts.map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])"
    )
    parts = [(left, right) for left, right in parts if right > left]
    assert all(right <= left + 1 for (_, right), (left, _) in pairwise(parts))
    size = page.get_by_test_id("cell-0-2")
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.35 * box["height"])
    size.wait_for(timeout=60_000)
    assert int(size.inner_text()) > 1000
    mask = page.locator(".block", has_text="Mask of the last object").locator("img").last
    loaded = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
    assert mask.evaluate(loaded) == [600, 400]
    page.keyboard.press("Delete")
    size.wait_for(state="detached", timeout=60_000)
    assert errors == []
