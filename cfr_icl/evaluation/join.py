"""Join the logs of an evaluation's shards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cfr_icl.files import write_atomically


def join_logs(logs: Sequence[Path], out: Path) -> int:
    """Write the results of several logs as one, each result once; returns their number.

    Raises:
        ValueError: when a file is no log, or holds results of other weights or another protocol.
    """
    identity, results = None, {}
    for log in logs:
        try:
            first, *lines = log.read_text(encoding="utf-8").split("\n")[:-1]
            found = json.loads(first)
            found["digest"]
            for line in lines:
                result = json.loads(line)
                key = tuple(result[name] for name in ("data", "picture", "object_id", "setting"))
                results[key] = line
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{log} does not hold the results of an evaluation.") from error
        if identity not in (None, found):
            raise ValueError(f"{log} holds results of other weights or another protocol than {logs[0]}.")
        identity = found
    write_atomically(out, "\n".join([json.dumps(identity), *results.values()]) + "\n")
    return len(results)
