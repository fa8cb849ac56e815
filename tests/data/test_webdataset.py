"""Data sets in shards: the same samples bit for bit, from a folder and by HTTP, and nothing half-written."""

import json
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from cfr_icl.cli.main import INTERRUPTED, main
from cfr_icl.data import webdataset
from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.examples import TrainingExamples
from cfr_icl.data.folder import FolderDataset
from cfr_icl.data.pack import pack
from cfr_icl.data.registry import open_dataset
from cfr_icl.data.webdataset import WebDataset, index_shards
from cfr_icl.scale.shards import Shard
from cfr_icl.suem import SUEM
from tests.data.layouts import LAYOUTS, TURNS, UPRIGHT, coco, coco_file, labels, photograph


def assert_equal(one, other):
    assert list(one.names) == list(other.names)
    for number in range(len(one)):
        here, there = one[number], other[number]
        assert here.name == there.name and np.array_equal(here.image, there.image)
        assert len(here.gt_masks) == len(there.gt_masks)
        for mask, again in zip(here.gt_masks, there.gt_masks, strict=True):
            assert mask.dtype == again.dtype and np.array_equal(mask, again)


@pytest.mark.parametrize("layout", [*LAYOUTS, coco_file], ids=lambda layout: layout.__name__)
def test_every_set_comes_back_bit_for_bit(layout, tmp_path):
    root = tmp_path / "set"
    root.mkdir()
    dataset = open_dataset(**(layout(root) or {"name": layout.__name__, "root": root}))
    assert pack(dataset, tmp_path / "shards", {}, each=1) == len(dataset)
    assert_equal(open_dataset("webdataset", tmp_path / "shards"), dataset)


@pytest.mark.parametrize("orientation", TURNS)
def test_photographs_of_a_folder_stay_upright_in_shards(tmp_path, orientation):
    photograph(tmp_path / "set" / "images" / "a.png", orientation)
    labels(tmp_path / "set" / "masks" / "a.png", UPRIGHT[..., 0] // 255)
    dataset = open_dataset("folder", tmp_path / "set")
    pack(dataset, tmp_path / "shards", {})
    assert_equal(open_dataset("webdataset", tmp_path / "shards"), dataset)


def test_names_with_dots_and_letters_of_any_script(data, tmp_path):
    for number, name in enumerate(["a.b", "a", "100%2E", "żółw é"]):
        for part in ("images", "masks"):
            (data / part / f"picture{number}.png").rename(data / part / f"{name}.png")
    dataset = open_dataset("folder", data)
    pack(dataset, tmp_path / "shards", {}, each=4)
    assert_equal(WebDataset(tmp_path / "shards"), dataset)


def test_a_killed_pack_command_resumes(data, tmp_path, monkeypatch, capsys):
    out = tmp_path / "shards"
    command = ["pack", "--data", f"folder={data}", "--out", str(out), "--each", "2"]
    command += ["--options", "components=true", "band=1"]
    read, packed = FolderDataset.__getitem__, []

    def stopping(dataset, index):
        packed.append(index)
        if len(packed) == 4:
            raise KeyboardInterrupt
        return read(dataset, index)

    monkeypatch.setattr(FolderDataset, "__getitem__", stopping)
    assert main(command) == INTERRUPTED
    assert sorted(path.name for path in out.iterdir()) == ["00000-of-00003.tar", "source.json"]
    assert main(["evaluate", "--data", f"webdataset={out}", "--json", str(tmp_path / "e.json")]) == 2
    assert "lacks index.npz" in capsys.readouterr().err
    assert main(command) == 0
    assert packed == [0, 1, 2, 3, 2, 3, 4, 5]  # the first shard is not written again
    assert_equal(WebDataset(out), open_dataset("folder", data, components=True, band=1))
    assert main(["pack", "--data", f"folder={data}", "--out", str(out)]) == 2
    assert "shards of something else" in capsys.readouterr().err
    assert main([*command[:5], "--options", "components"]) == 2
    assert "--options are KEY=VALUE, not 'components'." in capsys.readouterr().err
    assert main([*command[:5], "--options", "band=["]) == 2
    assert "The value of the option band is no YAML: '['." in capsys.readouterr().err
    (out / "00001-of-00003.tar").unlink()
    with pytest.raises(FileNotFoundError, match="lacks 1 of its 3 shards, the first 00001-of-00003"):
        WebDataset(out)


def test_two_processes_share_the_work(data, tmp_path):
    dataset = open_dataset("folder", data)
    assert pack(dataset, tmp_path / "shards", {}, 2, Shard(1, 2)) is None
    assert pack(dataset, tmp_path / "shards", {}, 2, Shard(2, 2)) == 6
    assert_equal(WebDataset(tmp_path / "shards"), dataset)


def test_other_programs_read_the_shards(tmp_path):
    import webdataset as library

    coco(tmp_path)
    dataset = open_dataset("coco", tmp_path)
    pack(dataset, tmp_path / "shards", {})
    shard = str(tmp_path / "shards" / "00000-of-00001.tar")
    (sample,) = library.WebDataset(shard, shardshuffle=False).decode("rgb8")
    assert sample["__key__"] == dataset.names[0] and np.array_equal(sample["jpg"], dataset[0].image)
    assert [entry["segmentation"]["size"] for entry in sample["json"]["annotations"]] == [[24, 32]] * 2


def test_tar_files_of_others_are_read_once_they_are_indexed(tmp_path, capsys):
    """The layout of SA-1B: a picture and a file of its run lengths, beside what is not known."""
    coco(tmp_path)
    dataset = open_dataset("coco", tmp_path)
    pack(dataset, tmp_path / "own", {})
    shards = tmp_path / "sa"
    shards.mkdir()
    with tarfile.open(tmp_path / "own" / "00000-of-00001.tar") as own:
        own.extractall(tmp_path / "files", filter="data")
    (tmp_path / "files" / "readme.txt").write_text("read me")
    name = dataset.names[0]
    content = json.loads((tmp_path / "files" / f"{name}.json").read_text())
    for entry in content["annotations"]:
        entry.pop("ignored", None)
    (tmp_path / "files" / f"{name}.json").write_text(json.dumps(content))
    with tarfile.open(shards / "sa_000000.tar", "w") as file:
        for kind in ("readme.txt", f"{name}.json", f"{name}.jpg"):
            file.add(tmp_path / "files" / kind, f"./{kind}")
    assert main(["pack", "--out", str(shards)]) == 0
    assert "1 pictures" in capsys.readouterr().out
    (sample,) = WebDataset(shards)
    assert sample.name == name and np.array_equal(sample.image, dataset[0].image)
    assert [(m == 1).sum() for m in sample.gt_masks] == [(m == 1).sum() for m in dataset[0].gt_masks]
    (shards / "sa_000001.tar").write_bytes(b"x" * 2000)
    with pytest.raises(ValueError, match=r"sa_000001\.tar is damaged"):
        index_shards(shards)


def test_damaged_and_unindexed_shards_are_refused_in_one_sentence(data, tmp_path):
    out = tmp_path / "shards"
    pack(open_dataset("folder", data), out, {})
    with pytest.raises(ValueError, match="in shards already"):
        pack(WebDataset(out), tmp_path / "again", {})
    shard = out / "00000-of-00001.tar"
    content = shard.read_bytes()
    shard.write_bytes(content[:600] + bytes(400) + content[1000:])
    with pytest.raises(ValueError, match=r"picture0 in 00000-of-00001\.tar is damaged"):
        WebDataset(out)[0]
    (out / "index.npz").write_bytes(b"PK what")
    with pytest.raises(ValueError, match=r"index\.npz of .* is damaged"):
        WebDataset(out)
    with pytest.raises(FileNotFoundError, match="holds no tar files"):
        index_shards(data)


@pytest.mark.parametrize(
    "change",
    [
        {"spans": np.zeros((1, 3), np.int64)},
        {"spans": np.array([[0, 1 << 40, 0, 9]])},
        {"spans": np.array([[9, 5, 0, 9]])},
        {"spans": np.array([[-5, 5, 0, 9]])},
        {"spans": np.array([[0.0, 5.0, 0.0, 9.0]])},
        {"shard": np.array([1], np.int32)},
        {"shard": np.array(0, np.int32)},
    ],
)
def test_an_index_with_impossible_values_is_refused(change, tmp_path):
    index = {"shards": ["a.tar"], "names": ["a"], "shard": np.array([0]), "spans": np.array([[0, 5, 5, 9]])}
    (tmp_path / "a.tar").write_bytes(bytes(10))
    np.savez(tmp_path / "index.npz", **index)
    assert len(WebDataset(tmp_path)) == 1
    np.savez(tmp_path / "index.npz", **{**index, **change})
    with pytest.raises(ValueError, match=r"index\.npz of .* is damaged"):
        WebDataset(tmp_path)


def test_a_cut_or_flipped_index_is_refused(data, tmp_path):
    pack(open_dataset("folder", data), tmp_path, {})
    content = (tmp_path / "index.npz").read_bytes()
    np.save(tmp_path / "plain.npy", np.zeros(3))
    middle = len(content) // 2
    flipped = content[:60] + bytes(byte ^ 255 for byte in content[60:middle]) + content[middle:]
    for damaged in (content[:middle], flipped, b"", (tmp_path / "plain.npy").read_bytes()):
        (tmp_path / "index.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"index\.npz of .* is damaged"):
            WebDataset(tmp_path)


def test_a_picture_far_from_its_objects_takes_two_reads(data, tmp_path, monkeypatch):
    dataset = open_dataset("folder", data)
    pack(dataset, tmp_path / "shards", {})
    monkeypatch.setattr(webdataset, "APART", -1)
    assert_equal(WebDataset(tmp_path / "shards"), dataset)


class Parts(SimpleHTTPRequestHandler):
    """Files of a folder and parts of them; counts the bytes that it sends."""

    sent = 0

    def do_GET(self):
        content = self.read()
        asked = self.headers.get("Range")
        if content is None:
            self.send_error(404)
            return
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            content = content[int(first) : int(last) + 1]
        Parts.sent += len(content)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def read(self):
        try:
            with open(self.translate_path(self.path), "rb") as file:
                return file.read()
        except OSError:
            return None

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    servers = []

    def serve(folder):
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Parts, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_examples_of_a_seed_are_those_of_the_files_and_are_read_in_parts(data, tmp_path, serve):
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    Image.fromarray(noise).save(data / "images" / "picture5.png")
    Image.fromarray(np.ones((600, 600), np.uint8)).save(data / "masks" / "picture5.png")
    pack(open_dataset("folder", data), tmp_path / "shards", {}, each=3)
    url, _ = serve(tmp_path)

    def examples(dataset):
        stream = TrainingExamples([dataset], [1.0], Augmentation(size=32, min_pixels=20), SUEM(), seed=3)
        return [stream[number] for number in (7, 2, 11)]

    far = open_dataset("webdataset", f"{url}/shards")
    assert len(far) == 6
    for one, other in zip(examples(open_dataset("folder", data)), examples(far), strict=True):
        assert torch.equal(one.image, other.image) and torch.equal(one.gt_mask, other.gt_mask)
        assert (one.clicks, one.seeds) == (other.clicks, other.seeds)
    Parts.sent = 0
    far[0]
    assert 0 < Parts.sent < 20_000 < (tmp_path / "shards" / "00001-of-00002.tar").stat().st_size


def test_the_last_attempt_is_followed_by_the_error_at_once(data, tmp_path, serve, monkeypatch):
    pack(open_dataset("folder", data), tmp_path / "shards", {})
    url, server = serve(tmp_path)
    far = WebDataset(f"{url}/shards")
    server.shutdown()
    server.server_close()
    pauses = []
    monkeypatch.setattr(webdataset.time, "sleep", pauses.append)
    with pytest.raises(ConnectionError, match="does not answer"):
        far[0]
    assert [pause for pause in pauses if pause >= 1] == [1, 2, 4]


def test_a_training_over_http_ends_with_the_same_weights_and_reports_a_lost_server(
    data,
    tmp_path,
    serve,
    monkeypatch,
    write_config,
    capsys,
):
    pack(open_dataset("folder", data), tmp_path / "shards", {}, each=3)
    url, server = serve(tmp_path)
    config = str(write_config(steps=3))
    shards = ["data.0.kind=webdataset", f"data.0.path={url}/shards", "workers=2"]
    for out, changes in (("files", []), ("http", shards)):
        assert main(["train", "--config", config, "--out", str(tmp_path / out), "--set", *changes]) == 0
    files, http = (load_file(tmp_path / out / "model" / "model.safetensors") for out in ("files", "http"))
    assert files.keys() == http.keys() and all(torch.equal(files[name], http[name]) for name in files)
    (tmp_path / "shards" / "00000-of-00002.tar").unlink()
    monkeypatch.setattr(webdataset, "PAUSE_SECONDS", 0.01)
    assert main(["train", "--config", config, "--out", str(tmp_path / "lost"), "--set", *shards]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told == f"error: There is no {url}/shards/00000-of-00002.tar."
    server.shutdown()
    server.server_close()
    assert main(["train", "--config", config, "--out", str(tmp_path / "gone"), "--set", *shards]) == 2
    assert "does not answer" in capsys.readouterr().err
