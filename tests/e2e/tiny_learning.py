"""Runs `cfr-icl learn` for the smallest network, in seconds: python -m tests.e2e.tiny_learning HOLD learn ...

While the file HOLD exists it learns slowly.
"""

import sys
import time
from pathlib import Path

from cfr_icl.cli.main import main
from cfr_icl.data.augmentation import Augmentation
from cfr_icl.learning import learn
from cfr_icl.learning.adapt import Adaptation
from cfr_icl.learning.adapt_config import AdaptConfig
from cfr_icl.learning.optimiser import OptimiserSettings
from cfr_icl.models.registry import ARCHITECTURES
from tests.learning.tiny import ARCHITECTURE

CONFIG = AdaptConfig(
    augmentation=Augmentation(size=32, whole=0.5, zoomed=0.5, min_pixels=10, objects=2),
    optimiser=OptimiserSettings(lr=0.02, weight_decay=0, warm_up=5),
    batch_size=2,
    pool=3,
    draw_back=0,
    rehearse=0,
    steps=240,
)
"""For a network of random weights."""


def run(hold: Path, arguments: list[str]) -> int:
    ARCHITECTURES["tiny"] = ARCHITECTURE
    learn.config_for = lambda model: CONFIG
    learn.SHARES = (1.0,)
    step = Adaptation._step

    def slowly(*given):
        if hold.exists():
            time.sleep(0.2)
        step(*given)

    Adaptation._step = slowly
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
