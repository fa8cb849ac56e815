"""Bursts of pictures with known shapes on textured ground, which move and turn from picture to picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 384, 512
KINDS = ("disk", "leaf", "gear")
"""The kinds of objects; each picture has one of each."""


def draw(folder: Path, frames: int, rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Write a burst of pictures; return the masks, bool (H, W), of each one's KINDS."""
    folder.mkdir(parents=True)
    ground = texture(rng, rng.uniform(60, 150, 3), 30)
    skins = [texture(rng, rng.uniform(30, 225, 3), 35) for _ in KINDS]
    starts = np.array([(0.25, 0.35), (0.5, 0.65), (0.75, 0.35)]) * (WIDTH, HEIGHT) + rng.uniform(
        -25, 25, (3, 2)
    )
    steps, turns = rng.uniform(-6, 6, (3, 2)), rng.uniform(-4, 4, 3)
    radii = rng.uniform(35, 60, 3)
    found = []
    for frame in range(frames):
        shift = np.float32([[1, 0, 1.5 * frame], [0, 1, -frame]])
        picture = cv2.warpAffine(ground, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        masks: list[np.ndarray] = []
        for kind, skin, start, step, turn, radius in zip(
            KINDS, skins, starts, steps, turns, radii, strict=True
        ):
            centre = start + frame * step
            mask = shape(kind, centre, radius, frame * turn)
            place = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), frame * turn, 1)
            place[:, 2] += centre - (WIDTH / 2, HEIGHT / 2)
            moved = cv2.warpAffine(skin, place, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
            opaque = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)[..., None]
            shade = 0.75 + 0.5 * cv2.GaussianBlur(mask.astype(np.float32), (0, 0), radius / 3)[..., None] / 2
            picture = picture + opaque * (moved * shade - picture)
            masks = [each & ~mask for each in masks] + [mask]
        picture = (picture + rng.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{frame:02}.png")
        found.append(masks)
    return found


def texture(rng: np.random.Generator, colour: np.ndarray, strength: float) -> np.ndarray:
    """Smooth noise of several sizes around a colour, float32 (HEIGHT, WIDTH, 3)."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32) + colour.astype(np.float32)
    for size in (4, 16, 64):
        cells = HEIGHT // size + 1, WIDTH // size + 1
        light = rng.normal(0, strength / 2, (*cells, 1)) + rng.normal(0, strength / 10, (*cells, 3))
        picture += cv2.resize(light.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return picture


def shape(kind: str, centre: np.ndarray, radius: float, turn: float) -> np.ndarray:
    """The pixels of a shape, bool (HEIGHT, WIDTH)."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    length = {
        "disk": np.ones_like(angle),
        "leaf": 0.45 + 0.75 * np.abs(np.cos(angle)) ** 1.5,
        "gear": 1 + 0.14 * np.sign(np.sin(9 * angle)),
    }[kind]
    angle = angle + np.deg2rad(-turn)
    outline = centre + radius * length[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1)
    return mask.astype(bool)
