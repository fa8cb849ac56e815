"""Optional packages, by the extra in pyproject.toml that installs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(ImportError):
    """A package of an extra is not installed; the message names the command that installs it."""


@contextmanager
def extra(name: str, use: str) -> Iterator[None]:
    """Wrap the import of optional packages; a missing one becomes an error that names the extra.

    Args:
        name: the extra in pyproject.toml, such as `app`.
        use: subject of the error's sentence, the feature that needs the package: "The page".

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
