"""Join the results of a batch's or an evaluation's shards.

    cfr-icl join part-1 part-2 part-3 --out masks
    cfr-icl join scores.objects-1-of-2.jsonl scores.objects-2-of-2.jsonl --out scores.objects.jsonl

The first form joins the output folders of `cfr-icl batch --shard I/N`, which may be one folder; it writes
nothing unless all shards are there, finished, and of the same settings. The second form joins the logs of
`cfr-icl evaluate --shard I/N --json scores.json`; the same command without --shard then computes the metrics
from the joined log.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", type=Path, nargs="+", metavar="PART", help="folders, or .jsonl files")
    parser.add_argument("--out", type=Path, required=True, help="the joined folder, or .jsonl file")


def run(options: argparse.Namespace) -> int:
    for part in options.parts:
        if not part.exists():
            raise ValueError(f"There is no part {str(part)!r}.")
    if all(part.is_dir() for part in options.parts):
        from cfr_icl.annotate.batch.join import join

        pictures, problems = join(options.parts, options.out)
        print(f"{pictures} pictures in {options.out}")
        if problems:
            print(f"Rows, objects and pictures that were left out: {len(problems)}.", file=sys.stderr)
        return 1 if problems else 0
    from cfr_icl.evaluation.join import join_logs

    print(f"{join_logs(options.parts, options.out)} results in {options.out}")
    return 0
