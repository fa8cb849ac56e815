"""The file of an evaluation's finished results, from which a stopped run is resumed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from cfr_icl.evaluation.simulation import Result
from cfr_icl.files import write_atomically


class ResultLog:
    """Finished results, one line each; the first line identifies weights and protocol.

    Raises:
        ValueError: when the file holds results of other weights or another protocol, or is damaged.
    """

    def __init__(self, path: Path, identity: dict) -> None:
        self.path = path
        self.results: list[Result]
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        complete = lines[:-1]
        try:
            begun_with = _with_later_settings(json.loads(complete[0])) if complete else identity
            self.results = [Result(**json.loads(line)) for line in complete[1:]]
            self._keys = set(map(_key, self.results))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"{path} does not hold the results of an evaluation; "
                "choose another --json, or remove that file."
            ) from error
        if begun_with != identity:
            raise ValueError(
                f"{path} holds results of other weights or another protocol; "
                "choose another --json, or remove that file to start again."
            )
        # without a last line that is incomplete after a kill
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join(complete or [json.dumps(identity)]) + "\n"
        write_atomically(path, text)

    def finished(self) -> dict[tuple[str, str], list[Result]]:
        """The results by data set and picture."""
        done: dict[tuple[str, str], list[Result]] = {}
        for result in self.results:
            done.setdefault((result.data, result.picture), []).append(result)
        return done

    def add(self, result: Result) -> None:
        """Append a result to the file at once, unless it is there."""
        if _key(result) in self._keys:
            return
        self._keys.add(_key(result))
        self.results.append(result)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dataclasses.asdict(result)) + "\n")


def _key(result: Result) -> tuple[str, str, int, str, str]:
    return result.data, result.picture, result.object_id, result.setting, result.scene


def _with_later_settings(identity: dict) -> dict:
    """Complete the first line of a file from before the setting `widen` existed, when windows widened."""
    return {**identity, "protocol": {"widen": True, **identity["protocol"]}}
