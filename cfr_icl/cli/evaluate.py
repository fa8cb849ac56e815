"""Count the clicks that a model needs: the robot user's sessions over one or several data sets.

    cfr-icl evaluate --weights embedded --data folder=PATH --published --steps 0,1,4 --json FILE

With --published, CFR and zoom-in are those of the paper; without it, those of the page.

Finished objects are logged at once: with --json scores.json in scores.objects.jsonl. The same command resumes
a stopped run. With --shard I/N it evaluates one of N shares of the pictures; `cfr-icl join` joins the logs.
"""

from __future__ import annotations

import argparse
import sys

from cfr_icl.cli.options import (
    WEIGHTS,
    absolute_weights,
    add_cfr,
    add_device,
    add_engine,
    add_pictures,
    add_shard,
    cfr_setting,
    cluster_actors,
    widens,
)
from cfr_icl.cli.values import count_up_to, output_file, output_folder
from cfr_icl.data.source import told_apart
from cfr_icl.evaluation.gallery import Replay, save_gallery, worst
from cfr_icl.evaluation.job import Job
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.report import markdown_table, save_plots
from cfr_icl.evaluation.run import evaluate, one_thread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--weights", default="embedded", help=f"{WEIGHTS} (default: embedded)")
    add_pictures(parser, min_area=0.0)
    add("--max-clicks", type=int, default=20, help="most clicks of a session (default: 20)")
    add("--target-iou", type=float, default=0.95, help="IoU at which a session ends (default: 0.95)")
    add("--no-flip", action="store_true", help="do not average over the mirror image")
    add("--no-zoom", action="store_true", help="hold the zoom-in fixed at the whole picture")
    add(
        "--size",
        type=count_up_to(10_000, least=32),
        help="the network's input in pixels (default: the model's)",
    )
    add_device(parser)
    add(
        "--precision",
        default="float32",
        help="float32, float16, bfloat16, or auto for this machine's (default: float32)",
    )
    add(
        "--workers",
        type=count_up_to(10_000),
        default=1,
        metavar="N",
        help="processes, one thread each (default: 1)",
    )
    add_shard(parser)
    add_engine(parser)
    add("--json", type=output_file, required=True, help="file for the metrics; the log lies beside it")
    add(
        "--plots",
        type=output_folder,
        metavar="DIR",
        help="IoU against clicks and the distribution of clicks",
    )
    add(
        "--gallery",
        type=output_file,
        metavar="FILE",
        help="an HTML page of the worst cases with their clicks",
    )
    add("--worst", type=count_up_to(10_000), default=24, help="cases in the gallery (default: 24)")
    add_cfr(parser, several_steps=True)


def run(options: argparse.Namespace) -> None:
    """Evaluate; print the table and the deviations, and write the JSON file, the plots and the gallery."""
    job = job_of(options)
    actors = cluster_actors(options) if options.engine == "ray" else None
    if actors:
        job = job.absolute(absolute_weights(options))
    log = options.shard.file(options.json.with_suffix(".objects.jsonl"))
    evaluation = evaluate(job, log, options.half, options.limit, options.workers, options.shard, actors)
    table = evaluation.table()
    if not table:
        raise ValueError(
            "No object was evaluated: the chosen pictures have none that is large enough; in label maps 0 is "
            "the background and 255 is ignored."
        )
    if unchecked := sum(not result.scene for result in evaluation.results):
        print(
            f"{unchecked} results of {log} are of a version without checksums of pictures and masks: "
            "they were found by the pictures' names alone.",
            file=sys.stderr,
        )
    deviations = [*evaluation.deviations(), *_selection(options)]
    print(markdown_table(table))
    print("\nDeviations from the published protocol:" if deviations else "\nPublished protocol.")
    for sentence in deviations:
        print(f"- {sentence}")
    evaluation.write(options.shard.file(options.json), deviations=deviations, workers=options.workers)
    if options.plots:
        save_plots(evaluation.results, options.plots, job.protocol)
    if options.gallery:
        title = f"Worst cases of {options.weights}"
        with one_thread():
            cases = worst(evaluation.results, options.worst)
            save_gallery(cases, options.gallery, Replay(job, evaluation.model), title)


def job_of(options: argparse.Namespace) -> Job:
    """The evaluation job of a command line."""
    settings = dict.fromkeys(cfr_setting(options, steps) for steps in options.steps)
    return Job(
        weights=options.weights,
        device=options.device,
        precision=options.precision,
        sources=told_apart(options.data),
        settings=tuple(settings),
        protocol=Protocol(
            max_clicks=options.max_clicks,
            target_iou=options.target_iou,
            flip=not options.no_flip,
            zoom=not options.no_zoom,
            widen=widens(options),
            exact=options.published,
            size=options.size,
        ),
        min_area=options.min_area,
    )


def _selection(options: argparse.Namespace) -> list[str]:
    """The choice of pictures and objects, one sentence each."""
    sentences = []
    if options.half:
        sentences.append(f"Only pictures whose name has an {options.half} CRC-32.")
    if options.limit:
        sentences.append(f"At most {options.limit} pictures a data set, spread evenly.")
    if options.shard.count > 1:
        sentences.append(f"Only share {options.shard} of the pictures.")
    if options.min_area:
        sentences.append(f"Without objects below {options.min_area:g} of the picture.")
    return sentences
