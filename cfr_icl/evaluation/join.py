"""Join the logs of an evaluation's shards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cfr_icl.files import write_atomically


def join_logs(logs: Sequence[Path], out: Path) -> int:
    """Write the results of several logs (`ResultLog`) to `out`, each result once; return their number.

    Raises:
        ValueError: when a file is no log, or holds results of other weights or another protocol.
    """
    identity, results = None, {}
    for log in logs:
        try:
            first, *lines = log.read_text(encoding="utf-8").split("\n")[:-1]
            header = json.loads(first)
            header["digest"]
            for line in lines:
                result = json.loads(line)
                names = ("data", "picture", "object_id", "setting")
                key = (*(result[name] for name in names), result.get("scene", ""))
                results[key] = line
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{log} does not hold the results of an evaluation.") from error
        if identity not in (None, header):
            raise ValueError(f"{log} holds results of other weights or another protocol than {logs[0]}.")
        identity = header
    write_atomically(out, "\n".join([json.dumps(identity), *results.values()]) + "\n")
    return len(results)
