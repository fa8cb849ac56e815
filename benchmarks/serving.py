"""Start the app in a process of its own, for benchmarks that send requests to it."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.pictures import ROOT
from tests.addresses import free_port


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Start `python app.py OPTIONS`, wait until its page replies, and yield its process and address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "app.py", "--port", str(port), *options]
    app = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(url):
            if app.poll() is not None:
                raise SystemExit("app.py ended before its page answered.")
            time.sleep(0.02)
        yield app, url
    finally:
        app.terminate()
        app.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60) as page:
            return bool(page.read())
    except (urllib.error.URLError, OSError):
        return False
