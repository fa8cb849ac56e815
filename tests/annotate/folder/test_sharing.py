"""Two processes on one work folder, as replicas of the page are."""

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import Label
from cfr_icl.annotate.saved import sharing
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.session.session import Session
from cfr_icl.annotate.whole_folder.relabel import LabelChange
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel


@pytest.fixture
def replicas(picture, tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "LOOK_SECONDS", 0)
    monkeypatch.setattr("cfr_icl.annotate.folder.folder.REFRESH_SECONDS", 0)
    (tmp_path / "images").mkdir()
    for number in range(2):
        Image.fromarray(np.roll(picture, number, axis=1)).save(tmp_path / "images" / f"{number}.png")
    folders = [Folder(tmp_path / "images", tmp_path / "out") for _ in range(2)]
    for folder in folders:
        folder.work.share()
    return folders


def opened(folder, name):
    found = folder.open(name)
    session = Session(Segmenter(ColourModel()))
    session.open(found.picture, name, found.document)
    return session, found.revision


def test_work_saved_by_one_process_is_continued_by_the_other(replicas):
    one, other = replicas
    session, revision = opened(one, "0.png")
    session.click(Click(30, 40))
    session.set_done(True)
    one.save("0.png", session.document, session.size, revision)
    assert other.refresh() and other.pictures.states == {"0.png": "done", "1.png": "todo"}
    again, revision = opened(other, "0.png")
    assert again.document.instances == session.document.instances
    again.click(Click(90, 50))
    revision = other.save("0.png", again.document, again.size, revision)
    assert other.save("0.png", again.document, again.size, revision) == revision + 1


def test_nobody_overwrites_what_another_process_saved_meanwhile(replicas):
    one, other = replicas
    first, second = opened(one, "0.png"), opened(other, "0.png")
    for session, _ in (first, second):
        session.click(Click(30, 40))
    one.save("0.png", first[0].document, first[0].size, first[1])
    before = one.work.sessions.path("0.png").read_bytes()
    opened(other, "0.png")  # a third person sees the saved work, which does not make the second one's newer
    with pytest.raises(StoreError, match="Somebody else is working on"):
        other.save("0.png", second[0].document, second[0].size, second[1])
    assert one.work.sessions.path("0.png").read_bytes() == before


def test_classes_of_both_are_kept_and_their_numbers_stay(replicas):
    one, other = replicas
    one.work.classes.set([Label("cat", "#3b82f6")])
    other.work.classes.set([Label("dog", "#f59e0b")])
    one.refresh()
    names = [label.name for label in other.work.classes.labels]
    assert names == ["cat", "dog"] == [label.name for label in one.work.classes.labels]


def test_a_class_that_one_renamed_does_not_come_back_from_the_other(replicas):
    one, other = replicas
    one.work.classes.set([Label("cat", "#3b82f6"), Label("cup", "#f59e0b")])
    other.refresh()
    one.work.classes.change(LabelChange("cat", "dog").in_list)
    assert other.work.classes.number([]) == ["dog", "cup"]
    one.work.classes.change(LabelChange("dog", "fox").in_list)
    other.work.classes.set([Label("hat", "#10b981")])
    for folder in replicas:
        folder.refresh()
        assert [label.name for label in folder.work.classes.labels] == ["fox", "cup", "hat"]


def test_a_process_that_does_not_share_keeps_the_others_out(replicas, tmp_path):
    alone = Folder(tmp_path / "images", tmp_path / "work")
    alone.work.claim()
    with pytest.raises(ValueError, match="Another process is working"):
        Folder(tmp_path / "images", tmp_path / "work").work.share()
