"""What the golden net plays: click by click, in words of its own, so that no rename changes them.

A session's steps are a verb and its arguments; settings of CFR have the names of today, and `adapter.py` says
them as the code under test does. `robot` clicks into the largest error against an outline drawn here; the
outlines are rough on purpose, so that the robot has something to correct.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Step = tuple[Any, ...]
Outline = list[tuple[int, int]]


def _outline(corners: str) -> Outline:
    return [tuple(map(int, corner.split(","))) for corner in corners.split()]


PUBLISHED = {
    "steps": 4,
    "adaptive": False,
    "cf_clicks": 1,
    "min_change_ratio": 0.0,
    "best_pass": False,
    "close_ups": False,
    "mirror_refinements": True,
}
PUBLISHED_ZOOM = {"widen": False, "skip_clicks": 1, "keep_aspect": True}

HEAD = _outline("40,0 30,110 60,190 120,270 250,285 320,230 360,130 350,60 300,0")
CUP = _outline("175,90 200,40 290,18 370,50 406,110 395,190 330,270 250,280 190,215")
SAUCER = _outline("80,200 110,120 190,65 420,105 478,220 440,310 330,380 200,370 100,290")
SPOON = _outline("398,70 424,72 385,240 404,280 380,322 340,318 328,280 350,250")
DAHLIA = _outline("170,210 190,130 250,95 320,85 410,115 445,210 420,290 340,355 230,345")
WOMAN = _outline("30,510 40,280 120,210 155,70 230,10 300,80 290,190 350,270 340,510")
ROCKET = _outline("311,180 312,145 321,126 332,145 334,180 331,405 312,405")
TOWER = _outline("95,130 205,30 318,120 350,250 372,335 300,390 70,340 85,180")


@dataclass(frozen=True)
class Clicking:
    """One session on one picture, step by step."""

    picture: str
    steps: list[Step]


@dataclass(frozen=True)
class Robot:
    """The segmenter alone, with the robot's clicks on one outline; then as many clicks less as in `back`."""

    picture: str
    outline: Outline
    clicks: int
    cfr: dict[str, Any] = field(default_factory=dict)
    zoom: dict[str, Any] = field(default_factory=dict)
    flip: bool = True
    enlarged: int = 1
    """The picture's sides are multiplied by it."""
    previous: tuple[Outline, float] | None = None
    """An outline to begin with, and the probability inside of it."""
    back: tuple[int, ...] = ()


@dataclass(frozen=True)
class FolderWork:
    """The page over a folder: a session's steps, `goto`, `done` (and on to the next open one), `export`."""

    pictures: list[str]
    steps: list[Step]


SEQUENCES: dict[str, Clicking | Robot | FolderWork] = {
    "clicks": Clicking(
        "chelsea.png",
        [("prepare",), ("click", 220, 120), ("inspect",), ("not", 30, 280), ("click", 90, 40), ("inspect",)],
    ),
    "many-clicks": Clicking(
        "china.jpg",
        [
            ("click", 210, 150),
            ("click", 205, 45),
            ("click", 180, 330),
            ("not", 60, 400),
            ("not", 500, 330),
            ("click", 340, 340),
            ("inspect",),
        ],
    ),
    "undo-redo": Clicking(
        "coffee.png",
        [
            ("click", 290, 230),
            ("click", 290, 60),
            ("not", 120, 200),
            ("undo",),
            ("undo",),
            ("redo",),
            ("inspect",),
            ("not", 440, 200),
            ("undo",),
            ("undo",),
            ("undo",),
            ("redo",),
            ("click", 230, 250.5),
        ],
    ),
    "box": Clicking(
        "flower.jpg",
        [
            ("box", 165, 80, 450, 365),
            ("inspect",),
            ("not", 430, 380),
            ("click", 428, 285),
            ("undo",),
            ("redo",),
        ],
    ),
    "box-at-the-edge": Clicking(
        "astronaut.png", [("box", 280, 340, 600, 520), ("not", 450, 320), ("finish",)]
    ),
    "brush-and-eraser": Clicking(
        "astronaut.png",
        [
            ("click", 220, 330),
            ("brush", [[60, 480], [140, 500], [150, 505.5]], 24),
            ("erase", [[170, 390]], 61),
            ("erase", [[255, 320], [262, 500]], 13),
            ("click", 230, 110),
            ("edit", 1, {"fill_holes": True}),
            ("edit", 1, {"keep_largest": True}),
            ("edit", 1, {"threshold": 0.8}),
            ("undo",),
            ("undo",),
        ],
    ),
    "brush-first": Clicking(
        "rocket.jpg",
        [
            ("brush", [[322, 140], [322, 300]], 15),
            ("click", 322, 350),
            ("erase", [[300, 140], [340, 140]], 9),
        ],
    ),
    "neighbours": Clicking(
        "astronaut.png",
        [
            ("click", 380, 430),
            ("not", 320, 320),
            ("finish",),
            ("click", 220, 330),
            ("click", 225, 60),
            ("inspect",),
            ("edit", 2, {"overlap": True}),
            ("not", 440, 200),
            ("edit", 2, {"overlap": False}),
            ("finish",),
            ("box", 350, 0, 480, 295),
            ("select", 1),
            ("click", 490, 490),
            ("edit", 1, {"locked": True}),
            ("select", 2),
            ("click", 60, 480),
            ("delete", 3),
            ("undo",),
        ],
    ),
    "labels-and-copies": Clicking(
        "rocket.jpg",
        [
            ("label", "rocket"),
            ("click", 322, 200),
            ("duplicate", 1),
            ("not", 322, 150),
            ("edit", 2, {"visible": False}),
            ("finish",),
            ("label", "tower"),
            ("click", 190, 250),
            ("label", "mast", 3),
        ],
    ),
    "settings": Clicking(
        "china.jpg",
        [
            ("cfr", {"steps": 0}),
            ("click", 210, 210),
            ("cfr", {"steps": 10, "adaptive": False, "min_change_ratio": 0.0}),
            ("click", 120, 110),
            ("cfr", {"best_pass": False}),
            ("not", 60, 240),
            ("cfr", {"close_ups": False, "cf_clicks": 1}),
            ("click", 230, 370),
            ("cfr", PUBLISHED),
            ("not", 400, 380),
        ],
    ),
    "kept-pass": Clicking(
        "chelsea.png",
        [
            ("cfr", {"adaptive": False}),
            ("click", 265, 245),
            ("keep", 0),
            ("click", 255, 150),
            ("click", 170, 115),
            ("keep", 2),
            ("keep", 1),
            ("not", 420, 60),
        ],
    ),
    "loaded-masks": Clicking(
        "flower.jpg",
        [
            ("load", [DAHLIA, _outline("290,426 300,390 350,372 430,385 445,426")]),
            ("select", 1),
            ("click", 430, 260),
            ("select", 2),
            ("not", 300, 340),
            ("click", 455, 424),
        ],
    ),
    "saved-and-opened": Clicking(
        "astronaut.png",
        [
            ("label", "helmet"),
            ("click", 380, 430),
            ("not", 320, 320),
            ("finish",),
            ("box", 355, 0, 475, 290),
            ("brush", [[380, 100], [400, 110]], 12),
            ("reopen",),
            ("click", 415, 50),
            ("select", 1),
            ("click", 480, 400),
            ("cfr", {"steps": 2}),
            ("reopen",),
            ("click", 440, 370),
        ],
    ),
    "robot": Robot("rocket.jpg", ROCKET, 5),
    "robot-goes-back": Robot("china.jpg", TOWER, 11, back=(1, 1, 6, 1)),
    "robot-published": Robot("coffee.png", SAUCER, 5, cfr=PUBLISHED, zoom=PUBLISHED_ZOOM),
    "robot-adaptive": Robot("astronaut.png", WOMAN, 4, cfr={"steps": 10, "min_change_ratio": 0.0}),
    "robot-one-sided": Robot("flower.jpg", DAHLIA, 4, flip=False),
    "robot-from-a-mask": Robot("coffee.png", CUP, 4, previous=(SPOON + CUP, 0.7)),
    "robot-large": Robot("chelsea.png", HEAD, 5, enlarged=3),
    "folder": FolderWork(
        ["coffee.png", "flower.jpg", "rocket.jpg"],
        [
            ("label", "thing"),
            ("click", 290, 230),
            ("finish",),
            ("click", 365, 290),
            ("done",),
            ("click", 310, 210),
            ("goto", 2),
            ("click", 322, 250),
            ("goto", 1),
            ("not", 370, 420),
            ("done",),
            ("goto", 0),
            ("export", "coco"),
            ("export", "everything"),
        ],
    ),
}
"""What is played, by name."""

EXPORTED = ("neighbours", "brush-and-eraser", "labels-and-copies", "saved-and-opened")
"""Sessions the objects of which are written in every format in the end."""

COMMANDS: list[list[str]] = [
    ["segment", "{examples}/coffee.png", "--click", "290,60", "--not", "120,200", "--out", "{out}/cup.png"],
    [
        "segment",
        "{examples}/chelsea.png",
        "--click",
        "220,120",
        "--previous",
        "{mask}",
        "--out",
        "{out}/head.png",
    ],
    ["segment", "{examples}/chelsea.png", "--click", "220,120", "--steps", "0", "--out", "{out}/coarse.png"],
    ["batch", "{clicks}", "--images", "{examples}", "--out", "{out}/batch"],
    ["export", "--images", "{images}", "--work", "{work}", "--format", "labelme", "--out", "{out}/labelme"],
]
"""Commands, in a folder with a work folder of the sequence "folder"."""

CLICK_FILE = (
    "picture,x,y,positive,object\nflower.jpg,310,210,1,a\nrocket.jpg,322,250,1,a\nflower.jpg,370,420,0,a\n"
)
