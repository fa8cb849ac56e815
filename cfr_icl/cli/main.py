"""The command line: `cfr-icl COMMAND`, or `python -m cfr_icl COMMAND`.

Each command is a module of this folder with two functions: `add_arguments(parser)` and `run(options)`.
Only the module of the chosen command is imported, so that each command needs only its own packages, and
this module imports no large one, so that Ctrl+C is answered from the start.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from cfr_icl import __version__
from cfr_icl.extras import MissingExtraError

COMMANDS = {
    "app": "start the page",
    "worker": "run the network for pages in other processes or on other machines",
    "segment": "write the mask of one object in one picture",
    "batch": "write masks for a list of clicks over a folder of pictures",
    "join": "join the results of the shards of a batch or an evaluation",
    "export": "write the work on a folder in another format",
    "fill": "load masks of another tool into a folder of pictures",
    "convert": "convert a published checkpoint into a model folder",
    "evaluate": "count the clicks that a model needs",
    "learn": "learn from finished pictures, so that the next ones take fewer clicks",
    "train": "train a network with ICL and SUEM",
    "pack": "write a data set as WebDataset shards",
    "average": "average the weights of several runs of one network",
    "calibrate": "calibrate a model's probabilities",
    "iou-head": "train a head that predicts the IoU of masks",
    "first-branch": "train a branch that answers first clicks and boxes",
    "later-clicks": "train the branch that answers later clicks",
    "hypotheses": "train a head that predicts further masks for a first click",
    "publish": "publish a model folder on the Hugging Face Hub",
    "ablation": "train and evaluate with and without ICL, SUEM and CFR",
}
"""Commands with their help texts."""

RESUMED = {"batch", "evaluate", "learn", "train", "pack", "first-branch", "later-clicks", "ablation"}
"""Commands that a later call of the same command resumes."""

INTERRUPTED = 130
"""Exit status after Ctrl+C, as shells have it: 128 and the number of the signal."""

UNPAIRED = (
    "The installed torch and torchvision are not of one kind, such as one for CPUs and one for CUDA; install "
    "both again in one command, from one index."
)
"""The sentence for timm's failing import of torchvision: an operator does not exist (tried on 0.28)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status, 2 for bad input and 130 for Ctrl+C, each with a sentence."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options = parse(arguments)
        return options.run(options) or 0
    except (ValueError, OSError, MissingExtraError) as error:
        print(f"error: {_sentence_of(error)}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        from cfr_icl.prediction import PredictionError

        if "torchvision::" in str(error):
            print(f"error: {UNPAIRED}", file=sys.stderr)
        elif isinstance(error, PredictionError):
            print(f"error: {error}", file=sys.stderr)
        else:
            raise
        return 2
    except KeyboardInterrupt:
        resumes = " The same command resumes." if RESUMED.intersection(arguments[:1]) else ""
        print(f"Stopped.{resumes}", file=sys.stderr)
        return INTERRUPTED


def _sentence_of(error: Exception) -> str:
    """The message of an error; of the operating system's, the reason and the file if it is known."""
    if isinstance(error, OSError) and error.strerror:
        file = error.filename2 or error.filename
        if isinstance(error, FileExistsError):  # raised by `mkdir` alone
            return f"There is a file where a folder is needed: {file}"
        return f"{error.strerror}: {file}" if file else f"{error.strerror}."
    return str(error)


class _Parser(argparse.ArgumentParser):
    """Refuses wrong options in a sentence, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message.rstrip('.')}; see {self.prog} --help\n")


def _with_signed_values(arguments: Sequence[str]) -> list[str]:
    """The arguments with values such as -5,0,40,40 joined to their options, as argparse needs them."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1].startswith("--") and re.match(r"-[\d.]+,", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; `run` of the result is the command's function. Exits on wrong options."""
    parser = _Parser(prog="cfr-icl", description="Click on an object, get its exact mask.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, help in COMMANDS.items():
        if name in arguments[:1]:
            _add(commands, name)
        else:
            commands.add_parser(name, help=help)
    return parser.parse_args(_with_signed_values(arguments))


def _add(commands: argparse._SubParsersAction, name: str) -> None:
    """Add a command with its options, described by the docstring of its module."""
    module = import_module(f"cfr_icl.cli.{name.replace('-', '_')}")
    parser = commands.add_parser(
        name,
        help=COMMANDS[name],
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # `--work` must not be taken for `--workers`
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run, command=name)
