"""The layering, read from the imports themselves."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sdqviz"
ROOT = {"api", "cli", "cli_runs", "serve", "terminal", "__init__", "__main__"}
# layer -> the layers it may import, besides itself
ALLOWED = {
    "base": set(),
    "quant": {"base"},
    "kernels": {"base", "quant"},
    "layers": {"base", "quant", "kernels"},
    "diffusion": {"base"},
    "families": {"base", "diffusion", "layers"},
    "metrics": {"base", "diffusion"},
    "stages": {"base", "quant", "kernels", "layers", "diffusion", "families", "metrics"},
    "recipes": {"base", "quant", "layers", "stages"},
    "store": {"base"},
    "runner": {
        *("base", "quant", "kernels", "families", "metrics", "stages", "recipes", "store"),
    },
    # Scores that the page computes itself are numpy (design, section 10).
    "views": {"base", "store", "metrics"},
    "ui": {"base", "store", "views", "metrics"},
    "minis": {"base", "metrics"},
    "bench": {"base", "quant", "kernels", "layers", "families", "runner"},
    "integrations": {"base", "layers", "families"},
}
TORCH_FREE = ("base", "store", "views", "ui")
HEAVY_MODELS = {
    "families",
    "diffusion",
    "minis",
    "integrations",
    "bench",
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
        ("sdqviz.cli", ("torch", "gradio")),
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
