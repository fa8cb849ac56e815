"""A cluster made by Ray's own utility: a head without room for work, and a node that dies half-way."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from cfr_icl.cli.main import INTERRUPTED, main
from cfr_icl.scale.cluster import Actors, ClusterError, map_on_cluster

pytestmark = pytest.mark.slow

PICTURES = 6
NODE = {"num_cpus": 1, "include_log_monitor": False}
NOTICED_SOON = {"health_check_period_ms": 200, "health_check_failure_threshold": 2}
"""A lost node is noticed at once, of Ray's 15 seconds; a busy one still has 10 seconds to answer a check."""


@pytest.fixture(scope="module")
def cluster():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": NOTICED_SOON}
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, **head})
    cluster.add_node(**NODE)
    ray.init(cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def images(picture, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(PICTURES):
        Image.fromarray(np.roll(picture, 3 * number, axis=1)).save(folder / f"{number}.png")
    (tmp_path / "clicks.csv").write_text(
        "picture,x,y\n" + "".join(f"{number}.png,{25 + 3 * number},40\n" for number in range(PICTURES))
    )
    return folder


def masks(out):
    return {path.name: path.read_bytes() for path in out.glob("*.png")}


def test_masks_are_those_of_one_process_when_a_node_dies(cluster, images, tmp_path, monkeypatch):
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    command = ["batch", str(tmp_path / "clicks.csv"), "--images", str(images), "--steps", "1"]
    assert main([*command, "--out", str(tmp_path / "one")]) == 0
    torch.set_num_threads(threads)
    (node,) = cluster.worker_nodes
    answered = iter(range(1, PICTURES + 2))

    def dying(*arguments):
        for result in map_on_cluster(*arguments):
            if next(answered) == 2:
                cluster.remove_node(node, allow_graceful=False)
                cluster.add_node(**NODE)
            yield result

    out = tmp_path / "many"
    content = (images / "0.png").read_bytes()
    (images / "broken.png").write_bytes(content[:60] + bytes(10) + content[70:])
    with (tmp_path / "clicks.csv").open("a") as file:
        file.write("broken.png,20,40\n")
    with monkeypatch.context() as patch:
        patch.setattr("cfr_icl.cli.batch.map_on_cluster", dying)
        assert main([*command, "--out", str(out), "--engine", "ray"]) == 1
    assert masks(out) == masks(tmp_path / "one")
    assert "broken.png: The picture is damaged" in (out / "failed.csv").read_text()
    lines = [json.loads(line) for line in (out / "batch.jsonl").read_text().splitlines()]
    assert len([line for line in lines if "picture" in line]) == PICTURES
    (images / "broken.png").unlink()
    monkeypatch.setattr("cfr_icl.cli.batch.map_on_cluster", lambda *_: pytest.fail("all is done"))
    assert main([*command, "--out", str(out), "--engine", "ray"]) == 1


def test_windows_of_several_pictures_are_computed_together_on_a_cluster_and_in_one_process(
    cluster, images, tmp_path
):
    command = ["batch", str(tmp_path / "clicks.csv"), "--images", str(images), "--steps", "0"]
    assert main([*command, "--out", str(tmp_path / "one")]) == 0
    for out, options in (("threads", []), ("cluster", ["--engine", "ray"])):
        together = ["--together", "3", *options]
        assert main([*command, "--out", str(tmp_path / out), *together]) == 0
        found = {path.name: np.asarray(Image.open(path)) for path in (tmp_path / out).glob("*.png")}
        assert len(found) == PICTURES
        for name, mask in found.items():
            expected = np.asarray(Image.open(tmp_path / "one" / name))
            assert (mask & expected).any() and (mask != expected).sum() <= 0.001 * (expected > 0).sum()


def evaluated(out):
    """The finished objects of an evaluation, without the seconds that they took."""
    lines = out.with_suffix(".objects.jsonl").read_text().splitlines()[1:]
    results = [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]
    return sorted(results, key=lambda result: (result["picture"], result["object_id"]))


def test_an_evaluation_that_was_killed_goes_on_and_equals_that_of_one_process(
    cluster,
    data,
    tmp_path,
    monkeypatch,
):
    command = ["evaluate", "--data", f"folder={data}", "--limit", "3", "--max-clicks", "2", "--steps", "0"]
    assert main([*command, "--json", str(tmp_path / "one.json")]) == 0
    many, asked = tmp_path / "many.json", []
    command += ["--json", str(many), "--engine", "ray"]

    def counted(make, units, actors):
        asked.append([unit for unit in units if not unit.done])
        return map_on_cluster(make, units, actors)

    def killed(*arguments):
        yield next(counted(*arguments))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("cfr_icl.evaluation.run.map_on_cluster", killed)
        assert main(command) == INTERRUPTED
    assert not many.exists() and len(evaluated(many)) == 2
    monkeypatch.setattr("cfr_icl.evaluation.run.map_on_cluster", counted)
    assert main(command) == 0
    assert list(map(len, asked)) == [3, 2]  # the picture that was finished is not evaluated again
    assert evaluated(many) == evaluated(tmp_path / "one.json") and len(evaluated(many)) == 6


def test_an_error_of_a_worker_and_a_cluster_too_small_are_sentences(cluster):
    def no_worker():
        raise ValueError("There are no weights here.")

    with pytest.raises(ClusterError, match="could not do it: There are no weights here"):
        list(map_on_cluster(no_worker, [1], Actors(cpus=0.1)))
    with pytest.raises(ClusterError, match="a process needs 64 and 0"):
        list(map_on_cluster(no_worker, [1], Actors(cpus=64)))
