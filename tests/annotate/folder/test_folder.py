"""Working through a folder: order, states, saving, resuming; originals untouched."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from tests.annotate.session.drawn_actions import ACTIONS, perform
from tests.loaded import add_masks
from tests.stand_in import ColourModel


@pytest.fixture
def images(tmp_path, picture):
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    for name in ("10.png", "9.png", "sub/1.png"):
        Image.fromarray(picture).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_order_is_the_natural_one_and_other_files_are_left_alone(images, tmp_path):
    folder = Folder(images, images / "out")
    assert folder.pictures.names == ["9.png", "10.png", "sub/1.png"]
    assert set(folder.pictures.states.values()) == {"todo"}
    assert folder.pictures.first_open() == 0


def test_states_and_work_are_resumed(images, tmp_path, session):
    before = {path: path.read_bytes() for path in images.rglob("*.png")}
    folder = Folder(images, tmp_path / "out")
    session.click(Click(30, 40))
    session.set_done(True)
    folder.save("9.png", session.document, session.size, 0)
    session.set_done(False)
    folder.save("10.png", session.document, session.size, 0)
    again = Folder(images, tmp_path / "out")
    assert again.pictures.states == {"9.png": "done", "10.png": "work", "sub/1.png": "todo"}
    assert again.pictures.first_open() == 1
    assert again.open("10.png").document == session.document
    assert again.open("sub/1.png").document is None
    assert {path: path.read_bytes() for path in images.rglob("*.png")} == before


def test_labels_and_settings_come_back_on_the_next_day(images, tmp_path, session):
    assert Folder(images, tmp_path / "out").work.latest() is None
    folder = Folder(images, tmp_path / "out")
    session.click(Click(30, 40))
    session.set_label("cup", session.active.id)
    folder.save("9.png", session.document, session.size, 0)
    latest = Folder(images, tmp_path / "out").work.latest()
    assert latest.label == "cup" and latest.cfr == session.document.cfr and not latest.instances


def test_the_next_picture_is_read_in_advance(images, tmp_path, picture):
    folder = Folder(images, tmp_path / "out")
    folder.read_ahead("10.png")
    assert np.array_equal(folder.open("10.png").picture, picture)
    assert np.array_equal(folder.open("9.png").picture, picture)


def test_folders_without_pictures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        Folder(tmp_path / "none", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no pictures"):
        Folder(tmp_path / "empty", tmp_path / "out")


def test_a_kill_while_writing_leaves_the_old_file(tmp_path, session, monkeypatch):
    path = tmp_path / "a.session.json"
    store.save(path, session.document, "a.png", session.size)
    session.click(Click(30, 40))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        store.save(path, session.document, "a.png", session.size)
    assert not store.load(path, session.size).instances
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, max_size=10))
def test_save_and_load_is_the_same(picture, actions):
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=2))
    session.open(picture, "squares.png")
    perform(session, actions)
    data = json.loads(store.encode(store.to_json(session.document, "squares.png", session.size)))
    assert store.from_json(data, session.size) == session.document


def test_a_loaded_session_continues_like_one_that_was_never_closed(session, picture):
    session.click(Click(30, 40))
    other = Session(Segmenter(ColourModel()), CascadeForward(steps=2))
    saved = store.to_json(session.document, "squares.png", session.size)
    other.open(picture, "squares.png", store.from_json(saved, session.size))
    for one in (session, other):
        one.click(Click(90, 50))
    assert np.array_equal(session.mask, other.mask)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d["objects"][0].update(mask="zzzz"),
        lambda d: d["objects"][0].update(mask="`" * 50),
        lambda d: d["objects"][0].update(colour="url(x)"),
        lambda d: d["objects"][0].update(clicks=[[1e9, 0, True]]),
        lambda d: d["objects"][0].update(clicks=[["1", 0, True]]),
        lambda d: d["objects"][0].update(id=99),
        lambda d: d.update(active=5),
        lambda d: d.update(objects=None),
        lambda d: d["cfr"].update(steps=11),
        lambda d: d["cfr"].update(surprise=1),
        lambda d: d.pop("labels"),
    ],
)
def test_damaged_session_files_are_refused(session, damage):
    session.click(Click(30, 40))
    data = json.loads(store.encode(store.to_json(session.document, "squares.png", session.size)))
    damage(data)
    with pytest.raises(store.StoreError, match="damaged"):
        store.from_json(data, session.size)


def test_a_session_file_of_another_size_or_kind_is_named(session, tmp_path):
    data = store.to_json(session.document, "squares.png", session.size)
    with pytest.raises(store.StoreError, match="120 x 90"):
        store.from_json(data, (50, 50))
    with pytest.raises(store.StoreError, match="not a session file"):
        store.from_json({"images": []}, (90, 120))
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(store.StoreError, match="damaged"):
        store.load(tmp_path / "x.json", (90, 120))


def test_masks_made_elsewhere_are_saved_with_their_overlap(images, tmp_path, session):
    folder = Folder(images, tmp_path / "out")
    square = np.zeros((90, 120), bool)
    square[10:50, 10:50] = True
    add_masks(session, [(None, Mask.of(square)), (None, Mask.of(square))])
    folder.save("9.png", session.document, session.size, 0)
    loaded = folder.open("9.png").document
    assert loaded == session.document and [i.overlap for i in loaded.instances] == [False, True]
