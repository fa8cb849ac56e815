"""Count the clicks that a model needs: the published protocol over one or several data sets.

    python training/evaluate.py --weights embedded --data folder=PATH --steps 0,1,4 --json FILE

Finished objects go to FILE.objects.jsonl at once; the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import multiprocessing
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from cfr_icl import CascadeForward, Click, InteractiveModel, load_model
from cfr_icl.data.registry import DATASETS, open_dataset
from cfr_icl.evaluation import Protocol, Result, evaluate_object, object_area, setting_name, summarise
from cfr_icl.report import markdown_table, save_gallery, save_plots, worst

PROGRESS_SECONDS = 10


@dataclass(frozen=True)
class Source:
    """A data set as the command line names it: NAME=PATH or NAME:SPLIT=PATH."""

    name: str
    path: str
    split: str | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        key, equals, path = text.partition("=")
        name, _, split = key.partition(":")
        if not equals or not path or name not in DATASETS:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not NAME=PATH or NAME:SPLIT=PATH with NAME one of {', '.join(DATASETS)}."
            )
        return cls(name, path, split or None)

    @property
    def label(self) -> str:
        """The name in tables: plain folders go by the last two parts of their path."""
        name = "-".join(Path(self.path).parts[-2:]) if self.name == "folder" else self.name
        return f"{name}-{self.split}" if self.split else name

    def open(self):
        return open_dataset(self.name, self.path, **({"split": self.split} if self.split else {}))


@dataclass(frozen=True)
class Job:
    """Everything that a worker process must know."""

    weights: str
    device: str
    precision: str
    sources: tuple[Source, ...]
    settings: tuple[CascadeForward, ...]
    protocol: Protocol
    min_area: float


@dataclass(frozen=True)
class Unit:
    """A picture to evaluate; `done` holds (object id, setting) of what an earlier run finished."""

    source: int
    index: int
    done: frozenset[tuple[int, str]]


class Worker:
    """Answers pictures one after the other."""

    def __init__(self, job: Job, model: InteractiveModel | None = None) -> None:
        model = model or load_model(job.weights, job.device, job.precision)
        self.job = job
        self.datasets = [source.open() for source in job.sources]
        self.segmenters = [job.protocol.segmenter(model, source.name) for source in job.sources]

    def __call__(self, unit: Unit) -> Iterator[Result]:
        """The results of a picture's objects that are large enough and not done yet."""
        sample = self.datasets[unit.source][unit.index]
        for object_id, truth in enumerate(sample.truths):
            if object_area(truth) < self.job.min_area or not (truth == 1).any():
                continue
            yield from evaluate_object(
                self.segmenters[unit.source],
                sample.image,
                truth,
                [s for s in self.job.settings if (object_id, setting_name(s)) not in unit.done],
                self.job.protocol,
                data=self.job.sources[unit.source].label,
                picture=sample.name,
                object_id=object_id,
            )


class ResultLog:
    """Finished results, a line each, behind a first line that says what they are results of.

    Raises:
        ValueError: when the file holds results of other weights or another protocol.
    """

    def __init__(self, path: Path, identity: dict) -> None:
        self.path = path
        self.results: list[Result] = []
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        complete = lines[:-1]
        if complete and json.loads(complete[0]) != identity:
            raise ValueError(
                f"{path} holds results of other weights or another protocol; "
                "choose another --json, or remove that file to start anew."
            )
        self.results = [Result(**json.loads(line)) for line in complete[1:]]
        # Written anew without a last line that a kill cut short.
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join(complete or [json.dumps(identity)]) + "\n"
        _replace(path, text)

    def add(self, result: Result) -> None:
        self.results.append(result)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dataclasses.asdict(result)) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(arguments)
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
    job = Job(
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
    log = options.json.with_suffix(".objects.jsonl")
    report(options, job, *evaluate(job, log, options.half, options.limit, options.workers))


def evaluate(
    job: Job, log: Path, half: str | None = None, limit: int | None = None, workers: int = 1
) -> tuple[InteractiveModel, str, list[Result]]:
    """Evaluate what the log does not hold yet, in this process or in several.

    Returns:
        The network, a digest of its weights, and the results of the chosen pictures in a fixed order.
    """
    model = load_model(job.weights, job.device, job.precision)
    digest = weights_digest(model)
    identity = {
        "digest": digest,
        "model": model.config.to_dict(),
        "precision": str(model.precision),
        "protocol": dataclasses.asdict(job.protocol),
    }
    finished = ResultLog(log, identity)
    done: dict[tuple[str, str], set] = {}
    for r in finished.results:
        done.setdefault((r.data, r.picture), set()).add((r.object_id, r.setting))
    units, chosen = [], set()
    for number, source in enumerate(job.sources):
        names = source.open().names
        for index in select(names, half, limit):
            key = (source.label, names[index])
            chosen.add(key)
            units.append(Unit(number, index, frozenset(done.get(key, ()))))
    with one_thread():
        _run(job, model, units, finished, workers)
    order = {setting_name(s): number for number, s in enumerate(job.settings)}
    results = [
        r
        for r in finished.results
        if r.setting in order and (r.data, r.picture) in chosen and r.area >= job.min_area
    ]
    return model, digest, sorted(results, key=lambda r: (r.data, r.picture, r.object_id, order[r.setting]))


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--weights", default="embedded", help="embedded, a folder, a checkpoint file or a Hub repository")
    add(
        "--data",
        nargs="+",
        required=True,
        type=Source.parse,
        metavar="NAME=PATH",
        help=f"NAME is one of {', '.join(DATASETS)}; NAME:SPLIT=PATH for another split than its validation",
    )
    add("--steps", default="0", type=_numbers, help="CFR steps, a setting each: 0,1,4")
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
    add("--limit", type=int, help="at most so many pictures a data set, spread evenly over it")
    add(
        "--half",
        choices=["even", "odd"],
        help="only pictures whose name, without its extension, has an even or odd CRC-32",
    )
    add("--min-area", type=float, default=0.0, help="leave out objects below this share of the picture")
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
    options = parser.parse_args(arguments)
    labels = [source.label for source in options.data]
    if len(set(labels)) < len(labels):
        parser.error(f"--data names {', '.join(labels)}: each may appear once.")
    return options


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers like 0,1,4.") from None


def select(names: Sequence[str], half: str | None, limit: int | None) -> list[int]:
    """Indices of the pictures to evaluate: one half by CRC-32, then evenly spread over what is left."""
    indices = list(range(len(names)))
    if half:
        indices = [i for i in indices if zlib.crc32(names[i].encode()) % 2 == (half == "odd")]
    if limit and limit < len(indices):
        indices = [indices[i] for i in np.linspace(0, len(indices) - 1, limit).round().astype(int)]
    return indices


def _run(job: Job, model: InteractiveModel, units: Sequence[Unit], log: ResultLog, workers: int) -> None:
    start = shown = time.monotonic()
    for number, results in enumerate(_answers(job, model, units, workers), 1):
        for result in results:
            log.add(result)
        now = time.monotonic()
        if now - shown > PROGRESS_SECONDS or number == len(units):
            shown, each = now, (now - start) / number
            left = each * (len(units) - number) / 60
            print(f"{number}/{len(units)} pictures, {each:.1f} s each, {left:.0f} min left", file=sys.stderr)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums depend on how threads share them: with one, results are those of any number of workers."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _answers(
    job: Job, model: InteractiveModel, units: Sequence[Unit], workers: int
) -> Iterator[Iterable[Result]]:
    if workers == 1:
        yield from map(Worker(job, model), units)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(job,)) as pool:
        yield from pool.map(_work, units)


def _start_worker(job: Job) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    global _worker
    _worker = Worker(job)


def _work(unit: Unit) -> list[Result]:
    return list(_worker(unit))


def report(
    options: argparse.Namespace,
    job: Job,
    model: InteractiveModel,
    digest: str,
    results: list[Result],
) -> None:
    """Print the table and what deviates; write the JSON, the plots and the gallery."""
    table = {}
    for source in job.sources:
        for setting in map(setting_name, job.settings):
            own = [r for r in results if (r.data, r.setting) == (source.label, setting)]
            if own:
                table.setdefault(source.label, {})[setting] = summarise(own, job.protocol)
    if not table:
        sys.exit("No object was evaluated: the chosen pictures hold none that is large enough.")
    deviations = [*job.protocol.deviations(job.settings, model.config.zoom), *_selection(options)]
    print(markdown_table(table))
    print("\nDeviations from the published protocol:" if deviations else "\nPublished protocol.")
    for sentence in deviations:
        print(f"- {sentence}")
    found = {
        "weights": options.weights,
        "digest": digest,
        "model": model.config.to_dict(),
        "protocol": dataclasses.asdict(job.protocol),
        "deviations": deviations,
        "device": str(next(model.parameters()).device),
        "precision": str(model.precision),
        "workers": options.workers,
        "torch": torch.__version__,
        "metrics": {d: {s: dataclasses.asdict(m) for s, m in own.items()} for d, own in table.items()},
    }
    _replace(options.json, json.dumps(found, indent=2) + "\n")
    if options.plots:
        save_plots(results, options.plots, job.protocol)
    if options.gallery:
        title = f"Worst cases of {options.weights}"
        with one_thread():
            save_gallery(worst(results, options.worst), options.gallery, Replay(job, model), title)


def _selection(options: argparse.Namespace) -> list[str]:
    sentences = []
    if options.half:
        sentences.append(f"Only pictures whose name has an {options.half} CRC-32.")
    if options.limit:
        sentences.append(f"At most {options.limit} pictures a data set, spread evenly.")
    if options.min_area:
        sentences.append(f"Without objects below {options.min_area:g} of the picture.")
    return sentences


class Replay:
    """A session's picture, truth and last mask, answered once more from its clicks."""

    def __init__(self, job: Job, model: InteractiveModel) -> None:
        self.worker = Worker(job, model)
        self.labels = [source.label for source in job.sources]
        self.settings = {setting_name(s): s for s in job.settings}

    def __call__(self, result: Result) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        number = self.labels.index(result.data)
        dataset, segmenter = self.worker.datasets[number], self.worker.segmenters[number]
        sample = dataset[list(dataset.names).index(result.picture)]
        segmenter.set_image(sample.image)
        clicks = [Click(x, y, bool(positive)) for x, y, positive in result.clicks]
        mask = segmenter.predict(clicks, cfr=self.settings[result.setting]).mask
        return sample.image, sample.truths[result.object_id], mask


def weights_digest(model: InteractiveModel) -> str:
    """A short name for exactly these weights."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _replace(path: Path, text: str) -> None:
    """Write a file so that it is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
