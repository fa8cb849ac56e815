"""Imports run one way, as docs/architecture.md draws it, and each optional package stays in its place."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cfr_icl"

PASSES = {"box", "cfr", "clicks", "close_up", "models", "prediction", "rectangle", "zoom"}
PREDICTORS = {"predictor", "remote", "segmenter", "workers"}
SERVICES = {
    "data_url",
    "extras",
    "files",
    "inner_distance",
    "memory",
    "rle",
    "scale",
    "sentences",
    "settings",
}
"""Modules that any layer may use."""

MAY_IMPORT = {
    "models": PASSES - {"models"},
    "zoom": {"cfr", "clicks", "rectangle"},
    "weights": PASSES | {"cfr_icl"},
    "encoded_picture": PASSES,
    "inner_loop": PASSES | {"encoded_picture"},
    "specks": {"cfr", "clicks", "zoom"},
    "outer_loop": PASSES | {"encoded_picture", "inner_loop", "predictor", "specks"},
    "arguments": {"box", "clicks", "rectangle", "zoom"},
    "segmenter": PASSES | {"arguments", "encoded_picture", "inner_loop", "outer_loop", "predictor"},
    "workers": PASSES | {"predictor", "remote", "segmenter"},
    "icl": {"cfr", "clicks", "models", "robot"},
    "suem": set(),
    "pictures": set(),
    "data": {"clicks", "pictures", "rectangle", "robot", "suem"},
    "annotate": PASSES - {"models"} | PREDICTORS | {"arguments", "pictures"},
    "evaluation": PASSES | PREDICTORS | {"cfr_icl", "data", "robot", "specks"},
    "learning": PASSES
    | {"cfr_icl", "annotate", "data", "pictures", "evaluation", "icl", "robot", "suem", "weights"},
    "ui": PASSES - {"models"} | PREDICTORS | {"cfr_icl", "annotate", "arguments", "pictures", "weights"},
}
"""Layers by their folder or file, and the layers that each may import. `cfr_icl` is what the package itself
offers: `load_model`, `Segmenter` and their like."""

ANNOTATE = (
    "pictures",
    "objects",
    "saved",
    "exports",
    "imports",
    "session",
    "folder",
    "whole_folder",
    "learning",
    "batch",
)
"""The folders of `annotate/`; each may import from those before it."""

AT_HOME = {
    "gradio": ("ui/",),
    "gradio_client": ("ui/",),
    "transformers": ("weights/sam_family.py",),
    "onnxruntime": ("weights/engines.py", "weights/exported.py", "weights/onnx_pair.py"),
    "accelerate": ("learning/train.py",),
    "scipy": ("data/sbd.py",),
    "fsspec": ("data/webdataset.py",),
    "matplotlib": ("evaluation/report.py",),
    "pillow_heif": ("pictures/image_files.py",),
    "httpx": ("workers/pool.py",),
    "starlette": ("workers/serving.py",),
    "uvicorn": ("workers/serving.py",),
    "ray": ("scale/cluster.py", "workers/replicas.py"),
    "pyarrow": ("annotate/batch/list_files.py",),
}
"""Optional packages, and where they are imported."""


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def imported(path: Path, within_functions: bool = True, for_types: bool = False) -> frozenset[str]:
    """Modules that a file imports; `from a import b` gives `a.b` if it is one.

    Imports within functions can be left out, and those for type annotations alone be counted too.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda) if not within_functions else ()
    names, nodes = set(), [tree]
    while nodes:
        node = nodes.pop()
        if not for_types and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= parts & MODULES.keys() or {node.module}
        nodes += [child for child in ast.iter_child_nodes(node) if not isinstance(child, skipped)]
    return frozenset(names)


def files(layer: str) -> list[Path]:
    file = PACKAGE / f"{layer}.py"
    return [file] if file.is_file() else sorted((PACKAGE / layer).rglob("*.py"))


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_those_below_it_alone(layer):
    used = {name for path in files(layer) for name in imported(path) if name in MODULES}
    layers = {name.split(".")[1] if "." in name else name for name in used}
    assert layers - MAY_IMPORT[layer] - SERVICES - {layer} == set()


def test_the_folders_of_annotation_stand_in_one_order():
    folders = {path.name for path in (PACKAGE / "annotate").iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(ANNOTATE)


@pytest.mark.parametrize("folder", ANNOTATE)
def test_a_folder_of_annotation_imports_from_those_before_it(folder):
    used = {name for path in files(f"annotate/{folder}") for name in imported(path)}
    folders = {name.split(".")[2] for name in used if name.startswith("cfr_icl.annotate.")}
    assert folders <= set(ANNOTATE[: ANNOTATE.index(folder) + 1])


def test_no_module_imports_itself_by_way_of_others():
    graph = {
        name: {other for other in imported(path, within_functions=False, for_types=True) if other in MODULES}
        - {name}
        for name, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("layer", ["ui", "annotate"])
def test_tensors_stay_below_annotation_and_page(layer):
    assert [
        path.name for path in files(layer) if "torch" in {name.split(".")[0] for name in imported(path)}
    ] == []


@pytest.mark.parametrize("package", AT_HOME)
def test_an_optional_package_is_imported_in_its_place_alone(package):
    strangers = [
        str(path.relative_to(PACKAGE))
        for path in MODULES.values()
        if package in {name.split(".")[0] for name in imported(path)}
        and not path.relative_to(PACKAGE).as_posix().startswith(AT_HOME[package])
        # the command that starts the page says in one sentence which extra it needs
        and (package, path.name) != ("gradio", "app.py")
    ]
    assert strangers == []
