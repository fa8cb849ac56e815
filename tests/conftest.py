"""What many tests begin with."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

if "PYTEST_XDIST_WORKER" in os.environ:  # several processes: one thread of the network each
    os.environ["OMP_NUM_THREADS"] = "1"
    # Ports of its own for each: a server that a test restarts finds its port free.
    worker = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    os.environ.setdefault("GRADIO_SERVER_PORT", str(8000 + 200 * worker))

# No example of a property fails because the machine is busy.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# Commands that tests start use this clone, whether or not it is installed.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])

# Nothing in the cache folders of whoever runs the tests is used or changed, nothing stays behind, and
# PyTorch answers.
for variable in ("CFR_ICL_CACHE", "GRADIO_TEMP_DIR"):
    if variable not in os.environ:
        os.environ[variable] = tempfile.mkdtemp(prefix="cfr-icl-tests-")
        atexit.register(shutil.rmtree, os.environ[variable], ignore_errors=True)
os.environ.setdefault("CFR_ICL_ENGINE", "torch")


@pytest.fixture
def picture() -> np.ndarray:
    """A red and a blue square on grey, 90 x 120."""
    picture = np.full((90, 120, 3), 128, np.uint8)
    picture[20:60, 10:50] = (220, 30, 30)
    picture[30:70, 70:110] = (30, 30, 220)
    return picture


@pytest.fixture
def picture_file(picture, tmp_path):
    path = tmp_path / "squares.png"
    Image.fromarray(picture).save(path)
    return path


@pytest.fixture
def warnings(monkeypatch):
    """The messages that the page would show."""
    from cfr_icl.ui import outbox

    caught, shown = [], outbox.translated
    monkeypatch.setattr(outbox, "translated", lambda *message: caught.append(shown(*message)) or caught[-1])
    return caught
