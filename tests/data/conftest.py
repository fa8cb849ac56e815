"""Pictures, a network and a config for runs that take seconds."""

from tests.small_runs import data, tiny, write_config  # noqa: F401
