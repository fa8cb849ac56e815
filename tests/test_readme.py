"""What README.md shows works as it stands there."""

import base64
import io
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from cfr_icl import Click, Segmenter, load_model
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.session.session import Session
from cfr_icl.cli.main import main, parse
from cfr_icl.ui.blocks import build, launch
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.loops import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860/"

TESTED_ELSEWHERE = {
    "make": "Makefile",
    "pip install": "tests/test_installed.py",
    "cfr-icl app": "tests/test_installed.py",
    "cfr-icl convert": "tests/weights/test_published.py",
    "cfr-icl publish": "tests/weights/test_publish.py",
    "cfr-icl learn": "tests/learning/test_learn.py",
    "cfr-icl train": "tests/learning/test_train.py",
    "cfr-icl evaluate": "tests/evaluation/test_run.py",
}
"""Commands that need an installation, data or weights, and the tests that run them."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    lines = [line.split("   #")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [part.strip() for line in lines if line for part in line.split("&&")]


def command(name: str) -> list[str]:
    """The arguments of the one example of a subcommand of the package."""
    (line,) = [line for line in commands() if line.startswith(f"cfr-icl {name} ")]
    return shlex.split(line)[1:]


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def address(model):
    """A running app that is an MCP server too."""
    blocks = build(Server(Settings(model)))
    _, url, _ = launch(blocks, prevent_thread_lock=True, quiet=True, mcp_server=True)
    yield url
    blocks.close()


@pytest.fixture(autouse=True)
def at_the_top(tmp_path, monkeypatch):
    """A folder that has the repository's examples, and that may be written to."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)


ON_THE_CAT = [(262, 245), (172, 115), (316, 130), (200, 50), (150, 190), (60, 60), (100, 290), (370, 15)]
"""Nose, eyes, forehead, a cheek, beside an ear, breast and the other ear, in pixels of the picture (x, y)."""

BESIDE_THE_CAT = [(10, 20), (10, 90), (420, 40), (440, 120), (430, 230), (440, 290)]


def cat(mask: np.ndarray) -> bool:
    """Whether a mask has the size of the cat's picture and is the cat, which covers about 72 % of it."""
    assert mask.shape == (300, 451) and set(np.unique(mask)) == {0, 255}
    on, beside = ([bool(mask[y, x]) for x, y in points] for points in (ON_THE_CAT, BESIDE_THE_CAT))
    return all(on) and not any(beside) and 0.6 < (mask > 0).mean() < 0.8


def test_the_python_example_writes_the_cat(model):
    (code,) = [block for block in blocks("python") if "load_model" in block]
    exec(compile(code, "README.md", "exec"), {})
    assert cat(np.asarray(Image.open("cat.png").convert("L")))


def test_the_client_example_gets_the_cat(address, tmp_path):
    (code,) = [block for block in blocks("python") if "gradio_client" in block]
    assert ADDRESS.rstrip("/") in code
    names = {}
    exec(compile(code.replace(ADDRESS.rstrip("/"), address), "README.md", "exec"), names)
    assert cat(np.asarray(Image.open(names["mask"])))


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_example_of_the_shell_gets_the_cat(address):
    (code,) = blocks("bash")
    assert ADDRESS in code
    subprocess.run(["bash", "-euc", code.replace(ADDRESS, address)], check=True, timeout=120)
    assert cat(np.asarray(Image.open("mask.png")))


def test_the_gradio_example_gets_the_mask_of_a_changed_object():
    (code,) = [block for block in blocks("python") if "Annotator" in block]
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    functions = names["demo"].fns.values()
    (changed,) = [function for function in functions if "change" in [event for _, event in function.targets]]
    page = names["annotator"].server
    actions = [{"number": 1, "kind": "example", "index": 0}]
    actions += [{"number": 2, "kind": "click", "x": 300, "y": 130, "positive": True}]
    token = page.answer({"actions": actions})["page"]
    event = type("Event", (), {"_data": {"page": token, "ids": [1]}})
    (mask,) = changed.fn(event)
    assert mask.shape == (400, 600) and set(np.unique(mask)) == {0, 255}


def test_the_mcp_server_offers_one_tool_that_gets_the_cat(address):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    (block,) = blocks("json")
    (server,) = json.loads(block)["mcpServers"].values()
    data = base64.b64encode(Path("examples/chelsea.png").read_bytes()).decode("ascii")
    arguments = {"picture": f"data:image/png;base64,{data}", "clicks": [[230, 120], [10, 60, 0]], "steps": 4}

    async def talk():
        url = server["url"].replace(ADDRESS, address)
        async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            tools = await session.list_tools()
            answer = await session.call_tool("segment", arguments)
            refusal = await session.call_tool("segment", {**arguments, "clicks": [[999, 1]]})
        return tools.tools, answer, refusal

    (tool,), answer, refusal = run(talk())
    assert tool.name == "segment" and "clicks" in tool.inputSchema["required"]
    assert "beside it" in tool.inputSchema["properties"]["clicks"]["description"]
    (image,) = [part for part in answer.content if part.type == "image"]
    assert not answer.isError
    assert cat(np.asarray(Image.open(io.BytesIO(base64.b64decode(image.data))).convert("L")))
    assert refusal.isError and "outside the picture" in refusal.content[0].text


def test_the_segment_example_writes_the_cat():
    assert main(command("segment")) == 0
    assert cat(np.asarray(Image.open("cat.png")))


def test_the_batch_example_writes_a_mask_an_object():
    (clicks,) = blocks("csv")
    Path("clicks.csv").write_text(clicks, encoding="utf-8")
    assert main(command("batch")) == 0
    assert sorted(path.name for path in Path("masks").glob("*.png")) == ["chelsea_cat.png", "coffee_cup.png"]
    assert cat(np.asarray(Image.open("masks/chelsea_cat.png")))


def test_the_export_example_writes_the_work_on_a_folder(model):
    Path("photos").mkdir()
    Path("photos/chelsea.png").write_bytes(Path("examples/chelsea.png").read_bytes())
    folder, session = Folder(Path("photos"), Path("work")), Session(Segmenter(model))
    session.open(folder.open("chelsea.png").picture, "chelsea.png")
    session.click(Click(230, 120))
    folder.save("chelsea.png", session.document, session.size, 0)
    assert main(command("export")) == 0
    (annotation,) = json.loads(Path("exported/annotations.json").read_text())["annotations"]
    assert annotation["area"] == session.mask.sum()


def test_no_example_is_without_a_test():
    assert set(re.findall(r"^```(\w+)$", README, re.MULTILINE)) == {"sh", "bash", "python", "json", "csv"}
    assert len(blocks("python")) == 3 and len(blocks("json")) == len(blocks("csv")) == 1
    for line in commands():
        program, *arguments = shlex.split(line)
        if program == "cfr-icl":
            parse(arguments)
        if arguments[0] not in ("segment", "batch", "export"):
            (place,) = [place for start, place in TESTED_ELSEWHERE.items() if line.startswith(start)]
            assert (ROOT / place).exists(), line


def test_the_front_matter_describes_the_space():
    front = yaml.safe_load(README.split("---")[1])
    assert {"title", "emoji", "colorFrom", "colorTo", "license", "tags"} <= set(front)
    assert front["sdk"] == "gradio" and (ROOT / front["app_file"]).is_file()
    assert f"gradio=={front['sdk_version']}" in (ROOT / "requirements.txt").read_text().split()
    assert front["python_version"] in ("3.10", "3.11", "3.12", "3.13")
    assert len(front["short_description"]) <= 60
