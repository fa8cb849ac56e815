"""Addresses of servers that tests start on this machine."""

import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

SECONDS = 240
"""How long a server may take to start on a machine that does much else."""


def free_port():
    """The number of a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process=None):
    """The page of an address as text, as soon as it is there; the `process` that brings it must not end."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if process:
            assert process.poll() is None, process.stdout and process.stdout.read()
        try:
            with urllib.request.urlopen(url, timeout=60) as page:
                return page.read().decode("utf-8")
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer.")


@contextmanager
def nginx(program, folder, servers):
    """Run nginx with these `servers`, the lines of its configuration, and its files in `folder`."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log stderr crit; worker_processes 1;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{servers}\n}}\n"
    )
    process = subprocess.Popen([program, "-c", folder / "nginx.conf", "-p", folder])
    try:
        yield
    finally:
        process.terminate()
        process.wait()
