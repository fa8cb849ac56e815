"""Pictures with one mask each, in two folders: GrabCut, Berkeley, DAVIS, COCO_MVal and DUTS."""

from __future__ import annotations

from pathlib import Path

from cfr_icl.data.files import matching_files, object_gt_mask, picture_files, read_rgb, require
from cfr_icl.data.samples import Sample


class PairDataset:
    """A folder of pictures and a folder of masks of the same names; one object a picture.

    Args:
        root: folder of the data set.
        images, masks: names of the two folders in it.
        above: mask values, 0 to 255, above this one are the object.
        unknown: mask value of ignored pixels; None without any.

    Raises:
        FileNotFoundError: when a folder or a picture's mask is missing.
    """

    def __init__(
        self, root: str | Path, images: str, masks: str, above: int, unknown: int | None = None
    ) -> None:
        root = Path(root)
        self.above, self.unknown = above, unknown
        require(root, images, masks)
        self.pictures = picture_files(root / images)
        self.names = [path.stem for path in self.pictures]
        self.masks = matching_files(self.names, root / masks)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image = read_rgb(self.pictures[index])
        # some masks are coloured: the brightest channel counts
        values = read_rgb(self.masks[index], like=image).max(axis=2)
        return Sample(self.names[index], image, [object_gt_mask(values > self.above, values == self.unknown)])


def grabcut(root: str | Path) -> PairDataset:
    """GrabCut as published with f-BRS: data_GT/NAME.jpg or .bmp, boundary_GT/NAME.bmp with 128 unknown."""
    return PairDataset(root, "data_GT", "boundary_GT", above=128, unknown=128)


def berkeley(root: str | Path) -> PairDataset:
    """Berkeley as published with f-BRS: images/NAME.jpg, masks/NAME.png."""
    return PairDataset(root, "images", "masks", above=128, unknown=128)


def davis(root: str | Path) -> PairDataset:
    """The 345 DAVIS frames published with f-BRS: img/NAME.jpg, gt/NAME.png, any colour is the object."""
    return PairDataset(root, "img", "gt", above=0)


def coco_mval(root: str | Path) -> PairDataset:
    """COCO_MVal as published with f-BRS: img/NAME.jpg, gt/NAME.png."""
    return PairDataset(root, "img", "gt", above=0)


def duts(root: str | Path) -> PairDataset:
    """DUTS and sets like it: X-Image/NAME.jpg and X-Mask/NAME.png, for example DUTS-TE-Image."""
    images = sorted(path.name for path in Path(root).glob("*-Image"))
    if len(images) != 1:
        raise FileNotFoundError(
            f"{root} holds {len(images)} folders X-Image; expected is one pair X-Image and X-Mask."
        )
    return PairDataset(root, images[0], images[0].removesuffix("Image") + "Mask", above=127)
