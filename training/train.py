"""Train a network: the same as `cfr-icl train`."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
