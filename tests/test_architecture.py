"""The layering (DESIGN.md, section 4), read from the imports themselves."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sdqviz"
ROOT = {"api", "studies", "serve", "__init__", "__main__"}
# layer -> the layers it may import, besides itself
ALLOWED = {
    "base": set(),
    "results": {"base"},
    "quant": {"base"},
    "kernels": {"base", "quant"},
    "rounding": {"base", "quant"},
    "layers": {"base", "quant", "kernels", "rounding"},
    "diffusion": {"base"},
    "families": {"base", "diffusion", "layers", "integrations"},
    "metrics": {"base", "diffusion"},
    "products": {"base", "diffusion", "families", "layers"},
    "measure": {
        "base",
        "results",
        "quant",
        "diffusion",
        "families",
        "layers",
        "products",
        "metrics",
    },
    "training": {
        *("base", "results", "layers", "diffusion", "families", "metrics", "products"),
        "rounding",
    },
    "stages": {
        *("base", "quant", "layers", "diffusion", "families", "metrics", "products", "measure"),
        *("training", "results"),
    },
    "choices": {"base", "diffusion", "families", "layers", "products", "stages"},
    "corrections": {"base", "diffusion", "families", "layers", "products", "stages"},
    "recipes": {"base", "quant", "layers", "training", "stages", "choices", "corrections"},
    "store": {"base", "results"},
    "runner": {
        *("base", "quant", "kernels", "layers", "diffusion", "families", "metrics"),
        *("products", "measure", "training", "stages", "recipes", "store"),
        "results",
    },
    "sweeps": {"base", "results", "recipes", "metrics", "store", "runner"},
    "population": {"base", "diffusion", "families", "metrics", "runner"},
    "publish": {"base", "results", "store", "views"},
    # Scores that the page computes itself are numpy (DESIGN.md, section 10).
    "views": {"base", "results", "store", "metrics"},
    "ui": {"base", "results", "store", "views", "metrics"},
    "minis": {"base", "metrics"},
    "bench": {"base", "quant", "kernels", "layers", "families", "runner"},
    "server": {"base", "store", "views"},
    "cli": {"base", "families", "store", "runner", "publish", "views", "serve"},
    "integrations": {"base", "layers"},
}
TORCH_FREE = ("base", "results", "store", "views", "ui", "server")
HEAVY_MODELS = {
    "families",
    "diffusion",
    "minis",
    "integrations",
    "bench",
    "metrics",
}  # may import diffusers and transformers


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_every_layer_is_known():
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name[0] not in "_."}
    assert folders == set(ALLOWED)
    assert {p.stem for p in PACKAGE.glob("*.py")} == ROOT


@pytest.mark.parametrize("layer", sorted(ALLOWED))
def test_layers_import_only_what_they_may(layer: str):
    wrong = []
    for file in (PACKAGE / layer).rglob("*.py"):
        for name in imports(file):
            parts = name.split(".")
            if parts[0] == "sdqviz" and len(parts) > 1 and parts[1] not in ALLOWED[layer] | {layer}:
                wrong.append(f"{file.name} imports {name}")
    assert not wrong


def test_the_layers_make_no_circle():
    graphlib.TopologicalSorter(ALLOWED).prepare()


def test_nothing_in_the_page_imports_back_up():
    """The page (`ui.app`) is built of the sidebar and the tabs, a tab of its own folder's parts,
    and all of what stands beside them in `ui`, which knows none of them.
    """
    wrong = []
    for file in (PACKAGE / "ui").rglob("*.py"):
        place = file.relative_to(PACKAGE / "ui").with_suffix("").parts
        if place == ("app",):
            continue
        own = {"tabs", place[1]} if place[0] == "tabs" else set()
        for name in imports(file):
            above = name.split(".")[2:4]
            inside = name.startswith("sdqviz.ui.") and above[0] in ("app", "sidebar", "tabs")
            if inside and not (own and set(above) <= own):
                wrong.append(f"{'/'.join(place)} imports {name}")
    assert not wrong


def test_the_folders_of_views_make_no_circle():
    uses: dict[str, set[str]] = {}
    for file in (PACKAGE / "views").glob("*/*.py"):
        names = (name.split(".") for name in imports(file) if name.startswith("sdqviz.views."))
        others = {parts[2] for parts in names if len(parts) > 3} - {file.parent.name}
        uses[file.parent.name] = uses.get(file.parent.name, set()) | others
    graphlib.TopologicalSorter(uses).prepare()


@pytest.mark.parametrize("layer", TORCH_FREE)
def test_the_left_half_never_names_torch(layer: str):
    for file in (PACKAGE / layer).rglob("*.py"):
        tops = {name.split(".")[0] for name in imports(file)}
        assert not tops & {"torch", "diffusers", "transformers"}, file


def test_diffusers_is_named_only_where_models_are():
    for file in files():
        layer = file.relative_to(PACKAGE).parts[0]
        tops = {name.split(".")[0] for name in imports(file)}
        if layer not in HEAVY_MODELS:
            assert not tops & {"diffusers", "transformers"}, file
        if layer != "ui" and file.stem != "serve":
            assert "gradio" not in tops, file


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("sdqviz", ("torch", "diffusers", "gradio")),
        ("sdqviz.ui.app", ("torch", "diffusers")),
        ("sdqviz.serve", ("torch", "diffusers")),
        ("sdqviz.runner.execute", ("gradio",)),
        ("sdqviz.cli.main", ("torch", "gradio")),
    ],
)
def test_importing_stays_light(module: str, absent: tuple[str, ...]):
    code = f"import sys, {module}; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_files_stay_short():
    long = {str(f): n for f in files() if (n := len(f.read_text().splitlines())) > 400}
    assert not long
