"""The finished pictures of a work folder, from which a model can learn a person's objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.saved.session_files import SESSION_SUFFIX
from cfr_icl.pictures.decoding import MAX_MEGAPIXELS, PictureError


class FinishedPictures:
    """The pictures of a work folder that a person has marked as done, with the masks of their objects.

    Work is read once, when an instance is made; a picture is decoded by `read`.

    Attributes:
        names: of the pictures, in the order of the folder.
        left_out: messages about unusable work.

    Raises:
        ValueError: when the folder of pictures is missing or empty.
    """

    def __init__(self, images: Path, work: Path, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        saved = Folder(images, work, max_megapixels).saved_work()
        self._pictures = [each for each in saved.pictures if each.document.done and each.instances]
        self.names: Sequence[str] = [picture.name for picture in self._pictures]
        self.left_out = saved.left_out

    def __len__(self) -> int:
        return len(self._pictures)

    def read(self, index: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """Decode a picture, uint8 (H, W, 3) RGB, and the masks of its objects, bool (H, W).

        Raises:
            PictureError: when the picture is gone, is damaged, or has another size than its work.
        """
        picture = self._pictures[index]
        pixels = picture.read()
        if pixels.shape[:2] != picture.size:
            raise PictureError("{name} has another size than its work.", name=picture.name)
        return pixels, [instance.mask.pixels for instance in picture.instances]


def is_work_folder(folder: Path) -> bool:
    """Whether a folder holds saved work of this tool."""
    return folder.is_dir() and next(folder.rglob(f"*{SESSION_SUFFIX}"), None) is not None
