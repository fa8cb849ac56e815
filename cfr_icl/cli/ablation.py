"""Measure the effect of ICL, SUEM and CFR: four trainings, each evaluated with and without CFR.

    cfr-icl ablation --data folder=PATH [--config training/configs/ablation.yaml] [--set key=value]

With zoom-in held fixed, only the first and the last are evaluated. Writes tables and plots to
training/RESULTS.md and training/results/; the text of the report from "## Reading" on is kept. The same
command resumes a stopped run.

With --weights the trainings go on from a trained network, which is evaluated as well; under two CFR settings,
with zoom-in, without plots.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cfr_icl import CascadeForward
from cfr_icl.cli.options import add_pictures
from cfr_icl.cli.values import count_up_to, output_file, output_folder
from cfr_icl.evaluation import Protocol, Result, clicks_to_reach, setting_name, summarise
from cfr_icl.evaluation.job import Job
from cfr_icl.evaluation.paired import difference
from cfr_icl.evaluation.report import markdown_table, mean_ious, save_lines
from cfr_icl.evaluation.run import evaluate
from cfr_icl.extras import extra
from cfr_icl.files import write_atomically

with extra("train", "The ablation"):
    from cfr_icl.learning.settings import Settings, read_settings
    from cfr_icl.learning.train import train

CONFIG, REPORT = Path("training/configs/ablation.yaml"), Path("training/RESULTS.md")
READING = "## Reading"
TARGET = 0.90
STEPS = (1, 2, 4, 8)
AS_PUBLISHED: dict[str, Any] = {"best_pass": False, "mirror_refinements": True, "remove_specks": False}


def _fixed_steps(steps: int, cf_clicks: int | None) -> CascadeForward:
    return CascadeForward(steps=steps, adaptive=False, cf_clicks=cf_clicks, **AS_PUBLISHED)


SETTINGS = (
    CascadeForward(steps=0, **AS_PUBLISHED),
    *(_fixed_steps(n, cf_clicks) for cf_clicks in (1, None) for n in STEPS),
    *(CascadeForward(steps=max(STEPS), cf_clicks=k, min_change_ratio=0, **AS_PUBLISHED) for k in (1, None)),
)
PLAIN = setting_name(SETTINGS[0])
COMPARED = tuple(setting_name(cfr) for cfr in SETTINGS[1:] if cfr.steps in (1, 4) or cfr.adaptive)
"""The settings whose effect is given with its uncertainty; the tables hold all of them."""
FROM_WEIGHTS = (SETTINGS[0], _fixed_steps(4, None))
"""The settings of trainings that go on from a trained network."""


@dataclass(frozen=True)
class Training:
    """A run with or without each of the two ideas; everything else is equal."""

    name: str
    icl: bool
    suem: bool

    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(
            settings,
            icl=dataclasses.replace(settings.icl, last_only=not self.icl),
            suem=settings.suem if self.suem else None,
        )


TRAININGS = (
    Training("baseline", icl=False, suem=False),
    Training("+ ICL", icl=True, suem=False),
    Training("+ SUEM", icl=False, suem=True),
    Training("+ ICL + SUEM", icl=True, suem=True),
)
BASELINE, BOTH = TRAININGS[0].name, TRAININGS[-1].name
BEFORE = "the weights before"
"""The name of the weights that the trainings go on from, in tables."""

Results = Mapping[str, Sequence[Result]]
"""The results of each training."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--config", type=Path, default=CONFIG, help=f"settings of all trainings (default: {CONFIG})")
    add("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes to the config")
    add("--weights", help="weights that all trainings start from, as for load_model")
    add_pictures(parser, min_area=0.01)
    add(
        "--out",
        type=output_folder,
        default=Path("runs/ablation"),
        help="folder for trainings and evaluations",
    )
    add(
        "--report",
        type=output_file,
        default=REPORT,
        help=f"its plots go to results/ beside it (default: {REPORT})",
    )
    add("--device", default="auto")
    add("--workers", type=count_up_to(10_000), default=1, help="processes of the evaluation, one thread each")


def run(options: argparse.Namespace) -> None:
    settings = read_settings(options.config, options.set)
    by_zoom: dict[bool, dict[str, list[Result]]] = {True: {}, False: {}}
    if options.weights:
        model = dataclasses.replace(settings.model, weights=options.weights)
        settings = dataclasses.replace(settings, model=model)
        by_zoom[True][BEFORE] = _evaluated(options, settings, options.weights, options.out / "before", True)
    for number, training in enumerate(TRAININGS):
        out = options.out / f"{number}-{training.name.replace('+ ', '').replace(' ', '-').lower()}"
        train(training.settings(settings), out)
        both = training.name in (BASELINE, BOTH) and not options.weights
        for zoom in (True, False) if both else (True,):
            print(f"{training.name}, {'zoom-in' if zoom else 'zoom-in held fixed'}", file=sys.stderr)
            by_zoom[zoom][training.name] = _evaluated(options, settings, str(out / "model"), out, zoom)
    write(options.report, settings, options, by_zoom)


def _evaluated(
    options: argparse.Namespace, settings: Settings, weights: str, out: Path, zoom: bool
) -> list[Result]:
    """Evaluate a network; the log of finished objects is in the folder `out`."""
    job = Job(
        weights=weights,
        device=options.device,
        precision="float32",
        sources=tuple(options.data),
        settings=FROM_WEIGHTS if options.weights else SETTINGS,
        protocol=_protocol(settings, zoom),
        min_area=options.min_area,
    )
    out.mkdir(parents=True, exist_ok=True)
    log = out / ("zoom.objects.jsonl" if zoom else "fixed.objects.jsonl")
    return evaluate(job, log, options.half, options.limit, options.workers).results


def _protocol(settings: Settings, zoom: bool) -> Protocol:
    """The published protocol at the input size of the training, up to the target IoU."""
    return Protocol(zoom=zoom, widen=True, size=settings.augmentation.size, target_iou=TARGET)


def write(
    path: Path, settings: Settings, options: argparse.Namespace, by_zoom: Mapping[bool, Results]
) -> None:
    """Write the report: the procedure, effects with their intervals, tables, plots, and the earlier reading.

    Args:
        by_zoom: the results of each training, with zoom-in (True) and with zoom-in held fixed (False).
    """
    zoomed = by_zoom[True]
    objects = len(_with_setting(zoomed[BASELINE], PLAIN))
    chosen = f"the {options.half} half (CRC-32 of the name) of " if options.half else ""
    budget = (
        f"{settings.minutes:g} minutes" if settings.minutes else f"{settings.for_processes(1).steps} steps"
    )
    begun = f" from the weights `{settings.model.weights}`" if settings.model.weights else ""
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    reading = READING + old.partition(READING)[2] if READING in old else f"{READING}\n"
    parts = [
        "# Does each idea help?",
        f"Four trainings of the {settings.model.architecture} network{begun} that differ in nothing but ICL "
        f"(else only the last click is supervised) and SUEM: {budget} of "
        f"{settings.batch_size * settings.accumulation} pictures at {settings.augmentation.size} px, "
        f"seed {settings.seed}. Evaluated by the robot user on {chosen}"
        f"{', '.join(source.label for source in options.data)}: {objects} objects of at least "
        f"{options.min_area:.0%} of their picture, at {settings.augmentation.size} px with test-time flip. "
        "CFR-n refines n times, A-CFR-n at most n times; at the first click only, or at every click.",
        "Reproduce: `python training/ablation.py` with the same `--data`, `--half` and `--limit`.",
        f"## What each idea changes\nDifference in the number of clicks to IoU {TARGET:.0%} (NoC) and in IoU "
        "after the first click, object by object, with 95 % bootstrap intervals; fewer clicks are better.",
        _effects(by_zoom),
        "## With zoom-in\n" + _table(zoomed, _protocol(settings, True)),
    ]
    if by_zoom[False]:
        parts += [
            "## Zoom-in held fixed at the whole picture\n"
            "The effect of CFR in this table does not include that of an earlier zoom-in.\n\n"
            + _table(by_zoom[False], _protocol(settings, False)),
            "## Plots\n"
            + "\n".join(f"![{plot.stem}](results/{plot.name})" for plot in _plots(path, by_zoom)),
        ]
    write_atomically(path, "\n\n".join([*parts, reading]))


def _with_setting(results: Sequence[Result], setting: str) -> list[Result]:
    return [r for r in results if r.setting == setting]


def _table(by_training: Results, protocol: Protocol) -> str:
    rows = {
        name: {
            s: summarise(_with_setting(results, s), protocol)
            for s in map(setting_name, SETTINGS)
            if _with_setting(results, s)
        }
        for name, results in by_training.items()
    }
    return markdown_table(rows, "training")


def _effects(by_zoom: Mapping[bool, Results]) -> str:
    """A table with a row for the effect of each idea."""
    zoomed = by_zoom[True]
    comparisons = [
        (f"{training.name} against the {BASELINE}", zoomed[BASELINE], PLAIN, zoomed[training.name], PLAIN)
        for training in TRAININGS[1:]
    ]
    if BEFORE in zoomed:
        comparisons += [
            (f"{training.name} against {BEFORE}", zoomed[BEFORE], PLAIN, zoomed[training.name], PLAIN)
            for training in TRAININGS
        ]
    for name in (BASELINE, BOTH):
        for zoom, view in ((True, "zoom-in"), (False, "no zoom-in")):
            results = by_zoom[zoom].get(name, ())
            measured = {each.setting for each in results}
            comparisons += [
                (f"{setting} against {PLAIN}: {name}, {view}", results, PLAIN, results, setting)
                for setting in COMPARED
                if setting in measured
            ]
    rows = ["| what | clicks | IoU after the first click |", "| --- | ---: | ---: |"]
    for name, old, old_setting, new, new_setting in comparisons:
        pairs = list(zip(_with_setting(old, old_setting), _with_setting(new, new_setting), strict=True))
        clicks = [clicks_to_reach(b.ious, TARGET) - clicks_to_reach(a.ious, TARGET) for a, b in pairs]
        first = [100 * (b.ious[0] - a.ious[0]) for a, b in pairs]
        rows.append(f"| {name} | {difference(clicks)} | {difference(first)} |")
    return "\n".join(rows)


def _plots(path: Path, by_zoom: Mapping[bool, Results]) -> list[Path]:
    folder = path.parent / "results"
    clicks = range(1, Protocol().max_clicks + 1)
    ious = {
        name: (clicks, mean_ious([r.ious for r in _with_setting(results, PLAIN)], len(clicks)))
        for name, results in by_zoom[True].items()
    }
    noc = {
        f"{name}, {'zoom-in' if zoom else 'no zoom-in'}, {'first' if cf_clicks else 'every'} click": (
            (0, *STEPS),
            [_mean_clicks(by_zoom[zoom][name], _fixed_steps(n, cf_clicks)) for n in (0, *STEPS)],
        )
        for name in (BASELINE, BOTH)
        for zoom in by_zoom
        for cf_clicks in (1, None)
    }
    return [
        save_lines(folder / "iou.png", ious, "clicks", "mean IoU", "Training, without CFR"),
        save_lines(folder / "noc.png", noc, "CFR steps", f"clicks to IoU {TARGET:.0%}", "CFR"),
    ]


def _mean_clicks(results: Sequence[Result], cfr: CascadeForward) -> float:
    return float(
        np.mean([clicks_to_reach(r.ious, TARGET) for r in _with_setting(results, setting_name(cfr))])
    )
