"""Publish a model folder on the Hugging Face Hub, with a model card.

cfr-icl publish FOLDER OWNER/NAME --license apache-2.0
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", type=Path, help="holds config.json and model.safetensors")
    add("repository", metavar="OWNER/NAME", help="the repository; it is created if there is none")
    add("--license", required=True, help="of the weights, such as apache-2.0 or cc-by-nc-4.0")
    add("--base-model", help="repository of the weights from which these were made")
    add("--data", nargs="*", default=[], help="names of the training data, for the card")
    add("--evaluation", type=Path, metavar="FILE.json", help="JSON file of `cfr-icl evaluate`, for the card")
    add("--private", action="store_true", help="create the repository for its owner alone")


def run(options: argparse.Namespace) -> None:
    from cfr_icl.weights.publish import Publication, publish

    print(publish(Publication(**{entry.name: getattr(options, entry.name) for entry in fields(Publication)})))
