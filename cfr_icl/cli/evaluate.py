"""Count the clicks that a model needs: the robot user's sessions over one or several data sets.

    cfr-icl evaluate --weights embedded --data folder=PATH --steps 0,1,4 --json FILE

Finished objects go to FILE.objects.jsonl at once; the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cfr_icl.cfr import CascadeForward
from cfr_icl.cli.options import WEIGHTS, add_pictures, whole_numbers
from cfr_icl.evaluation.gallery import save_gallery, worst
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.report import markdown_table, save_plots
from cfr_icl.evaluation.run import Job, Replay, evaluate, one_thread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--weights", default="embedded", help=f"{WEIGHTS} (default: embedded)")
    add_pictures(parser, min_area=0.0)
    add("--steps", default="0", type=whole_numbers, help="CFR steps, a setting each: 0,1,4")
    add("--adaptive", action="store_true", help="stop CFR when a pass changes little")
    add(
        "--min-change-ratio",
        type=float,
        default=CascadeForward.default().min_change_ratio,
        help="the share of the mask that is little; 0 for at most 20 pixels, as published",
    )
    add("--cf-clicks", type=int, default=1, help="refine the first so many clicks only (default: 1)")
    add("--every-click", action="store_true", help="refine every click")
    add(
        "--best-pass", action="store_true", help="answer with the pass that agrees most with its mirror image"
    )
    add("--max-clicks", type=int, default=20)
    add("--target-iou", type=float, default=0.95, help="a session ends here")
    add("--no-flip", action="store_true", help="without the mirror image")
    add("--no-zoom", action="store_true", help="hold the zoom-in fixed at the whole picture")
    add("--no-close-up", action="store_true", help="without close-ups of the clicks")
    add("--size", type=int, help="the network's input in pixels, if not the one that belongs to it")
    add("--device", default="auto")
    add("--precision", default="float32", help="as for load_model; the same on every machine by default")
    add("--workers", type=int, default=1, help="processes, one thread each")
    add("--json", type=Path, required=True, help="the metrics; finished objects lie beside it")
    add("--plots", type=Path, metavar="DIR", help="IoU against clicks and the distribution of clicks")
    add("--gallery", type=Path, metavar="FILE", help="an HTML page of the worst cases with their clicks")
    add("--worst", type=int, default=24, help="cases in the gallery")


def run(options: argparse.Namespace) -> None:
    """Evaluate, print the table and what deviates, write the JSON, the plots and the gallery."""
    labels = [source.label for source in options.data]
    if len(set(labels)) < len(labels):
        raise ValueError(f"--data names {', '.join(labels)}: each may appear once.")
    job = job_of(options)
    log = options.json.with_suffix(".objects.jsonl")
    evaluation = evaluate(job, log, options.half, options.limit, options.workers)
    table = evaluation.table()
    if not table:
        raise ValueError("No object was evaluated: the chosen pictures hold none that is large enough.")
    deviations = [*evaluation.deviations(), *_selection(options)]
    print(markdown_table(table))
    print("\nDeviations from the published protocol:" if deviations else "\nPublished protocol.")
    for sentence in deviations:
        print(f"- {sentence}")
    evaluation.write(options.json, deviations=deviations, workers=options.workers)
    if options.plots:
        save_plots(evaluation.results, options.plots, job.protocol)
    if options.gallery:
        title = f"Worst cases of {options.weights}"
        with one_thread():
            cases = worst(evaluation.results, options.worst)
            save_gallery(cases, options.gallery, Replay(job, evaluation.model), title)


def job_of(options: argparse.Namespace) -> Job:
    settings = dict.fromkeys(
        CascadeForward(
            steps=n,
            adaptive=options.adaptive,
            cf_clicks=None if options.every_click else options.cf_clicks,
            best_pass=options.best_pass,
            min_change_ratio=options.min_change_ratio,
            close_ups=not options.no_close_up,
        )
        for n in options.steps
    )
    return Job(
        weights=options.weights,
        device=options.device,
        precision=options.precision,
        sources=tuple(options.data),
        settings=tuple(settings),
        protocol=Protocol(
            max_clicks=options.max_clicks,
            target_iou=options.target_iou,
            flip=not options.no_flip,
            zoom=not options.no_zoom,
            size=options.size,
        ),
        min_area=options.min_area,
    )


def _selection(options: argparse.Namespace) -> list[str]:
    """The choice of pictures and objects, a sentence each."""
    sentences = []
    if options.half:
        sentences.append(f"Only pictures whose name has an {options.half} CRC-32.")
    if options.limit:
        sentences.append(f"At most {options.limit} pictures a data set, spread evenly.")
    if options.min_area:
        sentences.append(f"Without objects below {options.min_area:g} of the picture.")
    return sentences
