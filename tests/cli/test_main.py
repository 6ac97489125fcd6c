"""The command line: results as one object, errors as one line."""

import json
import os
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import sdqviz
from sdqviz.base.errors import SdqvizError
from sdqviz.cli.main import app
from sdqviz.kernels.contract import choose_engine
from sdqviz.quant.spec import ActivationSpec
from tests.conftest import QUICK


def run(*words: str):
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.strip().splitlines()[-1])


SETTINGS = [
    word
    for name, value in {**QUICK, "training_steps": 2, "training_scenes": 1}.items()
    for word in ("--set", f"{name}={value}")
]


def test_quantize_compare_generate_and_the_runs(home, tiny_folder, tmp_path):
    out = tmp_path / "packed"
    model = str(tiny_folder)
    began = time.time()
    made = run("quantize", model, *SETTINGS, "--out", str(out), "--json")
    assert set(made) == {"run", "state", "out", "seconds", "peak_bytes", "bytes", "fp_bytes"} | {
        *("device_peak_bytes", "estimate"),
    }
    assert made["state"] == "done"
    assert made["out"] == str(out)

    prompts = tmp_path / "prompts.txt"
    prompts.write_text("a key on a red background\n\na bell on a blue background\n")
    words = ("--prompts", str(prompts), "--seeds", "2", "--steps", "3", "--json")
    compared = run("compare", model, str(out), *words)
    assert set(compared) == {
        *("engine", "arithmetic", "scenes", "metrics", "unavailable", "per_step"),
    }
    # Whichever is the best here; where the better ones refuse, the reference.
    best, _ = choose_engine(torch.device("cpu"), ActivationSpec())
    assert compared["engine"] == best.name
    assert compared["arithmetic"] == best.arithmetic
    assert [(s["prompt"][:6], s["seed"]) for s in compared["scenes"]] == [
        ("a key ", 0),
        ("a key ", 1),
        ("a bell", 0),
        ("a bell", 1),
    ]
    for entry in compared["metrics"].values():
        assert {"median", "interval", "floor", "ceiling", "direction", "settings"} <= set(entry)
        assert entry["interval"][0] <= entry["median"] <= entry["interval"][1]
    assert compared["metrics"]["st_lpips"]["median"] > 0  # a learned metric without a download
    assert not set(compared["unavailable"]) & set(compared["metrics"])
    assert len(compared["per_step"]["replay"]) == 4

    with pytest.raises(SdqvizError, match="was not made from"):
        run("compare", "mini-sd1", str(out), "--steps", "2", "--json")

    drawn = run("generate", made["run"], "a key", "--steps", "3", "--out", str(tmp_path), "--json")
    for name in ("fp", "w4a8", "flip", "st_lpips"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert drawn["metrics"]["ssim"]["median"] <= 1

    for words, part in (
        (["a key", "--seed", "-1"], "seed is -1"),
        (["  "], "prompt is empty"),
        (["a" * 10_001], "10001 characters"),
        (["a key", "--width", "100"], "width is 100"),
    ):
        with pytest.raises(SdqvizError, match=part):
            run("generate", made["run"], *words, "--json")

    listed = run("runs", "list", "--json")["runs"]
    own = {row["kind"] for row in listed if row["made"] > began}  # the others came with sdqviz
    assert own == {"quantize", "compare", "generate"}
    shown = run("runs", "show", made["run"], "--json")
    assert shown["result"]["size"]["bytes"] == made["bytes"]
    run("runs", "export", made["run"], "--out", str(tmp_path / "bundle"), "--json")
    run("runs", "sheet", made["run"], "--out", str(tmp_path / "sheet.png"), "--json")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG" and sheet.width == 2 * (4 * 256 + 5 * 8)  # two maps
    again = tmp_path / "again"
    run("runs", "export", made["run"], "--model", "--out", str(again), "--json")
    name = "unet/diffusion_pytorch_model.safetensors"
    assert (again / name).read_bytes() == (out / name).read_bytes()
    run("runs", "delete", made["run"], "--json")
    assert made["run"] not in {row["run"] for row in run("runs", "list", "--json")["runs"]}
    assert set(run("runs", "gc", "--json")) == {"files", "bytes"}


def test_doctor_says_what_is_missing(home):
    report = run("doctor", "--json")
    engines = {engine["name"]: engine["refusal"] for engine in report["engines"]}
    assert engines["eager"] is None
    assert {"cpu_onednn", "triton_w4a8"} <= set(engines)
    assert "mini-sd1" in report["models"]
    assert report["home"] == str(home)
    assert report["version"] == sdqviz.__version__


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["quantize", "nothing-here"], "unknown model"),
        (["quantize", "TINY", "--recipe", "magic"], "unknown recipe 'magic'"),
        (["quantize", "TINY", "--preset", "huge"], "unknown preset 'huge'"),
        (["quantize", "TINY", "--set", "wieght_bits=4"], "unknown config key"),
        (["quantize", "TINY", "--set", "weight_bits=40"], "weight_bits is 40"),
        (["quantize", "TINY", "--set", "weight_bits"], "has no '='"),
        (["quantize", "TINY", "--out", "TINY"], "already holds something"),
        (["compare", "TINY", "TINY"], "not a quantized model"),
        (["compare", "TINY", "TINY", "--prompts", "/nowhere.txt"], "cannot read"),
        (["generate", "abc", "a key"], "no run 'abc'"),
        (["compare", "TINY", "TINY", "--lpips", "resnet"], "unknown net"),
        (["runs", "show", "abc"], "no run 'abc'"),
        (["fetch", "nonsense"], "not a hub id"),
        (["app", "--host", "0.0.0.0"], "without a password"),
        (["app", "--share"], "without a password"),
    ],
)
def test_bad_input_is_one_clear_line(home, tiny_folder, words, part):
    words = [str(tiny_folder) if word == "TINY" else word for word in words]
    with pytest.raises(SdqvizError) as caught:
        run(*words)
    assert part in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_errors_reach_the_shell_as_json_and_as_text(home):
    for extra in (["--json"], []):
        done = subprocess.run(
            [sys.executable, "-m", "sdqviz", "quantize", "nothing-here", *extra],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        if extra:
            assert set(json.loads(done.stderr.strip().splitlines()[-1])) == {"error", "hint"}
        else:
            assert done.stderr.startswith("error: unknown model")


def test_a_home_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("SDQVIZ_HOME", str(blocked / "home"))
    with pytest.raises(SdqvizError, match="cannot write to the data folder"):
        run("runs", "list", "--json")


def test_no_room_is_refused_before_the_work(home, tiny_folder, monkeypatch):
    from sdqviz.runner import estimate

    monkeypatch.setattr(estimate, "free_bytes", lambda folder: 1000)
    with pytest.raises(SdqvizError, match="of disk"):
        run("quantize", str(tiny_folder), "--json")
    monkeypatch.setattr(estimate.machine, "available_bytes", lambda: 1000)
    with pytest.raises(SdqvizError, match="of memory"):
        run("quantize", str(tiny_folder), "--json")
    assert str(tiny_folder) not in {row["model"] for row in run("runs", "list", "--json")["runs"]}


def test_importing_the_package_is_all_lazy():
    code = "import sdqviz; print(callable(sdqviz.quantize), callable(sdqviz.compare))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SDQVIZ_HOME": "/nonexistent"},
    )
    assert done.stdout.strip() == "True True"
