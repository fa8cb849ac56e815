"""Train a network: what `cfr-icl train` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
