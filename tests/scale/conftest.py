"""Pictures for evaluations that take seconds."""

from tests.small_runs import data  # noqa: F401
