"""Workers as replicas of Ray Serve: the masks of a network in this process, and a replica that dies."""

import os
import signal
import sys
import threading
import time
from functools import partial
from itertools import count

import numpy as np
import pytest

from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.cli.main import main
from cfr_icl.scale.cluster import Actors, ClusterError
from cfr_icl.workers.pool import WorkerPool
from cfr_icl.workers.replicas import running
from tests.addresses import free_port
from tests.noted_network import calls, noted_worker

pytestmark = pytest.mark.slow

PAGES = 5
ROWS = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("replicas")


@pytest.fixture(scope="module")
def address(folder):
    """Two replicas, each of which answers three people at a time."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    port = free_port()
    make = partial(noted_worker, folder, "embedded", "secret", 3)
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    with running(make, Actors(most=2), "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"
    ray.shutdown()


@pytest.fixture(scope="module")
def pool(address):
    return WorkerPool([address], "secret")


@pytest.fixture
def pictures(picture):
    """Pictures that no other test had, so that no prediction is cached."""
    shifted = np.roll(picture, next(ROWS), axis=0)
    return [np.roll(shifted, 3 * number, axis=1).copy() for number in range(PAGES)]


@pytest.fixture
def pages(pool, pictures):
    """A page with a picture each."""
    predictors = [pool.predictor() for _ in pictures]
    for predictor, pixels in zip(predictors, pictures, strict=True):
        predictor.set_image(pixels)
    return predictors


def predict(predictor, number, clicks=1):
    """The mask for some clicks on the red square of a picture."""
    places = [Click(25 + 3 * number, 40), Click(45 + 3 * number, 55), Click(15 + 3 * number, 25)]
    return predictor.predict(places[:clicks], cfr=CascadeForward(steps=1)).mask


def own_network():
    return Segmenter(load_model("embedded", "cpu", "float32", engine="torch"))


def replicas_of(folder, predictor, number, clicks=1):
    """The processes that compute a prediction."""
    before = len(calls(folder))
    predict(predictor, number, clicks)
    return {process for process, _, _ in calls(folder)[before:]}


def test_pages_get_the_masks_of_a_network_in_this_process_and_each_picture_keeps_its_replica(
    folder, pages, pictures
):
    own = own_network()
    for number, (page, pixels) in enumerate(zip(pages, pictures, strict=True)):
        replicas = [replicas_of(folder, page, number, clicks) for clicks in (1, 2, 3)]
        assert len(set.union(*replicas)) == 1
        own.set_image(pixels)
        for clicks in (1, 2, 3):
            expected = predict(own, number, clicks)
            assert expected.any() and np.array_equal(predict(page, number, clicks), expected)


def test_waiting_windows_of_several_pages_are_computed_in_one_batch(folder, pages):
    found, homes = {}, {}
    for number, page in enumerate(pages):
        (process,) = replicas_of(folder, page, number)
        homes.setdefault(process, []).append(number)
    process, numbers = max(homes.items(), key=lambda home: len(home[1]))
    alone = {name: size for _, name, size in calls(folder)}
    before = len(calls(folder))
    (folder / "decode_coarse waits").touch()

    def click(number):
        found[number] = predict(pages[number], number, clicks=2)

    threads = [threading.Thread(target=click, args=(number,)) for number in numbers[:3]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(its == process and size >= 2 * alone[name] for its, name, size in calls(folder)[before:])
    assert len(found) == 3 and all(mask.any() for mask in found.values())


def test_a_click_whose_replica_is_killed_is_answered_by_another_one(folder, pages, pictures):
    own, page, found = own_network(), pages[0], []
    own.set_image(pictures[0])
    (process,) = replicas_of(folder, page, 0)
    (folder / "decode_coarse waits").touch()
    before = len(calls(folder))
    thread = threading.Thread(target=lambda: found.append(predict(page, 0, clicks=2)))
    thread.start()
    while not calls(folder)[before:]:
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    (folder / "decode_coarse waits").unlink()
    thread.join()
    assert np.array_equal(found[0], predict(own, 0, clicks=2))
    assert process not in replicas_of(folder, page, 0, clicks=3)


def test_a_page_without_the_secret_is_refused(address):
    with pytest.raises(ValueError, match="CFR_ICL_WORKER_TOKEN"):
        WorkerPool([address]).check()
    assert WorkerPool([address], "secret").check() == {"weights": "embedded"}


def test_more_replicas_than_there_is_room_for_are_refused(address):
    with (
        pytest.raises(ClusterError, match="room for 2 replicas"),
        running(lambda: None, Actors(most=3), "127.0.0.1", 1),
    ):
        pass


def test_without_ray_the_command_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["worker", "--engine", "ray"]) == 2
    assert "pip install 'cfr-icl[cluster]'" in capsys.readouterr().err
