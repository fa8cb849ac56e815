"""The programs that the tests drive: found on the machine, or brought where the system allows it.

Run as a script it brings a browser: Playwright's own Chromium, or the system's package when run as root. As
root it brings nginx and Firefox, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")


def find_browser() -> str | None:
    """Path of a Chromium: $CHROMIUM, one on the path, or Playwright's own; None where there is none."""
    candidates = [os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES)]
    return next((path for path in candidates if path), None) or _playwrights_own()


def find_nginx() -> str | None:
    """Path of nginx, which Debian keeps off the path of users; None where there is none."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def find_firefox() -> str | None:
    """Path of Firefox; None where there is none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def find_node() -> str:
    """Path of the node that Playwright's wheel brings: recent, and there wherever the tests are."""
    import playwright

    # no public name leads there; tried with Playwright 1.65, a node on the path would replace it
    driver = Path(playwright.__file__).parent / "driver"
    return str(next(path for path in (driver / "node", driver / "node.exe") if path.exists()))


PACKAGES = {"nginx": find_nginx, "firefox-esr": find_firefox}
"""Debian's packages of the other programs, and how each is found."""


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def bring_programs() -> None:
    """Try the ways to each program in turn; those that fail are left to the next."""
    apt = shutil.which("apt-get") and getattr(os, "geteuid", lambda: None)() == 0
    missing = [package for package, find in PACKAGES.items() if not find()] if apt else []
    if apt and not find_browser():
        missing.insert(0, "chromium")
    if missing:
        _try("apt-get", "update", "-q")
    for package in missing:  # one by one: what one system lacks does not cost the others
        _try("apt-get", "install", "-y", "-q", package)
    if not find_browser():
        _try(sys.executable, "-m", "playwright", "install", "chromium")


def _try(*command: str) -> None:
    try:
        subprocess.run(command, timeout=600, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)


if __name__ == "__main__":
    bring_programs()
    browser = find_browser()
    print(f"Browser tests will run in {browser}." if browser else "No browser: browser tests can NOT run.")
    sys.exit(1 if not browser and os.environ.get("CI") else 0)
