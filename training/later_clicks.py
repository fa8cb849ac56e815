"""Train a compact network's own branch on later clicks: what `cfr-icl later-clicks` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["later-clicks", *sys.argv[1:]]))
