import os

import pytest

from cfr_icl.files import UNCHANGED, remove_unfinished, replacing, write_atomically


def test_a_file_is_replaced_whole_and_its_folder_is_made(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_atomically(path, "ä")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second" and list(path.parent.iterdir()) == [path]


def test_after_an_error_the_old_file_is_there_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_removed(tmp_path):
    unfinished = replacing(tmp_path / "deep" / "file.txt").__enter__()
    unfinished.write_text("half")
    other = tmp_path / "deep" / "part.txt"
    other.write_text("whole")
    remove_unfinished(tmp_path, UNCHANGED)  # somebody may be writing it
    assert unfinished.exists()
    os.utime(unfinished, (0, 0))
    remove_unfinished(tmp_path, UNCHANGED)
    assert list(other.parent.iterdir()) == [other]
