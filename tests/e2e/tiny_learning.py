"""Runs `cfr-icl learn` for the smallest network, in seconds: python -m tests.e2e.tiny_learning HOLD learn ...

While the file HOLD exists it learns slowly. Its priority is not lowered: busy machines would hardly run it.
"""

import os
import sys
import time
from pathlib import Path

from cfr_icl.cli.main import main
from cfr_icl.learning import learn
from cfr_icl.learning.feature_pool import FeaturePool
from cfr_icl.models.registry import ARCHITECTURES
from tests.learning.tiny import ARCHITECTURE, FROM_NOTHING


def run(hold: Path, arguments: list[str]) -> int:
    os.nice = lambda by: 0
    ARCHITECTURES["tiny"] = ARCHITECTURE
    learn.config_for = lambda model: FROM_NOTHING
    learn.SHARES = (1.0,)
    draw = FeaturePool.draw

    def slowly(*given):
        if hold.exists():
            time.sleep(0.2)
        return draw(*given)

    FeaturePool.draw = slowly
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
