"""Train and evaluate with and without ICL, SUEM and CFR: the same as `cfr-icl ablation`."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["ablation", *sys.argv[1:]]))
