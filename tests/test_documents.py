"""Documents name files, headings and modules that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(
        path
        for folder in ("benchmarks", "cfr_icl", "docs", "examples", "tests", "training")
        for path in (ROOT / folder).rglob("*.md")
    ),
]
LINK = re.compile(r"\]\((?!http)([^)#\s]*)(?:#([^)\s]+))?\)")
MODULE = re.compile(r"`([\w/.-]+\.(?:py|js))`")


@pytest.fixture(scope="module")
def files():
    """Paths of all files of the repository, with a slash before each."""
    folders = ("benchmarks", "cfr_icl", "deploy", "examples", "tests", "training")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    return [f"/{path.relative_to(ROOT).as_posix()}" for path in [*ROOT.glob("*.py"), *paths]]


def anchors(document: Path) -> set[str]:
    """The headings of a document as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(document):
    text = document.read_text(encoding="utf-8")
    for name, anchor in LINK.findall(text):
        target = document.parent / name if name else document
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_that_a_document_names_exist(document, files):
    named = MODULE.findall(document.read_text(encoding="utf-8"))
    missing = [name for name in named if not any(path.endswith(f"/{name}") for path in files)]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_mark_of_a_merge_is_left(document):
    assert not re.search(r"^(<{7}|>{7}) ", document.read_text(encoding="utf-8"), re.MULTILINE)
