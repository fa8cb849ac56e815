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
from functools import partial
from pathlib import Path

from cfr_icl.cli.options import add_pictures
from cfr_icl.cli.values import count_up_to, output_file, output_folder
from cfr_icl.data.source import told_apart
from cfr_icl.extras import extra

CONFIG, REPORT = Path("training/configs/ablation.yaml"), Path("training/RESULTS.md")


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
    with extra("train", "The ablation"):
        from cfr_icl.learning.ablation import Ablation
        from cfr_icl.learning.ablation_report import write_report
        from cfr_icl.learning.settings import read_settings

    settings = read_settings(options.config, options.set)
    if options.weights:
        model = dataclasses.replace(settings.model, weights=options.weights)
        settings = dataclasses.replace(settings, model=model)
    ablation = Ablation(
        settings=settings,
        sources=told_apart(options.data),
        half=options.half,
        limit=options.limit,
        min_area=options.min_area,
        device=options.device,
        workers=options.workers,
        out=options.out,
    )
    write_report(options.report, ablation, ablation.run(partial(print, file=sys.stderr)))
