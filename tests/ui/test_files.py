"""Files of open pages: what one page removes, and what is another page's."""

import os

import pytest

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.ui.files import FILES_KEPT, PageFiles


def upload(uploads):
    """Send the same file again, as Gradio stores it: named by its content, in place of an equal one."""
    path = uploads / "hash" / "cat.png"
    path.parent.mkdir(exist_ok=True)
    sent = uploads / "sent"
    sent.write_bytes(b"cat")
    os.replace(sent, path)
    return path


def leave(page):
    page.remove()


def send_many(page):
    for _ in range(FILES_KEPT):
        page.new_folder()


@pytest.mark.parametrize("lose", [leave, send_many])
def test_a_page_leaves_alone_what_was_sent_to_another_one_since(tmp_path, lose):
    one, other = PageFiles(tmp_path), PageFiles(tmp_path)
    one.copied(one.uploaded(str(upload(tmp_path))))
    sent = upload(tmp_path)
    lose(one)
    assert other.copied(other.uploaded(str(sent))).read_bytes() == b"cat"


@pytest.mark.parametrize("lose", [leave, send_many])
def test_a_page_removes_its_own_uploads(tmp_path, lose):
    page = PageFiles(tmp_path)
    path = page.uploaded(str(upload(tmp_path)))
    lose(page)
    assert not path.exists() and not path.parent.exists()


def test_an_upload_that_goes_while_it_is_copied_is_told(tmp_path):
    page = PageFiles(tmp_path)
    path = page.uploaded(str(upload(tmp_path)))
    path.unlink()
    with pytest.raises(ActionError, match="did not arrive; open it once more"):
        page.copied(path)
