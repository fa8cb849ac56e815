"""Nothing is lost: by a kill, a full disk, a folder that cannot be written, or a second process."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cfr_icl import files
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.cli.main import main
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel
from tests.ui.parcels import send

ROOT = Path(__file__).parents[2]
CLICK = {"kind": "click", "x": 30, "y": 40, "positive": True}
posix = pytest.mark.skipif(os.name != "posix", reason="forks and kills as POSIX does")


@pytest.fixture
def images(tmp_path, picture):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(picture).save(folder / name)
    return folder


def driver(*arguments):
    command = [sys.executable, "-m", "tests.robust.killer", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@posix
def test_200_kills_lose_nothing_that_was_finished():
    found = driver("--kills", "200")
    assert found["losses"] == []
    assert found["as_told"] + found["one_more"] == 200 and found["steps"] > 200


@pytest.mark.slow
@posix
def test_on_a_full_disk_work_continues_and_is_saved_later():
    found = driver("--full")
    assert len(found["messages"]) == 3
    assert all(
        "0.png cannot be saved (File too large); it goes on here" in text for text in found["messages"]
    )
    assert found["old_file_kept"] and found["saved_later"] and found["left_over"] == []


@pytest.mark.parametrize(
    ("function", "code"),
    [("Path.write_bytes", errno.EROFS), ("os.fsync", errno.ENOSPC), ("os.replace", errno.EACCES)],
)
def test_a_folder_that_cannot_be_written_is_reported_and_tried_again(
    images, tmp_path, warnings, monkeypatch, function, code
):
    folder = Folder(images, tmp_path / "out")
    shared = Server(Settings(ColourModel(), folder=folder))
    page, _ = send(shared, None, {"number": 1, "kind": "hello"}, {**CLICK, "number": 2})
    before = folder.work.sessions.path("a.png").read_bytes()
    module, name = function.split(".")

    def fail(*arguments, **options):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        broken.setattr(getattr(files, module), name, fail)
        _, reply = send(shared, page, {**CLICK, "x": 20, "number": 3})
        assert len(warnings) == 1 and f"a.png cannot be saved ({os.strerror(code)})" in warnings[0]
        assert len(reply["session"]["objects"][0]["clicks"]) == 2
        _, reply = send(
            shared,
            page,
            {"kind": "done", "done": True, "number": 4},
            {"kind": "goto", "index": 1, "number": 5},
        )
        assert len(warnings) == 2 and reply["folder"]["index"] == 0 and reply["session"]["done"]
    assert folder.work.sessions.path("a.png").read_bytes() == before
    assert sorted(path.name for path in folder.work.path.iterdir()) == ["a.png.session.json"]
    _, reply = send(shared, page, {"kind": "goto", "index": 1, "number": 6})
    assert len(warnings) == 2 and reply["folder"]["index"] == 1 and reply["folder"]["states"][0] == "done"
    saved = Folder(images, tmp_path / "out").open("a.png").document
    assert saved.done and [click.x for click in saved.instances[0].clicks] == [30, 20]
    page.close()


def test_what_cannot_be_saved_can_be_undone_and_left(images, tmp_path, warnings, monkeypatch):
    shared = Server(Settings(ColourModel(), folder=Folder(images, tmp_path / "out")))
    page, _ = send(shared, None, {"number": 1, "kind": "hello"})
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    send(shared, page, {**CLICK, "number": 2})
    assert len(warnings) == 1
    _, reply = send(shared, page, {"kind": "undo", "number": 3}, {"kind": "goto", "index": 1, "number": 4})
    assert len(warnings) == 1 and reply["folder"]["index"] == 1
    page.close()


HOLDER = """
import sys; from pathlib import Path; from cfr_icl.annotate.folder.folder import Folder
folder = Folder(*map(Path, sys.argv[1:])); folder.work.claim(); print('ready', flush=True); sys.stdin.read()
"""


@posix
def test_a_second_process_on_a_folder_is_refused_until_the_first_ends(images, tmp_path, capsys):
    out = tmp_path / "out"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(images), str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert first.stdout.readline() == "ready\n"
        half_written = out / f"{files.PREFIX}x{files.SUFFIX}"
        half_written.write_text("{")
        os.utime(half_written, (0, 0))  # of a process that was killed long ago
        assert main(["app", "--images", str(images), "--out", str(out)]) == 2
        message = capsys.readouterr().err
        assert message.startswith("error: Another process is working on") and message.count("\n") == 1
        assert half_written.exists()
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
        first.stdin.close()
        first.stdout.close()
    Folder(images, out).work.claim()
    assert not half_written.exists()


def test_an_output_folder_that_cannot_be_made_is_refused_in_one_sentence(images, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["app", "--images", str(images), "--out", str(tmp_path / "file")]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ") and message.count("\n") == 1
