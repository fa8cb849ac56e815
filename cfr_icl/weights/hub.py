"""Models from the Hugging Face Hub: hf://owner/name or hf://owner/name@revision."""

from __future__ import annotations

import re
import time
from pathlib import Path

from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

SCHEME = "hf://"
PAUSES = (1, 2)
"""Seconds between the tries to connect to the Hub; huggingface_hub's own would take 24 in all."""


def download(reference: str, file: str) -> Path:
    """Download a file of a model repository, or find it in the cache.

    An interrupted download is resumed. Without a connection, files in the cache are used.

    Args:
        reference: "hf://owner/name" or "hf://owner/name@revision".
        file: its path in the repository.

    Raises:
        ValueError: for a malformed reference, or a repository without such a file.
        FileNotFoundError: for a repository or revision that does not exist or is private.
        PermissionError: for a gated repository.
        ConnectionError: for a failed download.
    """
    repository, revision = parse(reference)
    cached = isinstance(try_to_load_from_cache(repository, file, revision=revision), str)
    try:
        reached = cached or _reaches_hub(hf_hub_url(repository, file, revision=revision))
        return Path(hf_hub_download(repository, file, revision=revision, local_files_only=not reached))
    except GatedRepoError as error:
        raise PermissionError(
            f"{repository} is gated: accept its conditions at https://huggingface.co/{repository} and log in "
            "with `hf auth login`."
        ) from error
    except RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"The Hugging Face Hub has no model {repository}, or it is private; check the name, or log in "
            "with `hf auth login`."
        ) from error
    except RevisionNotFoundError as error:
        raise FileNotFoundError(f"{repository} has no revision {revision!r}.") from error
    except LocalEntryNotFoundError as error:
        raise ConnectionError(
            f"{repository} is not in the cache and the Hugging Face Hub cannot be reached; load it once with "
            "a connection, or name a folder or a .safetensors file."
        ) from error
    except EntryNotFoundError as error:
        raise ValueError(
            f"{repository} holds no {file}, so it is not a model of this package; expected config.json and "
            "model.safetensors."
        ) from error
    except Exception as error:  # the HTTP and Xet clients raise errors of their own, others in each version
        raise ConnectionError(f"{repository} could not be downloaded ({error}); try again.") from error


def download_optional(reference: str, file: str) -> Path | None:
    """Like `download`; None if the repository, or the cache without a connection, has no such file."""
    repository, revision = parse(reference)
    cached = try_to_load_from_cache(repository, file, revision=revision)
    if isinstance(cached, str):
        return Path(cached)
    if cached is not None:  # the cache has recorded that the file does not exist
        return None
    try:
        return download(reference, file)
    except (ValueError, ConnectionError):
        return None


def _reaches_hub(url: str) -> bool:
    """Whether a connection to the Hub can be made; any answer, also an error or none in time, is one."""
    for pause in (*PAUSES, None):
        try:
            get_hf_file_metadata(url)
        except Exception as error:
            # of httpx, or of httpx2 since huggingface_hub 2
            if type(error).__name__ not in ("ConnectError", "ConnectTimeout"):
                return True
        else:
            return True
        if pause is not None:
            time.sleep(pause)
    return False


def parse(reference: str) -> tuple[str, str | None]:
    """(owner/name, revision or None) of a reference; raises ValueError when it is malformed."""
    match = re.fullmatch(SCHEME + r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", reference)
    if not match:
        raise ValueError(
            f"{reference!r} is no model on the Hub; expected hf://owner/name or hf://owner/name@revision."
        )
    return match[1], match[2]
