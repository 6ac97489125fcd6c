"""The command on a machine without a GPU, and what it makes of parts that fail."""

import json
import os
import subprocess
import sys
import time

import pytest
import torch

from sdqviz.bench.networks import size_named
from sdqviz.kernels.cuda_int_mm import ENGINE as INT_MM
from tests.gpu import __main__ as main_module
from tests.gpu import session
from tests.gpu.__main__ import NEEDED, lacking
from tests.gpu.part import Part, parts, work
from tests.gpu.parts import engines
from tests.gpu.report import markdown
from tests.gpu.shapes import layer_shapes
from tests.gpu.wheels import install, missing_wheels
from tests.kernels.triton_cases import input_of, made, pair_of


def test_without_a_gpu_it_ends_with_one_line_and_a_status_of_its_own(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.gpu", str(tmp_path / "out")],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert not done.stdout
    told = f"tests.gpu: torch {torch.__version__} sees no NVIDIA GPU; nothing was measured\n"
    assert done.stderr == told
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_one_line(monkeypatch, capsys, tmp_path):
    assert lacking(NEEDED) == []  # here all are installed
    monkeypatch.setattr(main_module, "no_gpu", lambda: "")
    monkeypatch.setattr(main_module, "NEEDED", ("torch", "never_heard_of", "nor_of_this"))
    monkeypatch.setattr(sys, "argv", ["tests.gpu", str(tmp_path / "out")])
    assert main_module.main() == 2
    told = capsys.readouterr().err
    assert told.startswith("tests.gpu: missing here: never_heard_of, nor_of_this; put their wheels")
    assert told.count("\n") == 1


def test_the_parts_import_no_more_than_is_asked_for():
    """In a process of its own, that knows no module of a distribution beside the needed ones."""
    code = (
        "import sys\n"
        "from tests.gpu.part import parts\n"
        "import sdqviz.api, sdqviz.runner.execute\n"
        "assert len(parts()) == 7\n"
        "print([n for n in ('gradio', 'starlette', 'pytest', 'hypothesis') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_parts_stand_in_order_of_worth():
    names = [part.name for part in parts()]
    assert names == ["environment", "engines", "mini", "v1", "layers", "steps", "training"]


def a_part(name: str, measure, seconds: float = 60.0) -> Part:
    return Part(name=name, label=name.title(), order=0, seconds=seconds, measure=measure)


def test_what_was_measured_before_a_failure_stays(tmp_path):
    def measure(out, seconds):
        yield [{"what": 1}]
        raise ValueError("a kernel failed\nat length")

    assert not work(a_part("one", measure), tmp_path, 9.0)
    kept = json.loads((tmp_path / "one.json").read_text())
    assert kept["rows"] == [{"what": 1}] and kept["error"] == "ValueError: a kernel failed"
    assert work(a_part("two", lambda out, seconds: iter([[{"a": 1}]])), tmp_path, 9.0)
    wrong = a_part("three", lambda out, seconds: iter([[{"a": 1, "ok": False}]]))
    assert not work(wrong, tmp_path, 9.0)
    assert not work(a_part("four", lambda out, seconds: iter([])), tmp_path, 9.0)


def test_a_part_that_hangs_or_dies_ends_none(tmp_path, monkeypatch):
    """Each stands for a part's process: one sleeps after its first rows, one dies, one is right."""
    scripts = {
        "sleeps": "import time; save('unfinished', False); time.sleep(60)",
        "dies": "raise SystemExit(7)",
        "right": "save('', True)",
    }
    head = (
        "import json, pathlib, sys\n"
        "def save(error, ok):\n"
        "    row = dict(part=sys.argv[1], label=sys.argv[1], ok=ok, seconds=1.0, error=error,"
        " rows=[{'a': 1}])\n"
        "    pathlib.Path(sys.argv[2], sys.argv[1] + '.json').write_text(json.dumps(row))\n"
    )
    start = subprocess.Popen

    def pretend(command, **given):
        assert command[1:3] == ["-m", "tests.gpu.part"]
        return start([command[0], "-c", head + scripts[command[3]], *command[3:]], **given)

    monkeypatch.setattr(session.subprocess, "Popen", pretend)
    monkeypatch.setattr(session, "LEAST_SECONDS", 0.5)
    chosen = [a_part("sleeps", None, 3.0), a_part("dies", None), a_part("right", None)]
    begun = time.monotonic()
    results = session.run_parts(chosen, tmp_path, 60.0, dict(os.environ))
    assert time.monotonic() - begun < 50
    sleeps, dies, right = results
    assert sleeps["error"] == "stopped after 3 s" and sleeps["rows"] == [{"a": 1}]
    assert "ended with status 7" in dies["error"]
    assert right["ok"]
    assert json.loads((tmp_path / "summary.json").read_text()) == results
    late = session.run_parts([a_part("late", None)], tmp_path, 0.1, dict(os.environ))
    assert late[0]["error"] == "no time was left"


def test_the_summary_is_a_table_of_each_part():
    rows = [{"layer": "a|b", "ms": 1.23456, "ok": True}, {"layer": "c", "ratio": 2.0, "ok": False}]
    told = markdown([{"label": "Layers", "ok": False, "error": "", "seconds": 2.0, "rows": rows}])
    assert "| Layers | wrong, see its rows | 2 |" in told
    assert "| layer | ms | ok | ratio |" in told
    assert "| a/b | 1.235 | yes |  |" in told and "| c |  | NO | 2 |" in told


def test_wheels_are_taken_from_the_folder_for_what_is_absent(tmp_path):
    for name in ("torch-9.9", "never_heard_of-1.0"):
        (tmp_path / f"{name}-py3-none-any.whl").touch()
    assert [w.name for w in missing_wheels(tmp_path)] == ["never_heard_of-1.0-py3-none-any.whl"]
    with pytest.raises(subprocess.CalledProcessError):  # it is no wheel: pip was asked
        install(tmp_path, tmp_path / "site")


def test_the_comparison_with_the_reference_sees_a_wrong_engine():
    """On the CPU, with the engine that can compute there."""
    operands = made(out=24, inputs=40, factor=True)
    x = input_of(operands, torch.float16)
    assert engines.differing(INT_MM, operands, x, pair_of(131)) == (0, 0.0)

    class Wrong(type(INT_MM)):
        def run_rows(self, *given):
            return super().run_rows(*given) + 1

    count, apart = engines.differing(Wrong(), operands, x, pair_of(131))
    assert count > 0 and apart > 0.5


def test_the_layers_of_a_size_are_counted_by_shape():
    counted = layer_shapes(size_named("mini"))
    assert sum(counted.values()) > 100
    assert any(shape.conv is not None and shape.conv.kernel == (3, 3) for shape in counted)
    biggest = max(counted, key=lambda shape: shape.products)
    assert biggest.products > 1e6
