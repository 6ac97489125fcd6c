"""The code of a run, read by the command line and the API themselves, asks for the same run."""

import json
import subprocess

import pytest
from typer.testing import CliRunner

import sdqviz
from sdqviz import api
from sdqviz.base.config import complete
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import quantize_request, recipe_entry
from sdqviz.cli.main import app
from sdqviz.runner import afford
from sdqviz.runner.estimate import Estimate
from sdqviz.views.runs.code import run_code

# Of each type a setting may have, and words that a shell or JSON would read otherwise.
CASES = [
    {"model": "mini-sd1"},
    {"model": "mini-sd1", "preset": "paper", "config": {"freezing": False, "clip": 1e-9}},
    {"model": "mini-sd1", "recipe": "round_nearest", "config": {"equalise": True, "group": 0}},
    {"model": 'my models/it\'s $HOME; "x"', "config": {"order": "serial", "batch": 3}},
    {"model": "a/b", "device": "cuda", "dtype": "bfloat16", "config": {"weight_rate": 0.1}},
    {"model": "x.safetensors", "model_config": "a folder", "preset": "balanced"},
]


@pytest.fixture
def asked(home, monkeypatch):
    """The real command and function up to the work itself: they return the queued spec."""

    def queued(store, run_id, out, see):
        return {"spec": store.runs.get(run_id).spec}

    monkeypatch.setattr(api, "finish_quantize", queued)
    monkeypatch.setattr(afford, "refuse_if_over", lambda *cost: [])
    monkeypatch.setattr(api, "check_device", lambda name: name)  # it is asked for, not used
    monkeypatch.setattr(api, "refuse_undrawable", lambda spec: None)
    monkeypatch.setattr(afford, "device_free_bytes", lambda device: None)
    cost = Estimate(seconds=1.0, memory_bytes=1)
    monkeypatch.setattr(afford, "estimate_quantize", lambda *spec: cost)


def words_of(shell: str) -> list[str]:
    """What a shell makes of the line, instead of calling sdqviz."""
    script = f"""sdqviz() {{ printf '%s\\0' "$@"; }}\n{shell}\n"""
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def by_command(shell: str) -> dict:
    result = CliRunner().invoke(app, [*words_of(shell), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.strip().splitlines()[-1])["spec"]


def by_python(text: str) -> dict:
    names: dict = {}
    exec(text, names)
    return names["report"]["spec"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["model"])
def test_both_ask_for_the_same_run(asked, catalog, case):
    spec = quantize_request(catalog, **case)
    code = run_code(catalog, spec)
    assert by_command(code.shell) == spec
    assert by_python(code.python) == spec
    assert code.note == ""
    for name in spec["config"]:  # nothing that the preset says already
        assert (f"--set {name}=" in code.shell.replace("'", "")) == (name in case.get("config", {}))


def test_the_bundled_runs_are_repeated(asked, catalog, bundled):
    for run in bundled.values():
        code = run_code(catalog, run.spec)
        # A setting that came since has its default.
        config = complete(
            recipe_entry(catalog, run.spec["recipe"])["schema"], run.spec["config"], ""
        )
        wanted = {"dtype": "float32", **run.spec, "config": config}
        assert by_command(code.shell) == by_python(code.python) == wanted
    shell = run_code(catalog, bundled["round_nearest"].spec).shell
    assert "--recipe round_nearest --preset balanced" in " ".join(words_of(shell))
    assert "--set held_out_scenes=6" in " ".join(words_of(shell))


def test_the_code_calls_the_public_function(catalog, monkeypatch):
    seen = []
    monkeypatch.setattr(sdqviz, "quantize", lambda *a, **k: seen.append((a, k)), raising=False)
    exec(run_code(catalog, quantize_request(catalog, "mini-sd1")).python, {})
    assert seen == [(("mini-sd1",), {"recipe": "fidelity", "preset": "quick"})]


def test_a_run_of_another_version_says_what_it_cannot_repeat(catalog):
    spec = quantize_request(catalog, "mini-sd1")
    older = {k: v for k, v in spec["config"].items() if k != "clip"} | {"bygone": 3}
    code = run_code(catalog, {**spec, "config": older})
    assert "no longer has bygone" in code.note
    assert "older than clip" in code.note
    assert "bygone" not in code.shell
    with pytest.raises(SdqvizError, match="unknown recipe"):
        run_code(catalog, {**spec, "recipe": "gone"})
