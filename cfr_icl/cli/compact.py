"""Options and loading for the commands that train a head or a branch of a compact network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cfr_icl.cli.values import output_folder

if TYPE_CHECKING:
    from cfr_icl.learning.branch_training import Task
    from cfr_icl.models.branch import Branch
    from cfr_icl.models.compact import CompactNet


def add_head_arguments(parser: argparse.ArgumentParser, needed: str) -> None:
    """Add the options of all these commands.

    Args:
        needed: what the config must hold, for the help.
    """
    add = parser.add_argument
    add("--weights", default="embedded", help="a compact network, as for load_model (default: embedded)")
    add("--config", type=Path, required=True, help=f"a YAML file with {needed}")
    add("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes to the config")
    add("--out", type=output_folder, required=True, help="folder for the network with its new head")
    add("--dtype", choices=("float32", "float16"), default="float32", help="of the file (default: float32)")


def load_compact(source: str) -> tuple[CompactNet, CompactNet]:
    """Load a compact network in float32, to add heads to, and once more in the precision of its answers.

    Raises:
        ValueError: for a learnt model, and for networks of other families.
    """
    from cfr_icl import load_model
    from cfr_icl.models.compact import CompactNet
    from cfr_icl.weights.learnt import refuse_learnt

    refuse_learnt(source)
    network = load_model(source, "cpu", "float32", trainable=True)
    if not isinstance(network, CompactNet):
        raise ValueError("Only compact networks have such a head.")
    answering = load_model(source, "cpu", network.config.reduced_precision or "float32", engine="torch")
    assert isinstance(answering, CompactNet)
    return network, answering


def train_branch(options: argparse.Namespace, task: Task, network: CompactNet, branch: Branch) -> Branch:
    """Train a branch of `network` by the config of the options; a run that was stopped goes on."""
    from cfr_icl.learning.branch_training import train
    from cfr_icl.learning.settings import read_settings

    settings = read_settings(options.config, options.set)
    branch.requires_grad_(True)
    return train(task, network, branch, settings, options.out / "checkpoint.pt")
