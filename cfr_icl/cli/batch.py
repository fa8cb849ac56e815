"""Write a mask for each object of a list of clicks over a folder of pictures.

    cfr-icl batch clicks.csv --images photos --out masks

A CSV file, as spreadsheets write it, has the columns picture, x, y and optionally positive (1 or 0), object
(a name) and label (a class). In place of a click, or beside it, a row may have a box (left, top, right,
bottom; the pixels on its sides belong to it) or a mask to start from (a file). A JSON file is a list of
objects with these keys; a Parquet file has these columns.

The command checks the list and all pictures before it writes the first mask. It reports unusable rows and
pictures, lists them in failed.csv, leaves them out, and ends with exit status 1. After a stop, the same
command continues. With --shard I/N a process predicts one of N shares of the pictures; `cfr-icl join` joins
the results. With --engine ray a cluster predicts; this process writes all files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfr_icl import Segmenter
from cfr_icl.cli.options import (
    absolute_weights,
    add_cfr,
    add_engine,
    add_megapixels,
    add_shard,
    add_together,
    add_weights,
    cfr_setting,
    cluster_actors,
    new_segmenter,
)
from cfr_icl.scale.cluster import map_on_cluster
from cfr_icl.scale.together import FreeWorker, map_together

if TYPE_CHECKING:
    from cfr_icl.annotate.batch.plan import Batch, PictureTask
    from cfr_icl.annotate.batch.worker import BatchJob, PictureResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from cfr_icl.annotate.batch.plan import FORMATS, MASKS

    add = parser.add_argument
    add("clicks", type=Path, metavar="CLICKS", help="CSV, JSON or Parquet of picture, x, y, positive")
    add("--images", type=Path, required=True, metavar="DIR", help="folder of the pictures")
    add("--masks", type=Path, metavar="DIR", help="folder of masks to start from (default: that of CLICKS)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the output")
    add(
        "--format",
        choices=FORMATS,
        default=MASKS,
        help="a PNG for each object, one COCO file, or a work folder that `cfr-icl app` opens with the same "
        f"--images, as its --work (default: {MASKS})",
    )
    add("--strict", action="store_true", help="stop at the first row or picture that is wrong")
    add_shard(parser)
    add_engine(parser)
    add_together(parser, "predict N pictures at a time")
    add_weights(parser)
    add_megapixels(parser)
    add_cfr(parser)


def run(options: argparse.Namespace) -> int:
    from cfr_icl.annotate.batch.plan import plan
    from cfr_icl.annotate.batch.run import alone, run_batch
    from cfr_icl.annotate.batch.worker import BatchJob, BatchWorker

    batch = plan(
        options.clicks,
        options.images,
        options.out,
        format=options.format,
        masks=options.masks,
        shard=options.shard,
    )
    _report_problems(batch, options.strict)
    segmenter, cfr = new_segmenter(options), cfr_setting(options)
    images, masks = batch.images.resolve(), batch.masks.resolve()
    job = BatchJob(images, masks, batch.format, options.max_megapixels, cfr, batch.labels)

    def predict(tasks: Sequence[PictureTask]) -> Iterable[PictureResult]:
        if options.engine == "ray":
            options.weights = absolute_weights(options)
            return map_on_cluster(partial(new_worker, job, options), tasks, cluster_actors(options))
        if options.together > 1:
            return map_together(workers_together(job, segmenter, options.together), tasks, options.together)
        return map(BatchWorker(job, segmenter), tasks)

    with alone(batch.out, options.shard):
        problems = run_batch(
            batch,
            predict,
            _settings(segmenter, options),
            options.shard,
            strict=options.strict,
            report=lambda sentence: print(sentence, file=sys.stderr),
            on_file=print,
        )
    if problems:
        print(f"Rows, objects and pictures that were left out: {len(problems)}.", file=sys.stderr)
    return 1 if problems else 0


def _report_problems(batch: Batch, strict: bool) -> None:
    """Print the problems of a planned batch; raise ValueError if it cannot or, `strict`, must not be run."""
    from cfr_icl.annotate.pictures.listing import first_names

    problems = batch.problems
    if problems and (strict or not batch.tasks):
        more = f" ({len(problems) - 1} more rows are wrong.)" if len(problems) > 1 else ""
        raise ValueError(f"{problems[0]}{more}")
    for problem in problems:
        print(problem, file=sys.stderr)
    if batch.unread:
        print(f"Columns without a meaning here: {first_names(batch.unread)}.", file=sys.stderr)


def new_worker(job: BatchJob, options: argparse.Namespace) -> Callable[[PictureTask], PictureResult]:
    """A batch's worker with a network of its own, in the process that calls this."""
    from cfr_icl.annotate.batch.worker import BatchWorker

    segmenter = new_segmenter(options)
    if options.together > 1:
        return workers_together(job, segmenter, options.together)
    return BatchWorker(job, segmenter)


def workers_together(
    job: BatchJob, segmenter: Segmenter, count: int
) -> FreeWorker[PictureTask, PictureResult]:
    """`count` workers for as many threads, whose windows the segmenter's network computes together.

    Raises:
        ValueError: for a network whose windows cannot be joined.
    """
    from cfr_icl.annotate.batch.worker import BatchWorker
    from cfr_icl.workers.batching import BatchedNetwork

    BatchedNetwork(segmenter.model, count)
    more = [Segmenter(segmenter.model, zoom=segmenter.zoom) for _ in range(count)]
    return FreeWorker([BatchWorker(job, each) for each in more])


def _settings(segmenter: Segmenter, options: argparse.Namespace) -> dict[str, Any]:
    """The settings that masks depend on, as JSON values."""
    from dataclasses import asdict

    from cfr_icl.models.digest import weights_digest

    return {
        "weights": weights_digest(segmenter.model),
        "precision": str(segmenter.model.precision),
        "zoom": asdict(segmenter.zoom),
        "cfr": cfr_setting(options).to_json(),
    }
