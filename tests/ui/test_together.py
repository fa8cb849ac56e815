"""Several people on one folder: whose picture it is, what a review says, and who did what."""

import json
import time

import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.saved import leases, sharing
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, click


@pytest.fixture
def folders(picture, tmp_path, monkeypatch):
    for module, name in ((sharing, "LOOK_SECONDS"), (leases, "LOOK_SECONDS")):
        monkeypatch.setattr(module, name, 0)
    monkeypatch.setattr("cfr_icl.annotate.folder.folder.REFRESH_SECONDS", 0)
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(picture).save(tmp_path / "images" / name)

    def make():
        folder = Folder(tmp_path / "images", tmp_path / "out")
        folder.work.share()
        return folder

    return make


@pytest.fixture(params=["two pages", "two servers"])
def people(request, folders):
    """Ann and Bob at one server, or at one each."""
    first = Server(Settings(ColourModel(), folder=folders()))
    second = first if request.param == "two pages" else Server(Settings(ColourModel(), folder=folders()))
    ann, bob = Browser(first, who="Ann", tab="1"), Browser(second, who="Bob", tab="2")
    ann.do({"kind": "hello"})
    return ann, bob


def test_a_picture_belongs_to_the_one_who_works_on_it(people):
    ann, bob = people
    ann.do(click(30, 40))
    reply = bob.do({"kind": "hello"})
    assert reply["picture"]["name"] == "b.png" and reply["folder"]["taken"] == {"a.png": "Ann"}
    reply = bob.do({"kind": "goto", "name": "a.png"})
    assert reply["messages"] == ["Ann is working on a.png; it can be looked at."]
    assert len(reply["session"]["objects"]) == 1
    reply = bob.do(click(90, 50))
    assert (
        reply["messages"] == ["Ann is working on a.png; nothing was changed. Go to another picture."]
        and reply["session"]["objects"] == []
    )
    assert "messages" not in bob.do({"kind": "select", "id": 1}, {"kind": "prepare"})
    ann.do({"kind": "goto", "name": "b.png"})
    reply = bob.do({"kind": "finish"}, click(90, 50))
    assert "messages" not in reply and len(bob.document.instances) == 2
    assert "Bob is working on a.png" in ann.do({"kind": "goto", "name": "a.png"})["messages"][0]


def test_a_server_that_died_keeps_a_picture_for_its_own_person_alone(folders, monkeypatch):
    ann = Browser(Server(Settings(ColourModel(), folder=folders())), who="Ann", tab="1")
    ann.do({"kind": "hello"})
    ann.do(click(30, 40))
    second = Server(Settings(ColourModel(), folder=folders()))  # the first answers no more
    bob, again = Browser(second, who="Bob", tab="2"), Browser(second, who="Ann", tab="1")
    for browser in (bob, again):
        browser.do({"kind": "hello"})
        browser.do({"kind": "goto", "name": "a.png"})
    assert "Ann is working" in bob.do(click(90, 50))["messages"][0]
    assert "messages" not in again.do({"kind": "finish"}, click(90, 50))
    folder = second.settings.folder  # and some minutes later
    later = leases.Leases(folder.work.path, clock=lambda: time.time() + leases.LEASE_SECONDS + 1)
    monkeypatch.setattr(folder.work, "leases", later)
    bob.do({"kind": "goto", "name": "b.png"})
    bob.do({"kind": "goto", "name": "a.png"})
    assert "messages" not in bob.do({"kind": "finish"}, click(90, 70))


def test_a_review_is_told_to_the_next_one_and_stored_with_names(people):
    ann, bob = people
    reply = ann.do(click(30, 40), {"kind": "done", "done": True}, {"kind": "goto", "name": "b.png"})
    assert reply["folder"]["states"][0] == "done" and "reviews" not in reply["folder"]
    bob.do({"kind": "hello"})
    bob.do({"kind": "goto", "name": "a.png"})
    reply = bob.do({"kind": "review", "accepted": False, "note": "the edge"})
    assert reply["folder"]["reviews"] == {"a.png": "sent_back"} and reply["folder"]["states"][0] == "work"
    assert reply["folder"]["people"] == {"a.png": ["Ann", "Bob"]}
    bob.do({"kind": "goto", "name": "b.png"})
    reply = ann.do({"kind": "goto", "name": "a.png"})
    assert reply["messages"] == ["Bob sent a.png back, with the note “the edge”."]
    assert reply["session"]["review"] == "sent_back" and reply["session"]["note"] == "the edge"
    ann.do({"kind": "done", "done": True}, {"kind": "goto", "name": "b.png"})
    bob.do({"kind": "goto", "name": "a.png"})
    reply = bob.do({"kind": "review", "accepted": True})
    assert reply["session"]["review"] == "accepted" and reply["session"]["done"]
    folder = bob.server.settings.folder
    saved = json.loads(folder.work.sessions.path("a.png").read_text())
    assert [(visit["who"], visit.get("did")) for visit in saved["visits"]] == [
        ("Ann", "done"),
        ("Bob", "sent_back"),
        ("Ann", "done"),
        ("Bob", "accepted"),
    ]
    assert saved["visits"][1]["note"] == "the edge" and saved["review"] == "accepted"
    assert [visit["who"] for visit in reply["folder"]["visits"]][:2] == ["Bob", "Ann"]
    assert Folder(folder.images, folder.work.path).pictures.review_of == {"a.png": "accepted"}


def test_a_picture_that_others_change_is_shown_as_they_leave_it(people):
    ann, bob = people
    bob.do({"kind": "hello"})  # both look at it
    bob.do({"kind": "goto", "name": "a.png"})
    ann.do(click(30, 40))
    reply = bob.do()  # at rest
    assert [len(each["clicks"]) for each in reply["session"]["objects"]] == [1]
    assert "messages" not in reply and "picture" not in reply
    ann.do(click(34, 42))
    reply = bob.do(click(90, 50))  # refused, and what Ann does is seen
    assert "Ann is working on a.png" in reply["messages"][0]
    assert [len(each["clicks"]) for each in reply["session"]["objects"]] == [2]
    ann.do(click(32, 42), {"kind": "done", "done": True}, {"kind": "goto", "name": "b.png"})
    reply = bob.do({"kind": "review", "accepted": True})
    assert ["was changed elsewhere" in message for message in reply["messages"]] == [True]
    assert reply["session"]["done"] and "review" not in reply["session"]
    assert len(bob.document.instances[0].clicks) == 3
    reply = bob.do({"kind": "review", "accepted": True})
    assert "messages" not in reply and reply["session"]["review"] == "accepted"
    bob.do({"kind": "goto", "name": "b.png"})
    ann.do({"kind": "goto", "name": "a.png"})
    bob.do({"kind": "goto", "name": "a.png"})
    bob.do({"kind": "review", "accepted": False, "note": "the edge"})
    assert ann.do()["messages"] == ["Bob sent a.png back, with the note “the edge”."]


def test_a_new_name_is_seen_by_others_at_once(people):
    ann, bob = people
    ann.do(click(30, 40))
    ann.introduced["who"] = "Anna"
    ann.do()
    saved = json.loads((ann.server.settings.folder.work.path / "a.png.session.json").read_text())
    assert [visit["who"] for visit in saved["visits"]] == ["Anna"]
    ann.do({"kind": "hello"})
    assert bob.do({"kind": "hello"})["folder"]["taken"] == {"a.png": "Anna"}


def test_a_new_name_hides_no_conflict(people, monkeypatch):
    ann, _ = people
    folder = ann.server.settings.folder
    ann.do(click(30, 40))
    with monkeypatch.context() as full:
        full.setattr(Folder, "save", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        assert "cannot be saved" in ann.do(click(32, 42))["messages"][0]
    opened = folder.open("a.png")
    folder.save("a.png", opened.document, opened.picture.shape[:2], opened.revision)
    ann.introduced["who"] = "Anna"
    assert "Somebody else is working on a.png" in ann.do({"kind": "prepare"})["messages"][0]


def test_a_change_makes_an_accepted_picture_one_to_check(people):
    ann, _ = people
    ann.do(click(30, 40), {"kind": "review", "accepted": True})
    assert ann.document.review == "accepted" and ann.document.done
    ann.do(click(35, 45))
    assert ann.document.review == "" and ann.document.done


def test_saved_work_with_an_odd_review_is_refused_and_names_are_shortened(people):
    ann, bob = people
    ann.do(click(30, 40), {"kind": "goto", "name": "b.png"})
    path = ann.server.settings.folder.work.sessions.path("a.png")
    path.write_text(json.dumps({**json.loads(path.read_text()), "review": "perfect"}))
    bob.introduced["who"] = "B" * 500
    bob.do({"kind": "hello"})
    assert "damaged" in bob.do({"kind": "goto", "name": "a.png"})["messages"][0]
    bob.do(click(30, 40))
    assert bob.server.settings.folder.pictures.people_of["b.png"] == ("B" * 60,)


def test_a_label_is_changed_in_the_whole_folder_after_a_count(people):
    ann, bob = people
    ann.do(click(30, 40), {"kind": "goto", "name": "b.png"})
    ann.do(click(30, 40))
    change = {"kind": "relabel_folder", "name": "object", "new": "cat", "colour": "#112233"}
    reply = ann.do(change)
    assert (
        reply["relabel"]["pictures"] == reply["relabel"]["objects"] == 2 and not reply["session"]["objects"]
    )
    reply = ann.do({**change, "sure": True})
    assert reply["messages"] == ["The label was changed; pictures: 2, objects: 2."]
    (now,) = reply["session"]["objects"]
    assert (now["label"], now["colour"]) == ("cat", "#112233")
    assert reply["folder"]["labels"] == {"a.png": ["cat"], "b.png": ["cat"]}
    assert reply["folder"]["change"] == "relabelled"
    reply = ann.do({"kind": "take_back_in_folder"})
    assert reply["messages"] == ["Taken back; pictures: 2, objects: 2."]
    assert reply["folder"]["labels"] == {"a.png": ["object"], "b.png": ["object"]}
    assert reply["folder"]["change"] is None and reply["session"]["objects"][0]["label"] == "object"
    assert "no change of the whole folder" in ann.do({"kind": "take_back_in_folder"})["messages"][0]
    ann.do({"kind": "undo"})  # on the open picture it was a step
    assert ann.document.instances[0].label == "cat"
    ann.do({"kind": "redo"}, {**change, "sure": True})
    bob.do({"kind": "hello"})
    bob.do({"kind": "goto", "name": "a.png"})
    assert bob.document.instances[0].label == "cat"
    bob.do(click(90, 50))
    reply = ann.do({**change, "name": "cat", "new": "dog", "sure": True})
    assert "keep their labels: a.png" in reply["messages"][1] and bob.document.instances[0].label == "cat"
    reply = ann.do({"kind": "undo"})
    assert reply["session"]["objects"][0]["label"] == "cat"
    assert "needs a name" in ann.do({**change, "new": " "})["messages"][0]


@pytest.fixture
def relabelled(folders):
    """A folder, and Ann on b.png, and a change of the label of the objects of both pictures."""
    folder = folders()
    ann = Browser(Server(Settings(ColourModel(), folder=folder)), who="Ann", tab="1")
    ann.do({"kind": "hello"})
    ann.do(click(30, 40), {"kind": "goto", "name": "b.png"})
    ann.do(click(30, 40))
    return folder, ann, {"kind": "relabel_folder", "name": "object", "new": "cat", "sure": True}


def no_space(*_args):
    raise OSError(28, "No space left on device")


def test_a_change_that_cannot_be_taken_back_now_is_taken_back_later(relabelled, monkeypatch):
    folder, ann, change = relabelled
    ann.do(change)
    with monkeypatch.context() as full:
        full.setattr("cfr_icl.annotate.saved.store.save", no_space)
        assert "cannot be saved" in ann.do({"kind": "take_back_in_folder"})["messages"][0]
    assert "Taken back" in ann.do({"kind": "take_back_in_folder"})["messages"][0]
    assert dict(folder.pictures.labels_of) == {"a.png": ("object",), "b.png": ("object",)}


def test_pictures_of_others_can_be_taken_back_once_they_are_free(relabelled):
    folder, ann, change = relabelled
    ann.do(change)
    folder.work.leases.take("a.png", "2", "Bob")
    assert "change" not in ann.do({"kind": "take_back_in_folder"})["folder"]
    assert folder.pictures.labels_of["a.png"] == ("cat",) and folder.pictures.labels_of["b.png"] == (
        "object",
    )
    folder.work.leases.give_back("a.png", "2")
    reply = ann.do({"kind": "take_back_in_folder"})
    assert reply["folder"]["change"] is None and folder.pictures.labels_of["a.png"] == ("object",)


def test_a_change_that_could_not_be_saved_on_the_open_picture_can_be_taken_back(relabelled, monkeypatch):
    folder, ann, change = relabelled
    save = folder.save

    def save_others(name, *values):
        return no_space() if name == "b.png" else save(name, *values)

    with monkeypatch.context() as full:
        full.setattr(folder, "save", save_others)
        reply = ann.do(change)
    assert "b.png cannot be saved" in reply["messages"][0] and reply["folder"]["change"] == "relabelled"
    ann.do({"kind": "take_back_in_folder"})
    assert dict(folder.pictures.labels_of) == {"a.png": ("object",), "b.png": ("object",)}


def test_a_page_that_lost_an_answer_hears_that_nothing_is_to_be_taken_back(relabelled):
    _, ann, change = relabelled
    ann.do(change)
    heard = ann.reply
    ann.do({"kind": "take_back_in_folder"})
    ann.reply = heard
    assert ann.do({"kind": "select", "id": 1})["folder"]["change"] is None


def test_a_lock_that_fails_leaves_the_work_of_each_picture_in_its_own_file(folders, monkeypatch):
    folder = folders()
    ann = Browser(Server(Settings(ColourModel(), folder=folder)), who="Ann", tab="1")
    ann.do({"kind": "hello"})
    ann.do(click(30, 40))
    before = folder.work.sessions.path("a.png").read_bytes()

    def no_lock(*_arguments):
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as broken:
        broken.setattr("filelock.FileLock.acquire", no_lock)
        reply = ann.do({"kind": "goto", "name": "b.png"})
        assert reply["picture"]["name"] == "b.png" and "messages" not in reply
        (said,) = ann.do(click(30, 40))["messages"]  # not taken, and told when it is saved
        assert "b.png cannot be saved (Stale file handle)" in said
    ann.do(click(90, 50))
    assert folder.work.sessions.path("a.png").read_bytes() == before
    (saved,) = folder.work.load("b.png").document.instances
    assert len(saved.clicks) == 2


@pytest.fixture
def bob(people):
    """Bob, who has not seen yet that Ann made an object on his picture and left it."""
    ann, bob = people
    bob.do({"kind": "hello"})
    bob.do({"kind": "goto", "name": "a.png"})
    ann.do(click(30, 40))
    ann.do({"kind": "goto", "name": "b.png"})
    return bob


def test_a_parcel_made_on_stale_work_is_refused_as_a_whole(bob):
    reply = bob.do(click(90, 50), click(92, 52))  # an object of his own, on the picture as he sees it
    assert len(reply["messages"]) == 1 and "was changed elsewhere" in reply["messages"][0]
    assert [len(each["clicks"]) for each in reply["session"]["objects"]] == [1]
    assert bob.document.active is None  # Ann's object is not selected
    bob.do(click(90, 50), click(92, 52))
    assert [len(each.clicks) for each in bob.document.instances] == [1, 2]


def test_an_action_that_a_quiet_look_overtook_is_refused(bob):
    seen = bob.reply
    bob.do()
    bob.reply = seen  # the click was sent before the answer to the look had come
    reply = bob.do(click(90, 50))
    assert "was changed elsewhere" in reply["messages"][0] and len(bob.document.instances) == 1


def test_an_action_that_waited_while_newer_work_was_shown_is_refused(bob):
    seen = bob.reply
    bob.do()  # shows Ann's object
    reply = bob.do({**click(90, 50), "seen": seen}, {**click(92, 52), "seen": bob.reply})
    assert len(reply["messages"]) == 1 and "was changed elsewhere" in reply["messages"][0]
    assert [[c.x for c in each.clicks] for each in bob.document.instances] == [[30], [92]]


def test_who_only_selects_takes_nothing_from_the_one_at_work(people):
    ann, bob = people
    ann.do(click(30, 40), {"kind": "finish"}, click(90, 50))
    bob.do({"kind": "hello"})
    bob.do({"kind": "goto", "name": "a.png"})
    assert "messages" not in bob.do({"kind": "select", "id": 1}) and bob.document.active == 1
    reply = ann.do(click(92, 52))
    assert "messages" not in reply and len(ann.document.instances[1].clicks) == 2


def test_a_suggestion_names_the_object_that_was_clicked_on(people):
    ann, _ = people
    reply = ann.do(click(30, 40), {"kind": "finish"}, click(31, 41), {"kind": "finish"}, click(90, 50))
    assert reply["suggestion"] == {"kind": "overlap", "object": 2} and ann.document.active == 3
