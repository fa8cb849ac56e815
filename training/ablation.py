"""Train and evaluate with and without each idea: what `cfr-icl ablation` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["ablation", *sys.argv[1:]]))
