"""Memory of a session while clicks are added to one object and undone again.

    python -m benchmarks.memory [--megapixels 2] [--clicks 100] [--steps 4]
    python -m benchmarks.memory --weights embedded [learnt ...]

All CFR steps are taken, which is the worst case. A network that compares colours replaces the embedded one:
its windows and passes have the same size, its features a third of it. Tensors and masks are those that
Python's garbage collector knows; the process is measured by the system.

With --weights: the process after each of these models was loaded, as in the menu of a page, and after a click
and a box with each on the picture. A learnt model predicts with both of its networks.
"""

from __future__ import annotations

import argparse
import gc

import numpy as np
import psutil
import torch

from benchmarks.measure import table
from benchmarks.pictures import example
from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.session.session import Session
from cfr_icl.models.learnt import LearntModel
from cfr_icl.rectangle import Rectangle
from cfr_icl.weights.loading import EMBEDDED, read_config
from cfr_icl.weights.names import CONFIG_NAME
from tests.stand_in import ColourModel

SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 300, 400, 500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=2)
    parser.add_argument("--clicks", type=int, default=100)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--weights", nargs="+", help="models to load in place of the session")
    options = parser.parse_args()
    picture = example(megapixels=options.megapixels)
    if options.weights:
        print(table(of_models(options.weights, picture)))
        return
    before = psutil.Process().memory_info().rss
    size = read_config(EMBEDDED / CONFIG_NAME, "embedded").zoom.size
    session = Session(Segmenter(ColourModel(size)), CascadeForward(steps=options.steps, adaptive=False))
    session.open(picture, "picture")
    rng = np.random.default_rng(0)
    height, width = session.size
    rows = []
    for number in range(1, options.clicks + 1):
        x, y = rng.random(2) * (width, height)
        session.click(Click(int(x), int(y), number % 3 > 0))
        if number in (*SHOWN, options.clicks):
            rows.append(row(f"{number} clicks", before))
    for _ in range(options.clicks // 2):
        session.undo()
    rows.append(row(f"half of them undone: {len(session.active.clicks)}", before))
    session.click(Click(width // 2, height // 2))
    rows.append(row("and one more", before))
    print(table(rows))


def of_models(sources: list[str], picture: np.ndarray) -> list[dict[str, str]]:
    """The memory of the process that no other one shares, in MiB, more than before the first model."""
    before, rows, models = own_memory(), [], []
    for source in sources:
        models.append(load_model(source, "cpu"))
        rows.append({"after": f"{source} was loaded", "MiB": f"{own_memory() - before:.0f}"})
    height, width = picture.shape[:2]
    for source, model in zip(sources, models, strict=True):
        for network in (model.start, model.learnt) if isinstance(model, LearntModel) else (model,):
            segmenter = Segmenter(network)
            segmenter.set_image(picture)
            segmenter.predict([Click(width // 2, height // 2)])
            segmenter.predict([], box=Rectangle(width // 4, height // 4, width // 2, height // 2))
        rows.append({"after": f"{source} predicted", "MiB": f"{own_memory() - before:.0f}"})
    return rows


def own_memory() -> float:
    """In MiB."""
    gc.collect()
    return psutil.Process().memory_full_info().uss / 2**20


def row(name: str, before: int) -> dict[str, str]:
    """Sizes now, in MiB."""
    gc.collect()
    objects = gc.get_objects()  # by type, as asking some of them for their class warns
    tensors = [each for each in objects if issubclass(type(each), torch.Tensor)]
    storages = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in tensors}
    masks = [each for each in objects if type(each) is Mask]
    return {
        "after": name,
        "tensors, MiB": f"{sum(storages.values()) / 2**20:.1f}",
        "masks for undo, MiB": f"{sum(len(mask.counts) for mask in masks) / 2**20:.2f}",
        "process grown by, MiB": f"{(psutil.Process().memory_info().rss - before) / 2**20:.0f}",
    }


if __name__ == "__main__":
    main()
