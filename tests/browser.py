"""The browser for the browser tests: found on the machine, or brought where the system allows it.

Run as a script it brings one: Playwright's own Chromium, or the system's package when run as root.
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


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def bring_browser() -> None:
    """Try the ways to a browser in turn; those that fail are left to the next."""
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and getattr(os, "geteuid", lambda: None)() == 0:
        ways.insert(0, ["apt-get", "install", "-y", "-q", "chromium"])
        ways.insert(0, ["apt-get", "update", "-q"])
    for way in ways:
        if find_browser():
            return
        try:
            subprocess.run(way, timeout=600, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"{way[0]}: {error}", file=sys.stderr)


if __name__ == "__main__":
    bring_browser()
    browser = find_browser()
    print(f"Browser tests will run in {browser}." if browser else "No browser: browser tests can NOT run.")
    sys.exit(1 if not browser and os.environ.get("CI") else 0)
