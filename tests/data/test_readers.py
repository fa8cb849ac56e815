"""Every reader on a tiny set in exactly its published layout, whole and half-unpacked."""

import json
import os
import pickle

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from scipy.io import savemat

from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.cli.main import main
from cfr_icl.data.coco import decode
from cfr_icl.data.pack import pack
from cfr_icl.data.registry import DATASETS, open_dataset
from cfr_icl.pictures.decoding import read_picture
from tests.data.layouts import (
    BETWEEN,
    FIRST,
    HEIGHT,
    LAYOUTS,
    SECOND,
    TURNS,
    UPRIGHT,
    WIDTH,
    berkeley,
    box,
    coco,
    coco_file,
    cocolvis,
    davis,
    duts,
    folder,
    grabcut,
    labels,
    lvis,
    photograph,
    picture,
    sbd,
    voc,
)


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.__name__)
def unpacked(request, tmp_path):
    request.param(tmp_path)
    return request.param.__name__, tmp_path


def truths_of(name, root, index=0, **options):
    return open_dataset(name, root, **options)[index].gt_masks


def test_every_layout_is_covered():
    own_tests = {"coco_file", "webdataset"}  # a file and a folder of any layout; written from other sets
    assert {layout.__name__ for layout in LAYOUTS} | own_tests == set(DATASETS)


def test_samples_have_the_documented_shapes_and_values(unpacked):
    dataset = open_dataset(*unpacked)
    assert len(dataset) == len(dataset.names) > 0
    for index, name in enumerate(dataset.names):
        sample = dataset[index]
        assert sample.name == name
        assert sample.image.shape == (HEIGHT, WIDTH, 3) and sample.image.dtype == np.uint8
        assert sample.gt_masks
        for gt_mask in sample.gt_masks:
            assert gt_mask.shape == (HEIGHT, WIDTH) and gt_mask.dtype == np.int8
            assert set(np.unique(gt_mask)) <= {-1, 0, 1} and (gt_mask == 1).any()


def test_a_file_that_is_missing_is_named(unpacked):
    name, root = unpacked
    pictures = sorted(p for p in root.rglob("*") if p.suffix in {".jpg", ".png", ".bmp", ".mat", ".pickle"})
    for path in pictures:
        hidden = path.with_suffix(".hidden")
        os.rename(path, hidden)
        is_unpaired = name in {"grabcut", "folder"} and path.parent.name in {"data_GT", "images"}
        if is_unpaired:  # without a list of names nothing tells that a picture of two is gone
            assert len(open_dataset(name, root)) == 1
        elif not (name == "coco" and path.stem == "000000000009"):  # without entries, not needed
            with pytest.raises(FileNotFoundError) as caught:
                open_dataset(name, root)
            assert str(path.parent) in str(caught.value) or path.name in str(caught.value)
        os.rename(hidden, path)


def test_a_folder_that_is_missing_is_named(unpacked):
    name, root = unpacked
    for path in sorted(p for p in root.rglob("*") if p.is_dir() and any(f.is_file() for f in p.iterdir())):
        hidden = path.with_name("hidden")
        os.rename(path, hidden)
        with pytest.raises(FileNotFoundError) as caught:
            open_dataset(name, root)
        assert path.name in str(caught.value) or "X-Image" in str(caught.value)
        os.rename(hidden, path)


def test_a_root_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        open_dataset("sbd", tmp_path / "nowhere")


def test_an_unknown_name_or_option_is_refused(tmp_path):
    berkeley(tmp_path)
    with pytest.raises(ValueError, match=r"no data set 'ade20k'.*grabcut"):
        open_dataset("ade20k", tmp_path)
    with pytest.raises(ValueError, match="no option 'split'"):
        open_dataset("berkeley", tmp_path, split="val")


def test_a_coco_file_without_its_annotations_is_refused(tmp_path, capsys):
    command = ["evaluate", "--data", f"coco_file={tmp_path}", "--json", str(tmp_path / "scores.json")]
    assert main(command) == 2
    assert capsys.readouterr().err.endswith("The data set coco_file needs the option 'annotations'.\n")


@pytest.mark.parametrize(
    "content",
    [
        "[1]",
        "{",
        '{"images": []}',
        '{"images": [], "annotations": [{"image_id": 1}]}',
        '{"images": [{"id": 1}], "annotations": [{"image_id": 1, "segmentation": []}]}',
    ],
)
def test_a_damaged_coco_file_is_named(tmp_path, content):
    annotations = tmp_path / "objects.json"
    annotations.write_text(content)
    with pytest.raises(ValueError, match=r"objects\.json is not a whole COCO file: it needs images with id"):
        open_dataset("coco_file", tmp_path, annotations=str(annotations))


def test_coco_reads_polygons_and_ignores_crowds(tmp_path):
    coco(tmp_path)
    dataset = open_dataset("coco", tmp_path)
    assert dataset.names == ["000000000007"]
    first, second = dataset[0].gt_masks
    assert np.array_equal(first == 1, FIRST) and np.array_equal(second == 1, SECOND)
    assert np.array_equal(first == -1, BETWEEN)


def test_coco_reads_packed_run_lengths(tmp_path):
    coco(tmp_path)
    path = tmp_path / "annotations" / "instances_val2017.json"
    content = json.loads(path.read_text())
    packed = coco_mask.encode(np.asfortranarray(SECOND.astype(np.uint8)))
    content["annotations"][0]["segmentation"] = {**packed, "counts": packed["counts"].decode()}
    path.write_text(json.dumps(content))
    assert np.array_equal(truths_of("coco", tmp_path)[0] == 1, SECOND)


def test_a_coco_file_of_its_own_gives_objects_that_overlap(tmp_path):
    dataset = open_dataset(**coco_file(tmp_path))
    assert dataset.names == ["one"]
    whole, part = dataset[0].gt_masks
    assert np.array_equal(whole == 1, FIRST | BETWEEN) and np.array_equal(part == 1, FIRST)
    assert not (whole == -1).any() and not (part == -1).any()


def test_drawn_objects_of_the_same_picture_join_those_of_a_coco_file(tmp_path):
    options = coco_file(tmp_path)
    labels(tmp_path / "masks" / "one.png", SECOND * 3 + BETWEEN * 255)
    masks = str(tmp_path / "masks")
    _, part, drawn = open_dataset(**options, masks=masks)[0].gt_masks
    assert np.array_equal(drawn == 1, SECOND) and np.array_equal(drawn == -1, BETWEEN)
    assert not (part == -1).any()
    large = open_dataset(**options, masks=masks, min_pixels=1 + FIRST.sum())[0].gt_masks
    assert [np.count_nonzero(t == 1) for t in large] == [136, SECOND.sum()]
    *_, banded = open_dataset(**options, masks=masks, band=1.5)[0].gt_masks
    assert np.array_equal(banded == 1, box(13, 21, 17, 29)) and (banded[11] == -1).all()
    (tmp_path / "masks" / "one.png").rename(tmp_path / "masks" / "other.png")
    with pytest.raises(FileNotFoundError, match="1 of 1 pictures, the first one"):
        open_dataset(**options, masks=masks)


def test_lvis_validation_finds_pictures_in_both_folders(tmp_path):
    lvis(tmp_path)
    dataset = open_dataset("lvis", tmp_path)
    assert dataset.names == ["000000000007", "000000000009"]
    assert all(np.array_equal(dataset[i].gt_masks[1] == 1, SECOND) for i in range(2))


def test_cocolvis_gives_instances_and_stuff_on_demand(tmp_path):
    cocolvis(tmp_path)
    instances = truths_of("cocolvis", tmp_path)
    assert [int((t == 1).sum()) for t in instances] == [FIRST.sum(), SECOND.sum(), 16]
    assert np.array_equal(truths_of("cocolvis", tmp_path, stuff=True)[3] == 1, BETWEEN)


def test_cocolvis_never_runs_code_of_a_pickle(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was here"),)

    cocolvis(tmp_path)
    (tmp_path / "val" / "hannotation.pickle").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="not the published annotation"):
        open_dataset("cocolvis", tmp_path)
    assert not (tmp_path / "was here").exists()


def test_sbd_keeps_the_order_of_its_list_and_drops_damaged_objects_when_asked(tmp_path):
    sbd(tmp_path)
    assert open_dataset("sbd", tmp_path).names == ["2008_000003", "2008_000002"]
    assert open_dataset("sbd", tmp_path, split="train").names == ["2008_000002"]
    damaged = np.zeros((HEIGHT, WIDTH), np.uint8)
    damaged[0, 0] = damaged[-1, -1] = 1
    savemat(tmp_path / "inst" / "2008_000002.mat", {"GTinst": {"Segmentation": damaged}})
    assert len(truths_of("sbd", tmp_path, split="train")) == 1
    assert truths_of("sbd", tmp_path, split="train", min_fill=0.08) == []


def test_voc_ignores_void(tmp_path):
    voc(tmp_path)
    first, second = truths_of("voc", tmp_path)
    assert np.array_equal(first == 1, FIRST) and np.array_equal(second == 1, SECOND)
    assert np.array_equal(second == -1, BETWEEN)


def test_grabcut_ignores_the_unknown_band(tmp_path):
    grabcut(tmp_path)
    (gt_mask,) = truths_of("grabcut", tmp_path)
    assert np.array_equal(gt_mask == 1, FIRST) and np.array_equal(gt_mask == -1, BETWEEN)


def test_davis_takes_any_colour_for_the_object(tmp_path):
    davis(tmp_path)
    (gt_mask,) = truths_of("davis", tmp_path)
    assert np.array_equal(gt_mask == 1, FIRST) and not (gt_mask == -1).any()


def test_duts_cuts_smoothed_edges_in_the_middle(tmp_path):
    duts(tmp_path)
    (gt_mask,) = truths_of("duts", tmp_path)
    assert np.array_equal(gt_mask == 1, box(2, 9, 3, 12))


def test_a_folder_gives_an_object_for_each_value_or_component(tmp_path):
    folder(tmp_path)
    assert len(truths_of("folder", tmp_path)) == 2
    assert np.array_equal(truths_of("folder", tmp_path, index=1)[0] == 1, FIRST)
    labels(tmp_path / "masks" / "one.png", (FIRST | SECOND) * 5)
    assert len(truths_of("folder", tmp_path)) == 1
    assert len(truths_of("folder", tmp_path, components=True)) == 2


def test_folder_gives_the_background_as_an_object_on_demand(tmp_path):
    folder(tmp_path)
    labels(tmp_path / "masks" / "one.png", np.where(SECOND, 255, FIRST * 5))
    of_object, of_background = truths_of("folder", tmp_path, background=True)
    assert np.array_equal(of_object == 1, FIRST)
    assert np.array_equal(of_background == 1, ~FIRST & ~SECOND)
    assert np.array_equal(of_background == -1, SECOND)


def test_pictures_that_would_share_a_mask_are_refused(tmp_path):
    folder(tmp_path)
    picture(tmp_path / "images" / "one.png")
    with pytest.raises(ValueError, match=r"2 pictures beside .*masks are named one, with different endings"):
        open_dataset("folder", tmp_path)


@pytest.mark.parametrize("orientation", TURNS)
def test_a_folder_shows_photographs_upright_as_their_masks_are(tmp_path, orientation):
    photograph(tmp_path / "images" / "a.png", orientation)
    labels(tmp_path / "masks" / "a.png", UPRIGHT[..., 0] // 255)
    sample = open_dataset("folder", tmp_path)[0]
    assert np.array_equal(sample.image, UPRIGHT)
    assert np.array_equal(sample.gt_masks[0] == 1, UPRIGHT[..., 0] > 0)


def test_a_photograph_stays_as_it_is_stored_where_its_mask_was_drawn_on_that(tmp_path):
    stored = photograph(tmp_path / "images" / "a.png", 6)
    labels(tmp_path / "masks" / "a.png", stored[..., 0] // 255)
    sample = open_dataset("folder", tmp_path)[0]
    assert np.array_equal(sample.image, stored)
    assert np.array_equal(sample.gt_masks[0] == 1, stored[..., 0] > 0)


@pytest.mark.parametrize("orientation", TURNS)
def test_a_coco_file_of_its_own_shows_photographs_upright(tmp_path, orientation):
    photograph(tmp_path / "a.png", orientation)
    height, width = UPRIGHT.shape[:2]
    image = {"id": 1, "file_name": "a.png", "width": width, "height": height}
    square = {"id": 1, "image_id": 1, "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}
    annotations = tmp_path / "objects.json"
    annotations.write_text(json.dumps({"images": [image], "annotations": [square]}))
    sample = open_dataset("coco_file", tmp_path, annotations=str(annotations))[0]
    assert np.array_equal(sample.image, UPRIGHT)
    assert np.array_equal(sample.gt_masks[0] == 1, UPRIGHT[..., 0] > 0)


def sixteen_bits(path):
    Image.fromarray(np.linspace(1000, 3000, 600).reshape(20, 30).astype(np.uint16)).save(path)


def half_transparent(path):
    Image.fromarray(np.dstack([UPRIGHT, 255 - UPRIGHT[..., 0]])).save(path)


OF_ONES_OWN = {"a.png": sixteen_bits, "b.tif": sixteen_bits, "c.png": half_transparent}


@pytest.mark.parametrize("name", OF_ONES_OWN)
def test_pictures_of_a_folder_and_of_a_coco_file_are_read_as_the_page_shows_them(tmp_path, name):
    picture = tmp_path / "images" / name
    picture.parent.mkdir()
    OF_ONES_OWN[name](picture)
    labels(tmp_path / "masks" / f"{picture.stem}.png", UPRIGHT[..., 0] // 255)
    shown = read_picture(picture)
    assert len(np.unique(shown)) > 1
    assert np.array_equal(open_dataset("folder", tmp_path)[0].image, shown)
    square = {"id": 1, "image_id": 1, "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]}
    image = {"id": 1, "file_name": name, "width": 30, "height": 20}
    annotations = tmp_path / "objects.json"
    annotations.write_text(json.dumps({"images": [image], "annotations": [square]}))
    dataset = open_dataset("coco_file", picture.parent, annotations=str(annotations))
    assert np.array_equal(dataset[0].image, shown)
    pack(dataset, tmp_path / "shards", {})
    assert np.array_equal(open_dataset("webdataset", tmp_path / "shards")[0].image, shown)


def test_a_polygon_of_two_points_has_no_area():
    assert not decode([[1, 1, 3, 3]], 4, 6).any()
    square = [1, 1, 3, 1, 3, 3, 1, 3]
    assert np.array_equal(decode([[1, 1, 3, 3], square], 4, 6), decode([square], 4, 6))


MASK = np.zeros((4, 6), bool)
MASK[1:3, 2:5] = True
RUNS = [9, 2, 2, 2, 2, 2, 5]


@pytest.mark.parametrize("counts", [RUNS, Mask.of(MASK).counts], ids=["list", "string"])
def test_run_lengths_are_those_of_coco(counts):
    assert np.array_equal(decode({"size": [4, 6], "counts": counts}, 4, 6), MASK)


@pytest.mark.parametrize(
    "code",
    [
        {"size": [4, 6], "counts": RUNS[:-1]},
        {"size": [4, 6], "counts": [*RUNS, 1]},
        {"size": [4, 6], "counts": [30, -6]},
        {"size": [4, 6], "counts": [12.0, 12.0]},
        {"size": [4, 6], "counts": [[12], [12]]},
        {"size": [4, 6], "counts": [1 << 70]},
        {"size": [4, 6], "counts": []},
        {"size": [4, 6], "counts": "ż"},
        {"size": [4, 6], "counts": Mask.of(MASK).counts[:-1]},
        {"size": [6, 4], "counts": RUNS},
        {"counts": RUNS},
        {"size": 4, "counts": RUNS},
        [],
        [[1, 1, 3, 1, float("nan"), 3]],
        [[1, 1, 3, 1, 1e9, 3]],
        [["a", 1, 3, 1, 3, 3]],
        7,
    ],
    ids=str,
)
def test_damaged_masks_are_refused(code):
    with pytest.raises(ValueError, match=r"a mask is (damaged|not of the size)"):
        decode(code, 4, 6)


def test_a_damaged_mask_names_its_picture(tmp_path):
    coco(tmp_path)
    (path,) = tmp_path.rglob("instances_*.json")
    content = json.loads(path.read_text())
    for entry in content["annotations"]:
        entry["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": [5, 5]}
    path.write_text(json.dumps(content))
    dataset = open_dataset("coco", tmp_path)
    with pytest.raises(ValueError, match=f"^{dataset.names[0]}: a mask is damaged"):
        dataset[0]


@pytest.mark.parametrize("part", ["images/a.jpg", "masks/a.png"])
@pytest.mark.parametrize("kept", [0, 40, 300])
def test_a_damaged_picture_or_mask_is_named(tmp_path, part, kept):
    picture(tmp_path / "images" / "a.jpg")
    noise = np.random.default_rng(0).integers(0, 3, (HEIGHT, WIDTH))
    labels(tmp_path / "masks" / "a.png", noise)
    damaged = tmp_path / part
    damaged.write_bytes(damaged.read_bytes()[: min(kept, damaged.stat().st_size - 60)])
    with pytest.raises(
        ValueError,
        match=rf"{damaged.name}(: | is no picture, or is damaged)",
    ):
        open_dataset("folder", tmp_path)[0]


@pytest.mark.parametrize("name, mode", [("a.png", "RGB"), ("a.png", "LA"), ("a.png", "RGBA"), ("a.jpg", "L")])
def test_a_label_map_in_colours_or_with_losses_is_refused(tmp_path, name, mode):
    picture(tmp_path / "images" / "a.jpg")
    (tmp_path / "masks").mkdir()
    Image.fromarray(FIRST.astype(np.uint8), "L").convert(mode).save(tmp_path / "masks" / name)
    with pytest.raises(ValueError, match=r"a\.(png has \d channels; a label map has one|jpg is a JPEG)"):
        open_dataset("folder", tmp_path)[0]
