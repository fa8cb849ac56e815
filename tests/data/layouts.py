"""Tiny data sets in exactly their published layouts."""

import gzip
import io
import json
import pickle

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask
from scipy.io import savemat

HEIGHT, WIDTH = 24, 32


def box(top, bottom, left, right):
    region = np.zeros((HEIGHT, WIDTH), bool)
    region[top:bottom, left:right] = True
    return region


FIRST, SECOND = box(2, 10, 3, 12), box(12, 22, 16, 30)
BETWEEN = box(10, 12, 0, 32)


def picture(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def labels(path, values, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8), "L")
    if mode == "P":
        image.putpalette([(i * 37) % 256 for i in range(768)])
    image.save(path)


def polygon(top, bottom, left, right):
    return [[left, top, right, top, right, bottom, left, bottom]]


def coco(root, split="val2017"):
    picture(root / split / "000000000007.jpg")
    picture(root / split / "000000000009.jpg")
    # BETWEEN as runs down the columns, beginning with background
    runs = [10, *[2, 22] * (WIDTH - 1), 2, 12]
    annotations = [
        {"id": 1, "image_id": 7, "iscrowd": 0, "category_id": 1, "segmentation": polygon(2, 10, 3, 12)},
        {"id": 2, "image_id": 7, "iscrowd": 0, "category_id": 2, "segmentation": polygon(12, 22, 16, 30)},
        {
            "id": 3,
            "image_id": 7,
            "iscrowd": 1,
            "category_id": 1,
            "segmentation": {"counts": runs, "size": [HEIGHT, WIDTH]},
        },
    ]
    images = [
        {"id": 9, "file_name": "000000000009.jpg", "height": HEIGHT, "width": WIDTH},
        {"id": 7, "file_name": "000000000007.jpg", "height": HEIGHT, "width": WIDTH},
    ]
    (root / "annotations").mkdir()
    content = {"images": images, "annotations": annotations, "categories": []}
    (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))


def lvis(root):
    url = "http://images.cocodataset.org/{}/{}.jpg"
    places = {7: ("train2017", "000000000007"), 9: ("val2017", "000000000009")}
    images, annotations = [], []
    for number, (folder, name) in places.items():
        picture(root / folder / f"{name}.jpg")
        images.append({"id": number, "coco_url": url.format(folder, name), "height": HEIGHT, "width": WIDTH})
        for top, bottom, left, right in ((2, 10, 3, 12), (12, 22, 16, 30)):
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": number,
                    "category_id": 3,
                    "segmentation": polygon(top, bottom, left, right),
                }
            )
    (root / "lvis_v1_val.json").write_text(json.dumps({"images": images, "annotations": annotations}))


def png(values):
    data = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(data, "PNG")
    return np.frombuffer(data.getvalue(), np.uint8).reshape(-1, 1)


def cocolvis(root):
    folder = root / "val"
    name = "000000000007"
    picture(folder / "images" / f"{name}.jpg")
    inner = box(4, 8, 4, 8)
    layers = [png(FIRST * 1 + SECOND * 2 + BETWEEN * 3), png(inner * 1)]
    places = [(0, 1), (0, 2), (1, 1), (0, 3)]
    (folder / "masks").mkdir()
    (folder / "masks" / f"{name}.pickle").write_bytes(pickle.dumps((layers, places)))
    hierarchy = {
        0: {"children": [2], "parent": None, "node_level": 0},
        1: None,
        2: {"children": [], "parent": 0, "node_level": 1},
    }
    content = {name: {"num_instance_masks": 3, "hierarchy": hierarchy}}
    (folder / "hannotation.pickle").write_bytes(pickle.dumps(content))


def sbd(root):
    (root / "inst").mkdir(parents=True)
    for name in ("2008_000002", "2008_000003"):
        picture(root / "img" / f"{name}.jpg")
        instance = {
            "Segmentation": (FIRST * 1 + SECOND * 2).astype(np.uint8),
            "Boundaries": np.zeros((2, 1), object),
            "Categories": np.array([[1], [2]], np.uint8),
        }
        savemat(root / "inst" / f"{name}.mat", {"GTinst": instance})
    (root / "val.txt").write_text("2008_000003\n2008_000002\n")
    (root / "train.txt").write_text("2008_000002\n")


def voc(root):
    for name in ("2007_000032", "2007_000039"):
        picture(root / "JPEGImages" / f"{name}.jpg")
        values = FIRST * 1 + SECOND * 2 + BETWEEN * 255
        labels(root / "SegmentationObject" / f"{name}.png", values, mode="P")
    sets = root / "ImageSets" / "Segmentation"
    sets.mkdir(parents=True)
    (sets / "val.txt").write_text("2007_000032\n2007_000039\n")


def grabcut(root):
    picture(root / "data_GT" / "banana1.bmp")
    picture(root / "data_GT" / "21077.jpg")
    for name in ("banana1", "21077"):
        labels(root / "boundary_GT" / f"{name}.bmp", FIRST * 255 + BETWEEN * 128)


def berkeley(root):
    picture(root / "images" / "3096.jpg")
    labels(root / "masks" / "3096.png", FIRST * 255)


def davis(root):
    picture(root / "img" / "bear_00007.jpg")
    (root / "gt").mkdir()
    coloured = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    coloured[FIRST] = (128, 0, 0)
    Image.fromarray(coloured).save(root / "gt" / "bear_00007.png")


def coco_mval(root):
    picture(root / "img" / "baseball bat00_000000057232.jpg")
    labels(root / "gt" / "baseball bat00_000000057232.png", FIRST * 255)


def duts(root):
    picture(root / "DUTS-TE-Image" / "ILSVRC2012_test_00000003.jpg")
    soft = FIRST * 255
    soft[9] = np.minimum(soft[9], 100)  # an edge that was smoothed
    labels(root / "DUTS-TE-Mask" / "ILSVRC2012_test_00000003.png", soft)


def folder(root):
    picture(root / "images" / "one.jpg")
    labels(root / "masks" / "one.png", FIRST * 1 + SECOND * 7 + BETWEEN * 255)
    picture(root / "images" / "two.jpg")
    Image.fromarray(FIRST).save(root / "masks" / "two.png")  # one bit a pixel


LAYOUTS = [coco, lvis, cocolvis, sbd, voc, grabcut, berkeley, davis, coco_mval, duts, folder]


def coco_file(root):
    """A packed COCO file beside a folder of pictures: a whole, its part, and a picture without entries."""
    picture(root / "pictures" / "one.jpg")
    picture(root / "pictures" / "two.jpg")
    entries = []
    for region in (FIRST | BETWEEN, FIRST):
        packed = coco_mask.encode(np.asfortranarray(region.astype(np.uint8)))
        packed["counts"] = packed["counts"].decode()
        entries.append({"id": len(entries), "image_id": 5, "iscrowd": 0, "segmentation": packed})
    images = [
        {"id": 4, "file_name": "two.jpg", "width": WIDTH, "height": HEIGHT},
        {"id": 5, "file_name": "one.jpg", "width": WIDTH, "height": HEIGHT},
    ]
    with gzip.open(root / "objects.json.gz", "wt", encoding="utf-8") as file:
        json.dump({"images": images, "annotations": entries}, file)
    return {"name": "coco_file", "root": root / "pictures", "annotations": str(root / "objects.json.gz")}


UPRIGHT = np.zeros((20, 30, 3), np.uint8)
UPRIGHT[:10, :10] = 255
TURNS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}


def photograph(path, orientation):
    """UPRIGHT as a camera stores it that was held so; return what is stored."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(UPRIGHT).transpose(TURNS[orientation])
    stored.save(path, exif=exif)
    return np.asarray(stored)
