"""Train the branch of a compact network that answers first prompts, a click or a box; the network stays.

Windows of training pictures are encoded one after the other; in each step objects of some of them are
clicked on or boxed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cfr_icl.data.samples import Dataset
from cfr_icl.learning import first_clicks
from cfr_icl.learning.branch_training import BranchTraining
from cfr_icl.learning.first_prompts import EncodedWindow, loss
from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch
from cfr_icl.models.compact import CompactNet

HELD, USES = 240, 2.0
"""Windows in memory, and how often one is drawn in the mean."""
OBJECTS = 10
"""Most objects that are kept of a window."""


def train(
    network: CompactNet,
    branch: Branch,
    datasets: Sequence[Dataset],
    settings: Settings,
    checkpoint: Path,
) -> Branch:
    """Train the branch; see `BranchTraining.run`.

    Args:
        network: whose features the branch sees, in the precision in which it answers.
        branch: to begin with.
        datasets: those of `settings.data`.
        checkpoint: file of the state, from which a run goes on.

    Returns:
        The moving average of its weights.
    """
    training = BranchTraining(branch, loss, settings, HELD, USES)
    return training.run(partial(_windows, network, datasets, settings), checkpoint)


def _windows(
    network: CompactNet, datasets: Sequence[Dataset], settings: Settings, rng: np.random.Generator
) -> Iterator[EncodedWindow]:
    """Endless windows of the mixture."""
    weights = [each.weight for each in settings.data]
    for _, image, truths in first_clicks.windows(datasets, weights, settings.augmentation, rng):
        features = first_clicks.encoded(network, image)
        chosen = rng.permutation(len(truths))[:OBJECTS]
        yield EncodedWindow(tuple(x.half() for x in features), truths[chosen])
