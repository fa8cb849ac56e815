"""The page's scripts pass their own tests, which run under node without a browser."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def test_the_scripts_pass_their_tests_under_node():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's scripts were NOT tested on their own")
    files = sorted(str(path) for path in FOLDER.glob("*.test.js"))
    result = subprocess.run([node, "--test", *files], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
