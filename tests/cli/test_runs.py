"""Commands on one run: its training finished early, its layers exported, parts of it drawn alone.

They go through the entry point, so that what is tested is what the shell gets.
"""

import json
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import pytest

from sdqviz.base.events import Event, Progress
from sdqviz.base.request import GENERATE, QUANTIZE, quantize_request
from sdqviz.cli.main import main
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import CANCELLED, DONE, FINISHING
from sdqviz.store.store import Store
from tests.conftest import QUICK

LAYER = "down_blocks.0.resnets.0.conv1"
SCENE = ("a key", "--steps", "3")
TRAIN = {**QUICK, "training_steps": 300, "training_scenes": 1, "rounds": 1, "batch": 2}
STOP = 3  # the step at which the training is finished


def command(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `sdqviz WORDS --json`."""
    out, err, code = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sdqviz", *words, "--json"])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, out.getvalue(), err.getvalue()


def done(*words: str) -> dict[str, Any]:
    """The object that a command that works prints."""
    code, out, err = command(*words)
    assert code == 0, err
    return json.loads(out.strip().splitlines()[-1])


def refused(*words: str) -> str:
    """The error of a command that is told what it cannot do, all on one line."""
    code, out, err = command(*words)
    assert (code, out) == (1, "")
    *told_before, line = err.strip().splitlines()
    assert all(re.fullmatch(r"\w+ \d+/\d+(, .+)?", progress) for progress in told_before), err
    told = json.loads(line)
    assert set(told) == {"error", "hint"} and told["hint"]
    return told["error"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDQVIZ_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def worked(home, tiny_folder) -> dict[str, Any]:
    """A run that `runs finish` told to end its training: {id, and what the command printed}."""
    store = Store(home)
    spec = quantize_request(static_catalog(), str(tiny_folder), "fidelity", "quick", TRAIN)
    found: dict[str, Any] = {"id": store.runs.add(QUANTIZE, spec)}

    def see(event: Event) -> None:
        if isinstance(event, Progress) and event.place.startswith(f"step {STOP} of"):
            found["printed"] = done("runs", "finish", found["id"][:6])

    assert execute(store, store.runs.claim(), ModelCache(), see) == DONE
    return found


def test_finish_ends_a_training_and_keeps_what_it_learned(store, worked):
    assert worked["printed"] == {"run": worked["id"], "state": FINISHING}
    shown = done("runs", "show", worked["id"])
    assert shown["state"] == DONE
    assert shown["result"]["stopped_at"] == {"step": STOP, "of": TRAIN["training_steps"]}
    assert any("finished early" in line for line in shown["log"])
    for blob in shown["result"]["scenes"][0]["images"].values():
        assert store.blobs.get(blob).startswith(b"\x89PNG")
    assert f"run {worked['id']} is done" in refused("runs", "finish", worked["id"])
    assert "no run 'abc'" in refused("runs", "finish", "abc")


def test_export_graph_writes_the_layers_for_model_explorer(store, worked, tmp_path):
    out = tmp_path / "graph"
    printed = done("runs", "export", worked["id"], "--graph", str(out))
    assert printed == {"run": worked["id"], "out": str(out), "all": [str(out)]}
    files = {path.name: json.loads(path.read_text("utf-8")) for path in out.iterdir()}
    (graph,) = files.pop("graph.json")
    layers = {row["name"] for row in store.runs.get(worked["id"]).result["layers"]}
    assert {node["id"] for node in graph["nodes"]} == layers >= {LAYER}
    assert {"block_error.json", "clipped.json", "weight_bits.json"} <= set(files)
    assert all(list(data) == [graph["id"]] for data in files.values())

    assert "already holds" in refused("runs", "export", worked["id"], "--graph", str(out))
    elsewhere = tmp_path / "elsewhere"
    assert "no run 'abc'" in refused("runs", "export", "abc", "--graph", str(elsewhere))
    assert not elsewhere.exists()


def test_generate_only_draws_a_part_alone(store, worked, tmp_path):
    drawn, errors = {}, {}
    for part in ("weights", "activations", LAYER):
        out = tmp_path / part
        words = ("generate", worked["id"], *SCENE, "--only", part, "--out", str(out))
        printed = done(*words)
        assert set(printed) == {"run", "files", "metrics"}
        assert printed["files"] == {
            name: str(out / f"{name}.png") for name in ("fp", "w4a8", "flip", "st_lpips")
        }
        made = store.runs.get(printed["run"])
        assert (made.kind, made.spec["only"], made.state) == (GENERATE, part, DONE)
        drawn[part] = {name: (out / f"{name}.png").read_bytes() for name in printed["files"]}
        assert all(data.startswith(b"\x89PNG") for data in drawn[part].values())
        errors[part] = made.result["per_step"]["free_run"][-1]
    # One FP picture, and another quantized one of each part; a layer does less than all weights.
    assert len({files["fp"] for files in drawn.values()}) == 1
    assert len({files["w4a8"] for files in drawn.values()}) == 3
    assert 0 < errors[LAYER] < errors["weights"]

    out = tmp_path / "refused"
    for run, part, said in (
        ("abc", "weights", "no run 'abc'"),
        (worked["id"], "conv_nowhere", "layer 'conv_nowhere' is not quantized"),
        (printed["run"], "weights", "is a generate run"),
    ):
        words = ("generate", run, *SCENE, "--only", part, "--out", str(out))
        assert said in refused(*words)
    assert not out.exists()


def test_generate_takes_what_a_cancelled_training_left_and_no_unfinished_run(
    store, worked, tmp_path
):
    base = store.runs.get(worked["id"])
    stopped, queued = (store.runs.add(QUANTIZE, base.spec) for _ in range(2))
    scores = ("scenes", "metrics", "per_step", "timesteps", "step_seconds", "layer_pairs")
    left = {key: value for key, value in base.result.items() if key not in scores}
    store.runs.finish(stopped, CANCELLED, result=left)
    printed = done("generate", stopped, *SCENE, "--out", str(tmp_path))
    assert (tmp_path / "w4a8.png").read_bytes().startswith(b"\x89PNG")
    scene = store.runs.get(printed["run"]).spec["scene"]
    assert scene["scheduler"] == base.result["scenes"][0]["scene"]["scheduler"]
    assert f"run {queued} is queued" in refused("generate", queued, *SCENE)
