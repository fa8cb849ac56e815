"""Calibrate the probabilities of a model: what `cfr-icl calibrate` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["calibrate", *sys.argv[1:]]))
