"""One source of version and dependencies, and a wheel that holds what the page needs."""

import importlib.metadata
import re
import sys
from pathlib import Path

import cfr_icl

if sys.version_info >= (3, 11):
    import tomllib
else:  # pytest brings it there
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_a_space_installs_what_pyproject_names_for_the_app_and_the_pictures_of_phones():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if line and not line.startswith("#")]
    extras = PROJECT["optional-dependencies"]
    assert listed == PROJECT["dependencies"] + extras["app"] + extras["heif"]


def test_the_version_is_that_of_the_installed_package_or_of_a_clone():
    try:
        installed = importlib.metadata.version(PROJECT["name"])
    except importlib.metadata.PackageNotFoundError:
        assert cfr_icl.__version__ == "0+clone"
    else:
        assert cfr_icl.__version__ == installed


def test_every_extra_that_a_message_names_exists():
    """Sentences such as `pip install 'cfr-icl[app]'` name extras of pyproject.toml."""
    named = {
        extra
        for path in [*ROOT.glob("cfr_icl/**/*.py"), *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
        for extras in re.findall(r"(?:cfr-icl|'\.)\[([a-z,]+)\]", path.read_text(encoding="utf-8"))
        for extra in extras.split(",")
    }
    assert named <= set(PROJECT["optional-dependencies"])
