"""Files of masks are chosen by their names, by the same rules as on the page (tests/js/gathering.test.js)."""

import json
from pathlib import Path

import pytest

from cfr_icl.annotate.whole_folder.mask_names import files_of_pictures, information, masks_of_objects

CASES = json.loads((Path(__file__).parents[2] / "mask_names.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_picture_gets_the_files_of_its_name(case):
    picture = case["picture"]
    chosen, others = files_of_pictures([picture], case["files"], information)
    objects, _ = masks_of_objects([picture], others)
    files = [chosen[picture]] if picture in chosen else [mask.path for mask in objects.get(picture, ())]
    assert files == case["chosen"]
