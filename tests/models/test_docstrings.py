"""The examples in the docstrings of the networks run."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["compact", "plain_vit", "hrnet"])
def test_the_examples_run(name):
    failed, tried = doctest.testmod(importlib.import_module(f"cfr_icl.models.{name}"))
    assert failed == 0 and tried > 0
