"""Train the head that predicts further masks for a first click: what `cfr-icl hypotheses` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["hypotheses", *sys.argv[1:]]))
