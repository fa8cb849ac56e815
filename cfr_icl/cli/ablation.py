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

from cfr_icl.cli.options import add_device, add_pictures
from cfr_icl.cli.values import count_up_to, output_file, output_folder
from cfr_icl.data.source import told_apart
from cfr_icl.extras import extra

CONFIG, REPORT = Path("training/configs/ablation.yaml"), Path("training/RESULTS.md")
OUT = Path("runs/ablation")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--config", type=Path, default=CONFIG, help=f"settings of all trainings (default: {CONFIG})")
    add("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes to the config")
    add("--weights", help="weights that all trainings start from, as for load_model")
    add_pictures(parser, min_area=0.01)
    add(
        "--out",
        type=output_folder,
        default=OUT,
        help=f"folder for trainings and evaluations (default: {OUT})",
    )
    add(
        "--report",
        type=output_file,
        default=REPORT,
        help=f"the written report; its plots go to results/ beside it (default: {REPORT})",
    )
    add_device(parser)
    add(
        "--workers",
        type=count_up_to(10_000),
        default=1,
        metavar="N",
        help="processes of the evaluation, one thread each (default: 1)",
    )


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
