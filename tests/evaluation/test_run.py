"""`cfr-icl evaluate` on a folder of two-coloured pictures and a network that knows colours."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from cfr_icl import CascadeForward
from cfr_icl.cli.evaluate import job_of
from cfr_icl.cli.main import INTERRUPTED, main, parse
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.data.source import select
from cfr_icl.evaluation import job as job_module
from cfr_icl.evaluation import run as run_module
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.saving import save_model
from cfr_icl.zoom.zoom_config import ZoomConfig
from tests.stand_in import ColourModel


@pytest.fixture
def colour(monkeypatch):
    monkeypatch.setattr(run_module, "load_model", lambda *_: ColourModel(64))


def run(data, out, *options, status=0):
    arguments = ["--data", f"folder={data}", "--json", str(out), "--max-clicks", "5", "--steps", "0"]
    assert main(["evaluate", *arguments, *options]) == status
    return json.loads(out.read_text()) if status == 0 else None


def finished(out):
    lines = out.with_suffix(".objects.jsonl").read_text().splitlines()[1:]
    return [json.loads(line) for line in lines]


def without_time(found):
    for settings in found["metrics"].values():
        for metrics in settings.values():
            del metrics["seconds_per_click"]
    return found


def test_a_run_prints_the_table_and_its_deviations_and_writes_everything(data, tmp_path, colour, capsys):
    options = ["--published", "--steps", "0,1", "--gallery", str(tmp_path / "g.html")]
    options += ["--plots", str(tmp_path / "plots")]
    found = run(data, tmp_path / "out.json", *options)
    printed = capsys.readouterr().out
    assert "| set-val | CFR-0 | 12 |" in printed and "| set-val | A-CFR-1 | 12 |" in printed
    assert "- At most 5 clicks; published: 20." in printed
    assert found["metrics"]["set-val"]["CFR-0"]["noc"]["0.9"] <= 5
    assert found["metrics"]["set-val"]["CFR-0"]["objects"] == 12 and found["protocol"]["flip"]
    assert len(list((tmp_path / "plots").iterdir())) == 2
    assert (tmp_path / "g.html").read_text().count("<section>") == 24


def test_one_flag_sets_everything_as_published(data, tmp_path, monkeypatch, capsys):
    model = ColourModel(64)
    zoom, close_up = dataclasses.replace(model.config.zoom, widen=True), CloseUpConfig(first_click=1)
    model.config = dataclasses.replace(model.config, zoom=zoom, close_up=close_up)
    monkeypatch.setattr(run_module, "load_model", lambda *_: model)
    arguments = ["evaluate", "--data", f"folder={data}", "--limit", "2", "--steps", "0,1", "--json"]
    assert main([*arguments, str(tmp_path / "page.json")]) == 0
    printed = capsys.readouterr().out
    assert "follows an object" in printed and "a close-up" in printed and "every click" in printed
    assert "megapixels" in printed
    assert main([*arguments, str(tmp_path / "p.json"), "--published"]) == 0
    printed = capsys.readouterr().out
    (deviation,) = [line for line in printed.splitlines() if line.startswith("- ")]
    assert "At most 2 pictures" in deviation and "A-CFR-1 |" in printed


def test_a_flag_beside_published_wins():
    options = parse(["evaluate", "--data", "folder=x", "--json", "x", "--published", "--cf-clicks", "all"])
    (setting,) = job_of(options).settings
    assert setting == dataclasses.replace(CascadeForward.published(), cf_clicks=None)


def test_a_log_of_an_older_version_is_continued(data, tmp_path, colour):
    run(data, tmp_path / "out.json", "--limit", "2")
    log = tmp_path / "out.objects.jsonl"
    first, *others = log.read_text().splitlines()
    identity = json.loads(first)
    del identity["protocol"]["widen"]
    log.write_text("\n".join([json.dumps(identity), *others]) + "\n")
    assert run(data, tmp_path / "out.json")["metrics"]


def test_an_interrupted_run_resumes_and_ends_like_an_uninterrupted_one(data, tmp_path, colour, monkeypatch):
    whole = without_time(run(data, tmp_path / "whole.json", "--steps", "0,2"))
    answered, evaluate_object = [], job_module.evaluate_object

    def interrupted(*arguments, **identity):
        for result in evaluate_object(*arguments, **identity):
            if len(answered) == 7:
                raise KeyboardInterrupt
            answered.append(result)
            yield result

    monkeypatch.setattr(job_module, "evaluate_object", interrupted)
    run(data, tmp_path / "cut.json", "--steps", "0,2", status=INTERRUPTED)
    log = tmp_path / "cut.objects.jsonl"
    assert len(finished(tmp_path / "cut.json")) == 7
    log.write_text(log.read_text() + '{"data": "set-v')  # the kill came in the middle of a line

    def counted(*arguments, **identity):
        for result in evaluate_object(*arguments, **identity):
            answered.append(result)
            yield result

    monkeypatch.setattr(job_module, "evaluate_object", counted)
    resumed = without_time(run(data, tmp_path / "cut.json", "--steps", "0,2"))
    assert len(answered) == 24  # each object and setting once over both runs
    assert resumed == whole


def refusal(data, out, capsys, *options):
    """The sentence with which the command refuses."""
    assert main(["evaluate", "--data", f"folder={data}", "--json", str(out), *options]) == 2
    return capsys.readouterr().err


def test_results_of_another_protocol_or_other_weights_are_not_mixed_in(
    data, tmp_path, colour, monkeypatch, capsys
):
    run(data, tmp_path / "out.json")
    assert "another protocol" in refusal(data, tmp_path / "out.json", capsys, "--no-flip")
    other = ColourModel(64)
    other.inverse_temperature.data += 1
    monkeypatch.setattr(run_module, "load_model", lambda *_: other)
    assert "other weights" in refusal(data, tmp_path / "out.json", capsys)


def test_results_of_another_folder_with_the_same_names_are_not_taken_for_this_ones(
    data, tmp_path, colour, capsys
):
    """Such as set/val and copy/set/val, or masks that were corrected after the first evaluation."""
    out = tmp_path / "out.json"
    here = without_time(run(data, out))
    other = tmp_path / "copy" / "set" / "val"
    shutil.copytree(data, other)
    for mask in (other / "masks").iterdir():
        labels = np.array(Image.open(mask))
        labels[labels == 1], labels[60:, :20] = 3, 1
        Image.fromarray(labels).save(mask)
    there = without_time(run(other, out))
    assert there["metrics"] == without_time(run(other, tmp_path / "alone.json"))["metrics"]
    assert there["metrics"] != here["metrics"]
    lines = finished(out)
    assert without_time(run(data, out)) == here and finished(out) == lines  # both are kept


@pytest.mark.parametrize(
    ("flag", "place", "sentence"),
    [
        ("--json", "set", "is a folder, not a file"),
        ("--json", "file/scores.json", "file where a folder is needed"),
        ("--plots", "file/plots", "file where a folder is needed"),
        ("--gallery", "set", "is a folder, not a file"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_evaluation(
    data, tmp_path, monkeypatch, capsys, flag, place, sentence
):
    monkeypatch.setattr(run_module, "load_model", lambda *_: pytest.fail("the evaluation began"))
    (tmp_path / "file").write_text("content")
    arguments = [
        "--data",
        f"folder={data}",
        "--json",
        str(tmp_path / "out.json"),
        flag,
        str(tmp_path / place),
    ]
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *arguments])
    assert ended.value.code == 2 and sentence in capsys.readouterr().err
    assert not list(tmp_path.glob("*.jsonl"))


@pytest.mark.parametrize("content", ["garbage\n", "{}\n[]\n", '{}\n{"data": 1}\n'])
def test_a_log_of_another_kind_is_told(data, tmp_path, colour, capsys, content):
    (tmp_path / "out.objects.jsonl").write_text(content)
    assert "does not hold the results of an evaluation" in refusal(data, tmp_path / "out.json", capsys)


def test_a_wider_choice_of_pictures_continues_a_narrower_one(data, tmp_path, colour):
    narrow = run(data, tmp_path / "out.json", "--limit", "2")
    assert narrow["metrics"]["set-val"]["CFR-0"]["objects"] == 4
    wider = run(data, tmp_path / "out.json", "--steps", "0,1")
    assert wider["metrics"]["set-val"]["CFR-0"]["objects"] == 12
    narrower = run(data, tmp_path / "out.json", "--limit", "2", "--min-area", "0.1")
    assert narrower["metrics"]["set-val"]["CFR-0"]["objects"] == 2
    assert list(narrower["metrics"]["set-val"]) == ["CFR-0"]


def test_halves_are_chosen_by_the_crc_of_the_name_and_cover_everything():
    names = [f"name{i}" for i in range(200)]
    even, odd = select(names, "even", None), select(names, "odd", None)
    assert sorted(even + odd) == list(range(200)) and 70 < len(even) < 130
    assert select(["1", "a"], "odd", None) == [0, 1]  # CRC-32 0x83DCEFB7 and 0xE8B7BE43


def test_a_limit_takes_pictures_spread_evenly_and_always_the_same():
    names = [str(i) for i in range(100)]
    assert select(names, None, 5) == [0, 25, 50, 74, 99]
    assert select(names, None, 500) == list(range(100))


@pytest.mark.slow
def test_several_workers_give_the_metrics_of_one(data, tmp_path):
    model = build_model(default_config("compact")).eval()
    model.config = dataclasses.replace(model.config, zoom=ZoomConfig(size=64))
    save_model(model, tmp_path / "model")
    one, two = (
        without_time(
            run(
                data,
                tmp_path / f"{n}.json",
                "--weights",
                str(tmp_path / "model"),
                "--workers",
                n,
                "--limit",
                "3",
            )
        )
        for n in ("1", "2")
    )
    assert one.pop("workers") == 1 and two.pop("workers") == 2
    assert one == two


@pytest.mark.parametrize(
    "data, message",
    [("nonsense", "is not NAME=PATH"), ("imagenet=x", "is not NAME=PATH"), ("folder=", "is not NAME=PATH")],
)
def test_the_error_of_a_wrong_data_argument_says_what_would_be_right(data, message, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "--data", data, "--json", str(tmp_path / "out.json")])
    assert message in capsys.readouterr().err


def test_a_choice_without_objects_is_refused_in_one_sentence(data, tmp_path, colour, capsys):
    sentence = refusal(data, tmp_path / "out.json", capsys, "--min-area", "0.9")
    assert "have none that is large enough" in sentence


def test_shards_joined_are_the_whole(data, tmp_path, colour, capsys):
    whole = without_time(run(data, tmp_path / "whole.json"))
    for number in (1, 2):
        run_shard(data, tmp_path / "parts.json", f"{number}/2")
    logs = sorted(tmp_path.glob("parts.objects-*-of-2.jsonl"))
    joined = tmp_path / "parts.objects.jsonl"
    assert main(["join", *map(str, logs), "--out", str(joined)]) == 0
    before = joined.read_text()
    assert without_time(run(data, tmp_path / "parts.json"))["metrics"] == whole["metrics"]
    assert joined.read_text() == before
    assert main(["join", str(logs[0]), str(tmp_path / "whole.json"), "--out", str(joined)]) == 2
    assert "does not hold the results" in capsys.readouterr().err


def run_shard(data, out, shard):
    arguments = ["--data", f"folder={data}", "--json", str(out), "--max-clicks", "5", "--steps", "0"]
    assert main(["evaluate", *arguments, "--shard", shard]) == 0


@pytest.mark.parametrize(
    ("flag", "number"),
    [
        ("--limit", "0"),
        ("--limit", "-3"),
        ("--workers", "0"),
        ("--size", "-5"),
        ("--size", "7"),
        ("--worst", "-1"),
        ("--min-area", "nan"),
        ("--min-area", "2"),
    ],
)
def test_a_number_out_of_range_is_not_taken_for_another(data, tmp_path, capsys, flag, number):
    command = ["evaluate", "--data", f"folder={data}", "--json", str(tmp_path / "out.json"), flag, number]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2 and f"{flag}: it goes from " in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_folders_whose_names_end_alike_are_told_apart_by_more_of_their_paths(data, tmp_path, colour, capsys):
    other = tmp_path / "copy" / "set" / "val"
    shutil.copytree(data, other)
    found = run(data, tmp_path / "out.json", "--data", f"folder={data}", f"folder={other}")
    assert sorted(found["metrics"]) == ["copy-set-val", f"{data.parts[-3]}-set-val"]
    assert all(settings["CFR-0"]["objects"] == 12 for settings in found["metrics"].values())
    run(data, tmp_path / "twice.json", "--data", f"folder={data}", f"folder={data}", status=2)
    assert "each may appear once" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["evaluate", "ablation"])
@pytest.mark.parametrize("spelling", ["{0}/../{0.name}", "{0.parent}/link", "{0}/"])
def test_one_folder_under_two_spellings_is_refused_before_anything_is_evaluated(
    data, tmp_path, capsys, command, spelling
):
    (data.parent / "link").symlink_to(data)
    out = [{"evaluate": "--json", "ablation": "--out"}[command], str(tmp_path / "out.json")]
    other = spelling.format(data)
    assert main([command, "--data", f"folder={data}", f"folder={other}", *out]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"{data} and as {other}: take one of them." in said
    assert not list(tmp_path.glob("out*"))


def test_results_without_checksums_are_named(data, tmp_path, colour, capsys):
    """A log of a version that compared pictures by their names alone."""
    run(data, tmp_path / "out.json", "--limit", "2")
    assert "checksums" not in capsys.readouterr().err
    log = tmp_path / "out.objects.jsonl"
    first, *others = log.read_text().splitlines()
    results = [json.loads(line) for line in others]
    for result in results:
        del result["scene"]
    log.write_text("\n".join([first, *map(json.dumps, results)]) + "\n")
    run(data, tmp_path / "out.json")
    said = capsys.readouterr().err
    assert f"{len(results)} results of {log}" in said and "by the pictures' names alone" in said
