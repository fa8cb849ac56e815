"""Copy three example pictures into the wheel; everything else about the package is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

EXAMPLES = ["chelsea.png", "flower.jpg", "rocket.jpg", "LICENSES.md"]
"""Files of examples/ that an installed package offers; a clone offers all of them."""


class BuildWithExamples(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            folder = Path(self.build_lib, "cfr_icl", "examples")
            folder.mkdir(parents=True, exist_ok=True)
            for name in EXAMPLES:
                shutil.copyfile(Path("examples", name), folder / name)

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *(f"examples/{name}" for name in EXAMPLES)]


setup(cmdclass={"build_py": BuildWithExamples})
