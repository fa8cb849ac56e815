"""Lists of clicks as people and programs write them, and masks that replace nothing."""

import json
import unicodedata

import pytest
from PIL import Image

from cfr_icl.annotate.batch.click_lists import read_click_list
from cfr_icl.annotate.batch.plan import mask_names, plan
from cfr_icl.annotate.batch.run import run_batch
from cfr_icl.annotate.batch.worker import PictureResult
from cfr_icl.cli import batch as command
from cfr_icl.cli.main import main
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel

PICTURES = ("a.png", "b.png", "Käfer.png", "猫.png", "sub/a.png", "Screenshot 9.41\u202fAM.png", "Ярлык.png")


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    for name in PICTURES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (120, 90), (90, 120, 60)).save(folder / name)
    return folder


ONE = [("a.png", "1", [(30, 40, True)])]
CAT = [("a.png", "cat", [(30.5, 40.25, True)])]
TWO = [("a.png", "1", [(30, 40, True), (50, 60, False)])]

TABLES = {
    "plain": ("picture,x,y\na.png,30,40\n", "utf-8", ONE),
    "German Excel": ("\ufeffpicture;x;y;positive;object\na.png;30,5;40,25;1;cat\n", "utf-8", CAT),
    "sep=;": ("sep=;\npicture;x;y\na.png;30;40\n", "utf-8", ONE),
    "sep=, quoted, Windows lines": ('"sep=,"\r\npicture,x,y\r\na.png,30,40\r\n', "utf-8", ONE),
    "sep= and a tab": ("\ufeffsep=\t\r\npicture\tx\ty\r\na.png\t30\t40\r\n", "utf-8", ONE),
    "sep= and a bar, spaces": ("sep=| \npicture|x|y\na.png|30|40\n", "utf-8", ONE),
    "remarks": ("# made by a program\n# on Monday\npicture,x,y\na.png,30,40\n", "utf-8", ONE),
    "Excel's formulas": ('picture,x,y\na.png,"=""30""","=""40"""\n', "utf-8", ONE),
    "French Excel": ("picture;x;y;positive\na.png;30;40;VRAI\n", "utf-8", ONE),
    "digits of other scripts": ("picture,x,y\na.png,３０,٤٠\n", "utf-8", ONE),
    "tabs": ("picture\tx\ty\na.png\t30\t40\n", "utf-8", ONE),
    "bars": ("picture|x|y\na.png|30|40\n", "utf-8", ONE),
    "UTF-16 with a mark": ("picture\tx\ty\na.png\t30\t40\n", "utf-16", ONE),
    "UTF-16, little, without": ("picture,x,y\na.png,30,40\n", "utf-16-le", ONE),
    "UTF-16, big, without": ("picture,x,y\na.png,30,40\n", "utf-16-be", ONE),
    "UTF-32": ("picture,x,y\na.png,30,40\n", "utf-32", ONE),
    "old Mac lines": ("picture,x,y\ra.png,30,40\r", "utf-8", ONE),
    "capitals": ("Picture,X,Y\na.png,30,40\n", "utf-8", ONE),
    "another name": ("File name,X,Y\na.png,30,40\n", "utf-8", ONE),
    "underscores": ("image_name,x,y,is_positive,object_id\na.png,30.5,40.25,TRUE,cat\n", "utf-8", CAT),
    "spaces after commas": ("picture, x, y\na.png, 30, 40\n", "utf-8", ONE),
    "quotes": ('"picture","x","y"\n"a.png","30","40"\n', "utf-8", ONE),
    "quoted decimal commas": ('picture,x,y,object\na.png,"30,5","40,25",cat\n', "utf-8", CAT),
    "empty rows": ("\n\npicture,x,y\n\na.png,30,40\n,,\n\n,,\n", "utf-8", ONE),
    "short rows": ("picture,x,y,positive,object\na.png,30,40\n", "utf-8", ONE),
    "long rows": ("picture,x,y\na.png,30,40,,,\n", "utf-8", ONE),
    "other columns": ("id,picture,label,x,y,note\n7,a.png,z,30,40,hello\n", "utf-8", ONE),
    "numbers with spaces": ("picture,x,y\na.png, 30 ,40 \n", "utf-8", ONE),
    "exponents": ("picture,x,y\na.png,3e1,4.0E+1\n", "utf-8", ONE),
    "Windows-1252": ("picture,x,y\nKäfer.png,30,40\n", "cp1252", [("Käfer.png", *ONE[0][1:])]),
    "Shift-JIS": (
        "picture,x,y\na.png,30,40\n猫.png,1,1\n",
        "shift_jis",
        [*ONE, ("猫.png", "1", [(1, 1, True)])],
    ),
    "Windows-1251": ("picture;x;y\nЯрлык.png;30;40\n", "cp1251", [("Ярлык.png", *ONE[0][1:])]),
    "a screenshot of macOS": (
        "picture,x,y\nScreenshot 9.41\u202fAM.png,30,40\n",
        "utf-8",
        [("Screenshot 9.41\u202fAM.png", *ONE[0][1:])],
    ),
    "decomposed": (
        unicodedata.normalize("NFD", "picture,x,y\nKäfer.png,30,40\n"),
        "utf-8",
        [("Käfer.png", *ONE[0][1:])],
    ),
    "back-slashes": ("picture,x,y\nsub\\a.png,30,40\n", "utf-8", [("sub/a.png", *ONE[0][1:])]),
    "the same picture in two ways": (
        "picture,x,y,positive\na.png,30,40,1\n./sub/../a.png,50,60,0\n",
        "utf-8",
        TWO,
    ),
    **{
        f"positive {text!r}": (f"picture,x,y,positive\na.png,30,40,1\na.png,50,60,{text}\n", "utf-8", TWO)
        for text in ("0", "0.0", '"0,0"', "-1", "false", "FALSCH", "No", "-", " 0 ")
    },
    **{
        f"positive {text!r}": (f"picture,x,y,positive\na.png,30,40,{text}\n", "utf-8", ONE)
        for text in ("1", "1.0", '"1,0"', "+1", "true", "WAHR", "Yes", "", "VRAI")
    },
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_are_read(kind, images, tmp_path):
    text, encoding, expected = TABLES[kind]
    path = tmp_path / "clicks.csv"
    path.write_bytes(text.encode(encoding))
    objects = read_click_list(path, images).objects
    assert [
        (o.picture_name, o.object, [(c.x, c.y, c.positive) for c in o.clicks]) for o in objects
    ] == expected


JSON = {
    "numbers": [{"picture": "a.png", "x": 30, "y": 40}],
    "texts": [{"picture": "a.png", "x": "30", "y": "40.0", "positive": "1"}],
    "null": [{"picture": "a.png", "x": 30, "y": 40, "positive": None, "object": None}],
    "true": [{"Picture": "a.png", "X": 30, "Y": 40, "positive": True, "object": 1}],
    "floats": [{"picture": "a.png", "x": 30.0, "y": 40.0, "positive": 1.0, "object": 1.0}],
}


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_is_read(kind, encoding, images, tmp_path):
    path = tmp_path / "clicks.json"
    path.write_bytes(json.dumps(JSON[kind]).encode(encoding))
    (entry,) = read_click_list(path, images).objects
    assert (entry.picture_name, entry.object, entry.clicks[0].x, entry.clicks[0].positive) == (
        "a.png",
        "1",
        30,
        True,
    )


def test_objects_are_numbered_from_0_and_lines_are_read(images, tmp_path):
    rows = [{"picture": "a.png", "x": 3, "y": 4, "object": number} for number in (0, 1)]
    (tmp_path / "clicks.json").write_text(json.dumps(rows))
    (tmp_path / "clicks.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name in ("clicks.json", "clicks.jsonl"):
        assert [entry.object for entry in read_click_list(tmp_path / name, images).objects] == ["0", "1"]


NO_LISTS = {
    "nothing": (b"", "no clicks"),
    "a heading alone": (b"picture,x,y\n", "no clicks"),
    "two columns of one name": (b"picture,x,y,x\na.png,30,40,99\n", "two columns with the heading 'x'"),
    "no heading": (b"a.png,30,40\n", "heading"),
    "a workbook": (b"PK\x03\x04", "save its table as CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", "save its table as CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "heading"),
    "zeros": (bytes(100), "heading|no clicks"),
}


@pytest.mark.parametrize("kind", NO_LISTS)
def test_other_files_are_no_lists(kind, images, tmp_path):
    content, sentence = NO_LISTS[kind]
    (tmp_path / "clicks.csv").write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_click_list(tmp_path / "clicks.csv", images)


@pytest.mark.parametrize("content", ["{", "{}", "[1]", '"text"', "[[1, 2]]"])
def test_other_json_is_no_list(content, images, tmp_path):
    (tmp_path / "clicks.json").write_text(content)
    with pytest.raises(ValueError, match=r"clicks\.json"):
        read_click_list(tmp_path / "clicks.json", images)


WRONG = {
    "nowhere.png,1,1,,": "there is no picture 'nowhere.png'",
    "../images/../x.png,1,1,,": "there is no picture",
    ",1,1,,": "there is no picture named in it",
    "b.png,,1,,": "x must be a number",
    "b.png,1,abc,,": "y must be a number",
    "b.png,1_0,1,,": "x must be a number",
    "b.png,nan,1,,": "finite",
    "b.png,1e999,1,,": "finite",
    "b.png,1,1,maybe,": "positive must be 1 or 0",
    "b.png,1,1,2,": "positive must be 1 or 0",
    "b.png,1,1,,a/b": "cannot be part of a file name",
    "b.png,120,1,,": "outside the picture",
    "b.png,-1,1,,": "outside the picture",
    "b.png,1,1,0,": "b.png: No click is positive: add one",
    "sub,1,1,,": "there is no picture 'sub'",
}


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(command, "new_segmenter", lambda options: Segmenter(ColourModel()))


def run(images, out, text, *options):
    path = out.parent / "clicks.csv"
    path.write_text("picture,x,y,positive,object\n" + text)
    return main(["batch", str(path), "--images", str(images), "--out", str(out), "--steps", "0", *options])


@pytest.mark.parametrize("row", WRONG)
def test_a_wrong_row_is_reported_and_the_others_are_predicted(row, images, tmp_path, stand_in, capsys):
    out = tmp_path / "out"
    assert run(images, out, f"a.png,30,40,,\n{row}\nsub/a.png,30,40,,\n") == 1
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == [
        "a_1.png",
        "sub/a_1.png",
    ]
    error = capsys.readouterr().err
    assert "Row 3 of clicks.csv: " in error and WRONG[row] in error
    assert run(images, tmp_path / "strict", f"a.png,30,40,,\n{row}\n", "--strict") == 2
    assert not (tmp_path / "strict").exists()


def test_an_object_with_a_wrong_row_is_left_out(images, tmp_path):
    (tmp_path / "c.csv").write_text("picture,x,y\na.png,1,1\na.png,x,1\nb.png,1,1\n")
    clicks = read_click_list(tmp_path / "c.csv", images)
    assert [entry.picture_name for entry in clicks.objects] == ["b.png"] and len(clicks.problems) == 1


def test_a_damaged_picture_does_not_end_the_run(images, tmp_path, stand_in, capsys):
    content = (images / "b.png").read_bytes()
    (images / "b.png").write_bytes(content[:60] + bytes(10) + content[70:])
    (images / "Käfer.png").write_bytes(b"broken")
    rows = "a.png,30,40,,\nb.png,30,40,,\nKäfer.png,1,1,,\nsub/a.png,30,40,,\n"
    assert run(images, tmp_path / "out", rows) == 1
    assert len(list((tmp_path / "out").rglob("*.png"))) == 2
    error = capsys.readouterr().err
    assert "b.png: The picture is damaged" in error and "Row 4 of clicks.csv: Käfer.png" in error


NAMES = {
    "two endings": ("a.jpg,1,1,,cat\na.png,1,1,,cat\n", ["a.jpg_cat.png", "a.png_cat.png"]),
    "a_b / a + b_1": ("a.png,1,1,,b_1\na_b.png,1,1,,1\n", ["a.png_b_1.png", "a_b.png_1.png"]),
    "capitals": ("a.png,1,1,,cat\nA.png,1,1,,cat\n", None),
    "objects' capitals": ("a.png,1,1,,cat\na.png,1,1,,Cat\n", None),
    "absolute": ("{images}/a.png,1,1,,cat\n", ["a_cat.png"]),
    "through a parent": ("../images/a.png,1,1,,cat\n", ["a_cat.png"]),
    "sub-folders": ("a.png,1,1,,\nsub/a.png,1,1,,\n", ["a_1.png", "sub/a_1.png"]),
}


@pytest.mark.parametrize("kind", NAMES)
def test_every_mask_has_a_file_of_its_own_inside_the_target(kind, images, tmp_path, stand_in):
    text, expected = NAMES[kind]
    for name in ("a.jpg", "a_b.png", "A.png"):
        Image.new("RGB", (120, 90)).save(images / name)
    before = {path: path.read_bytes() for path in images.rglob("*.*")}
    out = tmp_path / "out"
    assert run(images, out, text.format(images=images)) == 0
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png"))
    assert len({name.casefold() for name in files}) == text.count("\n")
    assert expected is None or files == sorted(expected)
    assert {path: path.read_bytes() for path in images.rglob("*.*")} == before


def test_pictures_are_never_replaced(images, tmp_path, stand_in, capsys):
    Image.new("RGB", (120, 90)).save(images / "a_1.png")
    before = (images / "a_1.png").read_bytes()
    assert run(images, images, "b.png,30,40,,\na.png,30,40,,\n") == 2
    assert "would replace a picture" in capsys.readouterr().err
    assert (images / "a_1.png").read_bytes() == before and not (images / "b_1.png").exists()


def test_masks_among_the_pictures_are_no_pictures_and_are_written_again(images, tmp_path, stand_in):
    for _ in range(2):
        assert run(images, images / "masks", "b.png,30,40,,\n") == 0
    from cfr_icl.annotate.folder.folder import Folder

    assert "masks/b_1.png" not in Folder(images, tmp_path / "work").pictures.names


def test_a_picture_is_one_task_with_all_its_objects(images, tmp_path):
    (tmp_path / "c.csv").write_text("picture,x,y,object\na.png,1,1,1\nb.png,1,1,1\na.png,2,2,2\n")
    prepared = plan(tmp_path / "c.csv", images, tmp_path / "out")
    assert [(task.picture_name, len(task.objects)) for task in prepared.tasks] == [("a.png", 2), ("b.png", 1)]

    def predict(tasks):
        return [PictureResult(task, tuple((name, b"mask") for name in task.files)) for task in tasks]

    assert run_batch(prepared, predict, {}) == []
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
    assert mask_names([]) == []
