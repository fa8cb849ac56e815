"""Train the head that predicts a mask's IoU: what `cfr-icl iou-head` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["iou-head", *sys.argv[1:]]))
