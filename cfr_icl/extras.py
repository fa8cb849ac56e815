"""Packages that only some uses need, named by the extra of pyproject.toml that installs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(ImportError):
    """A package of an extra is not installed; the message says what to install."""


@contextmanager
def extra(name: str, use: str) -> Iterator[None]:
    """Import optional packages inside: where one is missing, say which extra brings it.

    Args:
        name: the extra in pyproject.toml, such as `app`.
        use: what needs the package, as the start of a sentence: "The page".

    Raises:
        MissingExtraError: for a package that is not installed; not for a module of this package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", __name__.partition(".")[0]):
            raise
        raise MissingExtraError(f"{use} needs {package}: pip install 'cfr-icl[{name}]'.") from error
