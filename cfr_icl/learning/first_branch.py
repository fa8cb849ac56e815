"""Train the branch of a compact network that answers first prompts, a click or a box; the network stays.

Windows of training pictures are encoded one after the other; in each step objects of some of them are
clicked on or boxed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cfr_icl.data.samples import Dataset
from cfr_icl.learning import first_clicks
from cfr_icl.learning.branch_training import Task
from cfr_icl.learning.first_prompts import EncodedWindow, loss
from cfr_icl.learning.settings import Settings
from cfr_icl.models.compact import CompactNet

OBJECTS = 10
"""Most objects that are kept of a window."""


def _windows(
    network: CompactNet, datasets: Sequence[Dataset], settings: Settings, rng: np.random.Generator
) -> Iterator[EncodedWindow]:
    """Endless windows of the mixture."""
    weights = [each.weight for each in settings.data]
    for _, image, gt_masks in first_clicks.windows(datasets, weights, settings.augmentation, rng):
        features = first_clicks.encoded(network, image)
        chosen = rng.permutation(len(gt_masks))[:OBJECTS]
        yield EncodedWindow(tuple(x.half() for x in features), gt_masks[chosen])


FIRST_PROMPTS = Task(_windows, loss, held=240, uses=2.0)
