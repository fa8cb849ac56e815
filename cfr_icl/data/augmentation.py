"""Augmentation of training pictures: windows, colours, and first clicks on their objects."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle
from cfr_icl.robot import random_click
from cfr_icl.suem import Pair


@dataclass(frozen=True)
class Augmentation:
    """Settings for cropping a training window, changing its colours, and placing the first clicks.

    A window is the whole picture (`whole`), a zoom window around the object as in inference (`zoomed`: its
    object box times `zoom`, at least `min_side` picture pixels), or the published random crop (`scale`, then
    padded and cropped to `size`). A zoom window may surround only a part of the object (`partial`), as in
    inference after a prediction that missed the rest.

    Up to `objects` objects of a picture share its window, which lies around the first of them. Other objects
    are used if they fill at least `min_share` of the window.

    Attributes:
        size: side of the training window in pixels of the network's input.
        whole, zoomed: probabilities, 0 to 1, of a whole picture and of a zoom window; else a random crop.
        zoom: range of the ratio of a zoom window's sides to those of the object's box.
        min_side: shortest side of a zoom window in picture pixels, drawn from 0.6 to 1.2 times this value.
        partial: probability that a zoom window surrounds only 0.3 to 0.9 of each side of the object's box.
        scale: range of the factor by which a random crop is enlarged.
        brightness: range of the offset of all channels, as a share of 255.
        contrast: range of the relative change of contrast.
        rgb_shift: largest offset of each channel, in values of 0 to 255.
        colour: probability of changing brightness and contrast, and independently of shifting channels.
        merge: probability that an object is the union of two objects of the picture.
        min_pixels: smallest first object, in pixels of the picture and of the window.
        first_from_error: probability of one first click like the robot user's; else several are sampled.
        max_clicks: most sampled clicks, half of them positive.
        click_decay: ratio of the probability of one more sampled click to that of one fewer.
        objects: most objects of a picture in one window.
        min_share: smallest share of the window, 0 to 1, that objects after the first fill.
    """

    size: int = 448
    whole: float = 0.0
    zoomed: float = 0.0
    zoom: tuple[float, float] = (1.1, 2.0)
    min_side: int = 200
    partial: float = 0.0
    scale: tuple[float, float] = (0.75, 1.40)
    brightness: tuple[float, float] = (-0.25, 0.25)
    contrast: tuple[float, float] = (-0.15, 0.40)
    rgb_shift: int = 10
    colour: float = 0.75
    merge: float = 0.15
    min_pixels: int = 60
    first_from_error: float = 0.5
    max_clicks: int = 24
    click_decay: float = 0.7
    objects: int = 1
    min_share: float = 0.005

    def window(self, gt_mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the training window for an object, int (H, W).

        Returns:
            left, top, right, bottom in picture pixels, float (4,); a random crop may leave the picture.
        """
        height, width = gt_mask.shape
        kind = rng.random()
        if kind < self.whole:
            return np.array([0, 0, width, height], float) + rng.uniform(0, 0.05) * np.array(
                [width, height, -width, -height]
            )
        box = np.array(Rectangle.of_mask(gt_mask == 1), float)
        centre, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        if kind < self.whole + self.zoomed:
            if rng.random() < self.partial:
                part = sides * rng.uniform(0.3, 0.9, 2)
                centre = centre + rng.uniform(-0.5, 0.5, 2) * (sides - part)
                sides = part
            sides = np.maximum(sides * rng.uniform(*self.zoom), self.min_side * rng.uniform(0.6, 1.2))
            centre = centre + rng.uniform(-0.12, 0.12, 2) * sides
        else:
            sides = np.full(2, self.size / rng.uniform(*self.scale))
            low, high = np.minimum(sides / 2, centre), np.maximum([width, height] - sides / 2, centre)
            centre = np.clip(rng.uniform(low, high), centre - sides / 2, centre + sides / 2)
            return np.concatenate([centre - sides / 2, centre + sides / 2])
        window = np.concatenate([centre - sides / 2, centre + sides / 2])
        return np.clip(window, 0, [width, height, width, height])

    def cut(self, image: np.ndarray, gt_mask: np.ndarray, rng: np.random.Generator) -> Pair:
        """Crop a training picture and ground truth of `size` by `size`, mirrored half of the time.

        The ground truth is int8 (H, W), or (K, H, W) for several objects; the result has the same dimensions.
        """
        several = gt_mask.reshape(-1, *image.shape[:2])
        picture, cuts = self._cut_all(image, several, rng)
        return picture, np.stack(cuts).reshape(*gt_mask.shape[:-2], self.size, self.size)

    def _cut_all(
        self, image: np.ndarray, gt_masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        left, top, right, bottom = self.window(gt_masks[0], rng)
        across, down = self.size / (right - left), self.size / (bottom - top)
        flip = rng.random() < 0.5
        if flip:
            matrix = np.array([[-across, 0, right * across - 1], [0, down, -top * down]])
        else:
            matrix = np.array([[across, 0, -left * across], [0, down, -top * down]])
        shape = (self.size, self.size)
        shrinking = min(across, down) < 0.75
        smooth = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        inside = left >= 0 and top >= 0 and right <= image.shape[1] and bottom <= image.shape[0]
        if inside:
            rows, columns = slice(int(top), int(np.ceil(bottom))), slice(int(left), int(np.ceil(right)))
            picture = cv2.resize(np.ascontiguousarray(image[rows, columns]), shape, interpolation=smooth)
            cuts = [_resized_gt_mask(gt_mask[rows, columns], shape, smooth) for gt_mask in gt_masks]
            return (picture[:, ::-1], [cut[:, ::-1] for cut in cuts]) if flip else (picture, cuts)
        picture = cv2.warpAffine(image, matrix, shape, flags=cv2.INTER_LINEAR)
        return picture, [
            cv2.warpAffine(gt_mask, matrix, shape, flags=cv2.INTER_NEAREST) for gt_mask in gt_masks
        ]

    def recolour(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Shift brightness, contrast and channels of uint8 (H, W, 3), each with its probability."""
        gain, offset = 1.0, np.zeros(3)
        if rng.random() < self.colour:
            gain = 1 + rng.uniform(*self.contrast)
            offset += 255 * rng.uniform(*self.brightness)
        if rng.random() < self.colour:
            offset += rng.uniform(-self.rgb_shift, self.rgb_shift, 3)
        tables = np.clip(np.arange(256)[:, None] * gain + offset, 0, 255).astype(np.uint8)
        return cv2.LUT(np.ascontiguousarray(image), tables[:, None, :])

    def large(self, gt_masks: np.ndarray) -> np.ndarray:
        """The ground truths of a window, (K, S, S), that are large enough; none if the first is too small."""
        pixels = np.count_nonzero(gt_masks == 1, axis=(1, 2))
        is_large = pixels >= max(self.min_pixels, self.min_share * gt_masks[0].size)
        is_large[0] = pixels[0] >= self.min_pixels
        return gt_masks[is_large] if is_large[0] else gt_masks[:0]

    def first_clicks(self, gt_mask: np.ndarray, rng: np.random.Generator) -> list[Click]:
        """Place one click like the robot user, or several sampled on, around and beside the object.

        Args:
            gt_mask: int8 (H, W); without object pixels there may be no click.
        """
        if rng.random() < self.first_from_error:
            click = random_click(np.zeros(gt_mask.shape), gt_mask, rng)
            return [click] if click else []
        positive = _sample(gt_mask == 1, 1 + self._count(rng, self.max_clicks // 2 - 1), True, rng)
        border = cv2.dilate((gt_mask == 1).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=10) > 0
        beside = (gt_mask == 0) & border if rng.random() < 0.5 else gt_mask == 0
        negative = _sample(beside, self._count(rng, self.max_clicks // 2), False, rng)
        return positive + negative

    def _count(self, rng: np.random.Generator, limit: int) -> int:
        return min(limit, int(rng.geometric(1 - self.click_decay)) - 1)


def _resized_gt_mask(gt_mask: np.ndarray, shape: tuple[int, int], interpolation: int) -> np.ndarray:
    """Resize a ground truth as its picture; OpenCV's nearest neighbour is off by half a pixel."""
    region = (gt_mask == 1).astype(np.float32)
    resized = (cv2.resize(region, shape, interpolation=interpolation) > 0.5).astype(np.int8)
    if (gt_mask == -1).any():
        ignored = (gt_mask == -1).astype(np.uint8)
        resized[cv2.resize(ignored, shape, interpolation=cv2.INTER_NEAREST_EXACT) == 1] = -1
    return resized


def _sample(region: np.ndarray, count: int, positive: bool, rng: np.random.Generator) -> list[Click]:
    """Draw `count` clicks on random pixels of a region, bool (H, W); none on an empty one."""
    pixels = np.flatnonzero(region)
    if not len(pixels) or not count:
        return []
    rows, columns = np.unravel_index(rng.choice(pixels, count), region.shape)
    return [Click(int(x), int(y), positive) for x, y in zip(columns, rows, strict=True)]
