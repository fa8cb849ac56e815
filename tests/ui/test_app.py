"""app.py as it is started by people and by a Space."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from PIL import Image

from cfr_icl.cli.main import main
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model
from tests.addresses import free_port, wait_for

APP = Path(__file__).parents[2] / "app.py"


SPACES = """
def GPU(duration):
    def decorate(function):
        def call(*arguments):
            print(f"lent for {duration} seconds", flush=True)
            return function(*arguments)
        return call
    return decorate
"""
"""What a Space brings, as far as the app uses it."""


def start(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, str(APP), *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("hardware", [{"SPACES_ZERO_GPU": "true"}, {}], ids=["ZeroGPU", "CPU"])
def test_the_app_starts_as_on_a_space(hardware, tmp_path):
    """Host and port from the environment, a home that cannot be written, named weights.

    Every Space has the package `spaces`; where it lends no GPU, the network runs as everywhere.
    """
    save_model(build_model(default_config("compact")), tmp_path / "weights")
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    (tmp_path / "spaces.py").write_text(SPACES)
    port = free_port()
    process = start(
        HOME=str(home),
        CFR_ICL_WEIGHTS=str(tmp_path / "weights"),
        PYTHONPATH=str(tmp_path),
        GRADIO_SERVER_NAME="0.0.0.0",
        GRADIO_SERVER_PORT=str(port),
        GRADIO_TEMP_DIR=str(tmp_path / "uploads"),  # apart from servers that end meanwhile
        SPACE_ID="someone/space",
        **hardware,
    )
    try:
        assert "CFR-ICL" in wait_for(f"http://127.0.0.1:{port}/", process)
        assert not list(home.iterdir())
        client = Client(f"http://127.0.0.1:{port}", verbose=False, download_files=str(tmp_path / "masks"))
        picture = handle_file(str(APP.parent / "examples" / "chelsea.png"))
        mask = client.predict(picture, [[230, 120]], 0, api_name="/segment")
        assert Image.open(mask).size == (451, 300)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
    assert f"The page is at http://0.0.0.0:{port} " in output
    assert "launch()" not in output  # Gradio's advice is for programs
    assert ("lent for 20 seconds" in output) == bool(hardware)


@pytest.mark.slow
def test_the_page_is_there_before_the_libraries_of_the_network():
    code = "import sys, app, cfr_icl.ui.blocks, cfr_icl.weights.menu; sys.exit('timm' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=APP.parent, check=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--steps", "11"], "0 to 10"),
        (["--images", "x"], "belong together"),
        (["--images", "nowhere", "--work", "unused"], "no folder 'nowhere'"),
        (["--images", "nowhere", "--out", "unused"], "no folder 'nowhere'"),
        (["--work-folder", "x"], "--work-folder"),
        (["--auth", "x"], "NAME:PASSWORD"),
        (["--weights", "nowhere"], "no model at 'nowhere'"),
    ],
)
def test_bad_options_are_one_sentence(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(["app", *arguments])
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert sentence in capsys.readouterr().err


def test_app_py_tells_a_bad_option_in_one_sentence(tmp_path):
    command = [sys.executable, str(APP), "--auth", "x"]
    process = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert process.returncode == 2
    assert "NAME:PASSWORD" in process.stderr and "Traceback" not in process.stderr
