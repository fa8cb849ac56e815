"""The page's scripts pass their own tests, which run under node without a browser."""

import subprocess
from pathlib import Path

from tests.browser import find_node

FOLDER = Path(__file__).parent


def test_the_scripts_pass_their_tests_under_node():
    files = sorted(str(path) for path in FOLDER.glob("*.test.js"))
    result = subprocess.run([find_node(), "--test", *files], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
