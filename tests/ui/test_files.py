"""Files of open pages: what a page is sent is its own."""

import pytest

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.ui.files import FILES_KEPT, PageFiles


def upload(uploads, number=1):
    """Send a file, as the browser and Gradio do: below its content, each time under another name."""
    path = uploads / "hash" / f"{number:016x}-cat.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"cat")
    return str(path)


def test_equal_files_of_two_pages_are_each_pages_own_under_their_name(tmp_path):
    one, other = PageFiles(tmp_path), PageFiles(tmp_path)
    first, second = upload(tmp_path, 1), upload(tmp_path, 2)
    (file,) = one.uploaded(first)
    one.remove()
    assert not file.exists()
    (file,) = other.uploaded(second)
    assert file.name == "cat.png" and file.read_bytes() == b"cat"
    assert other.uploaded(second) == [file]  # masks are read in another way


def test_an_upload_goes_when_many_newer_ones_are_there_and_is_asked_for_again(tmp_path):
    page = PageFiles(tmp_path)
    path = upload(tmp_path)
    (file,) = page.uploaded(path)
    for _ in range(FILES_KEPT):
        page.new_folder()
    assert not file.exists() and not (tmp_path / "hash").exists()
    with pytest.raises(ActionError, match="did not arrive; open it once more"):
        page.uploaded(path)


def test_files_that_come_together_are_kept_together(tmp_path):
    page = PageFiles(tmp_path)
    files = page.uploaded(*(upload(tmp_path, number) for number in range(2 * FILES_KEPT)))
    page.hold(files[0])
    for _ in range(FILES_KEPT):
        page.new_folder()
    assert all(file.exists() for file in files)
