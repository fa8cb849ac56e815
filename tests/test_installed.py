"""The package as somebody gets it: built, installed without the clone, used from a shell and on the page.

Each environment is new and holds the package alone. Its dependencies are those of the tests' environment,
which a path file adds, so that nothing is downloaded.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from tests.addresses import free_port, wait_for

ROOT = Path(__file__).parents[1]
LEFT_BEHIND = shutil.ignore_patterns(
    ".*", "build", "dist", "runs", "*.egg-info", "__pycache__", "node_modules"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel built from the sdist."""
    source, out = tmp_path_factory.mktemp("source") / "clone", tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT, source, ignore=LEFT_BEHIND, symlinks=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return {"sdist": sdist, "wheel": wheel}


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(request, built, tmp_path_factory):
    """The folder of the commands of an environment with the package in it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    packages = run(
        commands / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
    ).strip()
    own = run(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(packages, "dependencies.pth").write_text(own)
    pip = [sys.executable, "-m", "pip", "--python", commands / "python", "install", "--quiet"]
    run(*pip, "--no-index", "--no-deps", "--no-build-isolation", built[request.param])
    return commands


def run(*command, cwd=None):
    """Run a command that knows nothing of the clone; return what it prints."""
    result = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def environment():
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def package(installed, tmp_path_factory):
    """Version, file and example pictures of the installed package."""
    code = (
        "import json, cfr_icl; from cfr_icl.cli.app import example_pictures as examples;"
        "print(json.dumps([cfr_icl.__version__, cfr_icl.__file__, list(map(str, examples()))]))"
    )
    printed = run(installed / "python", "-c", code, cwd=tmp_path_factory.mktemp("empty"))
    version, file, examples = json.loads(printed)
    paths = [Path(example) for example in examples]
    assert all(installed.parent in path.parents for path in paths)
    return version, Path(file), {path.name: path for path in paths}


def test_the_installed_package_segments_an_example(installed, package, tmp_path):
    version, file, pictures = package
    assert set(pictures) == {"chelsea.png", "flower.jpg", "rocket.jpg"}
    command = ["segment", pictures["chelsea.png"], "--click", "230,120", "--out", "cat.png"]
    run(installed / "cfr-icl", *command, cwd=tmp_path)
    mask = np.asarray(Image.open(tmp_path / "cat.png"))
    assert mask.shape == (300, 451) and mask[120, 230] == 255 and mask[5, 5] == 0
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert installed.parent in file.parents


def test_the_installed_package_starts_a_page_that_gives_a_mask(installed, package, tmp_path):
    picture = package[2]["chelsea.png"]
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [str(installed / "cfr-icl"), "app", "--port", str(port)]
    app = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        page = wait_for(url, app)
        assert "CFR-ICL" in page and "chelsea" in page
        client = Client(url, verbose=False, download_files=str(tmp_path / "masks"))
        mask = client.predict(handle_file(str(picture)), [[230, 120]], 0, api_name="/segment")
        pixels = np.asarray(Image.open(mask))
        assert pixels.shape[:2] == (300, 451) and 0.05 < (pixels > 0).mean() < 0.95
    finally:
        app.terminate()
        app.communicate(timeout=60)
