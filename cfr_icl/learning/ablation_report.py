"""The report of an ablation: its procedure, effects with their intervals, tables and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.evaluation import Protocol, Result, clicks_to_reach, setting_name, summarise
from cfr_icl.evaluation.metrics import mean_ious
from cfr_icl.evaluation.paired import difference
from cfr_icl.evaluation.report import markdown_table, save_lines
from cfr_icl.files import write_atomically
from cfr_icl.learning.ablation import (
    BASELINE,
    BEFORE,
    BOTH,
    SETTINGS,
    STEPS,
    TARGET,
    TRAININGS,
    Ablation,
    Results,
    fixed_steps,
)

READING = "## Reading"
"""Heading of the part that a person writes."""
PLAIN = setting_name(SETTINGS[0])
COMPARED = tuple(setting_name(cfr) for cfr in SETTINGS[1:] if cfr.steps in (1, 4) or cfr.adaptive)
"""The settings whose effect is given with its uncertainty; the tables hold all of them."""


def write_report(path: Path, ablation: Ablation, by_zoom: Mapping[bool, Results]) -> None:
    """Write the report as Markdown, and its plots into `results/` beside it; an earlier reading is kept.

    Args:
        by_zoom: as returned by `Ablation.run`.
    """
    settings, zoomed = ablation.settings, by_zoom[True]
    objects = len(_with_setting(zoomed[BASELINE], PLAIN))
    chosen = f"the {ablation.half} half (CRC-32 of the name) of " if ablation.half else ""
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
        f"{', '.join(source.label for source in ablation.sources)}: {objects} objects of at least "
        f"{ablation.min_area:.0%} of their picture, at {settings.augmentation.size} px with test-time flip. "
        "CFR-n refines n times, A-CFR-n at most n times; at the first click only, or at every click.",
        "Reproduce: `python training/ablation.py` with the same `--data`, `--half` and `--limit`.",
        f"## What each idea changes\nDifference in the number of clicks to IoU {TARGET:.0%} (NoC) and in IoU "
        "after the first click, object by object, with 95 % bootstrap intervals; fewer clicks are better.",
        _effects(by_zoom),
        "## With zoom-in\n" + _table(zoomed, ablation.protocol(zoom=True)),
    ]
    if by_zoom[False]:
        parts += [
            "## Zoom-in held fixed at the whole picture\n"
            "The effect of CFR in this table does not include that of an earlier zoom-in.\n\n"
            + _table(by_zoom[False], ablation.protocol(zoom=False)),
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
            [_mean_clicks(by_zoom[zoom][name], fixed_steps(n, cf_clicks)) for n in (0, *STEPS)],
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
