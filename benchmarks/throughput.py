"""Pictures a second of evaluation and training, and the time of their parts.

    python -m benchmarks.throughput [--data FOLDER] [--pictures 8] [--batch 8] [--steps 4] [--threads 2]

Evaluation is the robot user's sessions of CLICKS clicks with CFR 4. Training is the third stage's
configuration (configs/embedded/03-long.yaml) from the embedded weights: the loader's single worker alone,
steps on a loaded batch, and both together. Without --data (a folder of images/ and masks/) pictures of the
parity tests' scenes are written first. Seconds are of wall time.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timm.utils import ModelEmaV3

from benchmarks.measure import table
from benchmarks.pictures import ROOT
from cfr_icl import CascadeForward, InteractiveModel, icl, load_model
from cfr_icl.data.examples import Batch, TrainingExamples, collate
from cfr_icl.data.folder import FolderDataset
from cfr_icl.evaluation import Protocol, evaluate_object
from cfr_icl.learning import initial_states
from cfr_icl.learning.settings import Settings, read_settings
from tests.parity.recipe import scene

CLICKS = 5
CONFIG = ROOT / "training" / "configs" / "embedded" / "03-long.yaml"
SCENES, SCENE_SIZE = 24, (300, 400)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder of images/ and masks/")
    parser.add_argument("--pictures", type=int, default=8, help="pictures to evaluate")
    parser.add_argument("--batch", type=int, default=8, help="examples of a training step")
    parser.add_argument("--steps", type=int, default=4, help="training steps that are timed")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        data = FolderDataset(options.data or written_scenes(Path(folder)))
        for rows in evaluation(data, options.pictures):
            print(table(rows), end="\n\n", flush=True)
        for rows in training(data, options.batch, options.steps):
            print(table(rows), end="\n\n", flush=True)


class Stopwatch:
    """Seconds by the name of the part that they were spent in."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, name: str, function: Callable) -> Callable:
        """The function, with its time counted."""

        def run(*arguments):
            start = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.seconds[name] += time.perf_counter() - start

        return run

    def rows(self, title: str, whole: float, count: int) -> list[dict[str, str]]:
        """A line for each part, what lies between them, and all, which was done `count` times."""
        rest = whole - sum(self.seconds.values())
        return [
            {title: name, "ms": f"{1000 * value / count:.0f}", "share": f"{value / whole:.0%}"}
            for name, value in {**self.seconds, "everything else": rest, "all": whole}.items()
        ]


def evaluation(data: FolderDataset, count: int) -> Iterator[list[dict[str, str]]]:
    """The robot user on the largest object of each picture; pictures a second, then a click's parts."""
    model, watch = load_model("embedded", "cpu"), Stopwatch()
    model.encode = watch.timed("encoder", model.encode)
    model.decode = watch.timed("decoder", model.decode)
    protocol = Protocol(max_clicks=CLICKS, target_iou=1.0, widen=True)
    segmenter = protocol.segmenter(model)
    samples = [data[number % len(data)] for number in range(count + 1)]
    for number, sample in enumerate(samples):
        if number == 1:  # the first picture warms everything up
            watch.seconds.clear()
            clicks, answering, start = 0, 0.0, time.perf_counter()
        gt_mask = max(sample.gt_masks, key=lambda gt_mask: np.count_nonzero(gt_mask == 1))
        session = {"data": "", "picture": sample.name, "object_id": 0}
        (result,) = evaluate_object(segmenter, sample.image, gt_mask, [CascadeForward()], protocol, **session)
        if number:
            clicks += len(result.clicks)
            answering += sum(result.seconds)
    whole = time.perf_counter() - start
    watch.seconds["windows and maps of the picture"] = answering - sum(watch.seconds.values())
    yield [{"pictures a second": f"{count / whole:.2f}", "clicks a second": f"{clicks / whole:.2f}"}]
    yield watch.rows("a click of the evaluation, robot and measures in what is else", whole, clicks)


def training(data: FolderDataset, batch: int, steps: int) -> Iterator[list[dict[str, str]]]:
    """Examples a second of loader, step and both; then what a step's time goes into."""
    settings = read_settings(CONFIG, [f"batch_size={batch}"])
    trainer = Trainer(settings)
    loading = batches(settings, data)
    ready = next(loading)  # its worker has started
    loader = examples_a_second(batch, lambda: next(loading), steps)
    trainer.step(ready)
    trainer.watch.seconds.clear()
    start = time.perf_counter()
    step = examples_a_second(batch, lambda: trainer.step(ready), steps)
    parts = trainer.watch.rows("a training step", time.perf_counter() - start, steps)
    waiting = Stopwatch()
    take = waiting.timed("loader", lambda: next(loading))
    start = time.perf_counter()
    both = examples_a_second(batch, lambda: trainer.step(take()), steps)
    waited = waiting.seconds["loader"] / (time.perf_counter() - start)
    verdict = "the step is the limit" if loader > step else "the loader is the limit"
    yield [
        {"training": "loader alone, one worker", "examples a second": f"{loader:.1f}", "": ""},
        {"training": "step alone", "examples a second": f"{step:.1f}", "": verdict},
        {
            "training": "both",
            "examples a second": f"{both:.1f}",
            "": f"{waited:.0%} of the time waits for the loader",
        },
    ]
    yield parts


def examples_a_second(batch: int, function: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        function()
    return batch * times / (time.perf_counter() - start)


def batches(settings: Settings, data: FolderDataset) -> Iterator[Batch]:
    """Batches of one worker process that reads no further ahead than it must."""
    examples = TrainingExamples([data], [1], settings.augmentation, settings.suem, settings.seed)
    loader = torch.utils.data.DataLoader(
        examples,
        settings.batch_size,
        sampler=range(1_000_000),
        num_workers=1,
        prefetch_factor=1,
        collate_fn=collate,
    )
    return iter(loader)


class Trainer:
    """Training steps of the compact network, each part of them timed."""

    def __init__(self, settings: Settings) -> None:
        self.watch = Stopwatch()
        self.model = load_model("embedded", "cpu", trainable=True).to(memory_format=torch.channels_last)
        for name, weight in self.model.named_parameters():
            weight.requires_grad_(not name.startswith(settings.model.frozen))
        self.average = ModelEmaV3(self.model)
        self._watch_network(self.model)
        initial_states.add_clicks = icl.add_clicks = self.watch.timed("simulated clicks", icl.add_clicks)
        self.loss = initial_states.TrainingLoss(self.model, settings.icl)
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(trained, lr=1e-6)
        self.numbers = itertools.count()

    def _watch_network(self, model: InteractiveModel) -> None:
        encode = self.watch.timed("encoder, forward", model.encode)

        def encode_and_mark(image: torch.Tensor):
            features = encode(image)
            for each in features:
                # once the last of them has its gradient, the encoder's own backward begins
                each.register_hook(self._decoder_done)
            return features

        model.encode = encode_and_mark
        model.decode = self.watch.timed("decoder, forward", model.decode)

    def _decoder_done(self, _: torch.Tensor) -> None:
        self.reached = time.perf_counter()

    def step(self, batch: Batch) -> None:
        """One step as training/train.py takes it; the same clicks are simulated in every run."""
        self.model.train()
        for module in self.model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()
        rng = np.random.default_rng(next(self.numbers))
        value, _ = self.loss(
            batch.image.float() / 255, batch.gt_mask.float(), batch.clicks, rng, batch.picture_indices
        )
        start = time.perf_counter()
        value.backward()
        end = time.perf_counter()
        self.watch.seconds["decoder, backward"] += self.reached - start
        self.watch.seconds["encoder, backward"] += end - self.reached
        self.watch.timed("optimiser and weight average", self._update)()

    def _update(self) -> None:
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update(self.model)


def written_scenes(root: Path) -> Path:
    """A folder data set of scenes, as JPEG pictures with PNG masks."""
    for name in ("images", "masks"):
        (root / name).mkdir()
    for seed in range(SCENES):
        image, mask = scene(seed, *SCENE_SIZE)
        Image.fromarray(image).save(root / "images" / f"{seed}.jpg", quality=90)
        Image.fromarray(mask.astype(np.uint8)).save(root / "masks" / f"{seed}.png")
    return root


if __name__ == "__main__":
    main()
