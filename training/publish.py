"""Publish a model folder on the Hugging Face Hub: the same as `cfr-icl publish`."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["publish", *sys.argv[1:]]))
