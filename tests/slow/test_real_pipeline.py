"""`pytest -m slow tests/slow/test_real_pipeline.py -n 0 -s`: published shapes from end to end.

The layouts and the reduced depths take minutes, up to 20 GB of disk and 8 GB of memory. v1-4 whole
takes about an hour on one core, 16 GB of memory and 20 GB of disk; SDQVIZ_TEST_PIXELS (256) draws
it smaller, SDQVIZ_TEST_THREADS keeps it to so many cores of all. Tokenizers come by pip into a
cache (tests/slow/vocabularies.py).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import diffusers
import pytest
import torch
from safetensors.torch import load_file

import sdqviz
from sdqviz.base.events import SECONDS
from sdqviz.base.request import quantize_request
from sdqviz.families.components import component_files, variant_of
from sdqviz.families.loading import load
from sdqviz.layers.convert import packed_layers
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.estimate import estimate_quantize
from sdqviz.store.store import Store
from tests.slow.real_pipeline import (
    PIPELINE,
    lay_the_hub_around,
    save_real_pipeline,
    save_single_file,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(8 * 3600)]
PIXELS = int(os.environ.get("SDQVIZ_TEST_PIXELS", "256"))
FEW = {
    **{"steps": 2, "calibration_scenes": 1, "held_out_scenes": 1},
    **{"width": PIXELS, "height": PIXELS},
}
SHORT = {
    **{"training_steps": 4, "training_scenes": 1, "rounds": 1, "batch": 2, "previews": 1},
    **{"gradient_checkpointing": True, "trainable": "lora", "weighting": "uniform"},
}


@pytest.fixture(autouse=True)
def leave_no_gigabytes(tmp_path):
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


def parts_of(pipeline) -> dict[str, torch.nn.Module]:
    found = pipeline.components.items()
    return {name: part for name, part in found if isinstance(part, torch.nn.Module)}


@pytest.mark.parametrize("family", sorted(PIPELINE))
def test_every_layout_gives_the_same_model(family, tmp_path):
    """A plain folder, the hub's, its float16 twins alone, and one file in the original layout."""
    folder = save_real_pipeline(tmp_path / "plain", family, reduced=True)
    file = save_single_file(folder, family, tmp_path / "single.safetensors")
    hub = lay_the_hub_around(Path(shutil.copytree(folder, tmp_path / "hub")), family)
    names = {str(f.relative_to(hub)) for f in component_files(hub)}
    assert names == {str(f.relative_to(folder)) for f in component_files(folder)}
    wanted = {
        name: {k: t.half() for k, t in part.state_dict().items()}
        for name, part in parts_of(load(str(hub)).pipeline).items()
    }
    for twin in hub.rglob("*.fp16*"):
        plain = twin.with_name(twin.name.replace(".fp16", ""))
        plain.unlink(missing_ok=True)
    assert variant_of(hub) == "fp16"
    for where, config in ((hub, None), (file, str(folder))):
        own = parts_of(load(str(where), config, dtype="float16").pipeline)
        assert set(own) == set(wanted)
        for name, part in own.items():
            for key, tensor in part.state_dict().items():
                # v3's single files come without the small encoder's projection.
                if (family, name, key) != ("sd3", "text_encoder", "text_projection.weight"):
                    assert torch.equal(tensor.half(), wanted[name][key]), (where, name, key)


@pytest.mark.parametrize("family", ["sdxl", "sd3"])
def test_true_conditioning_at_reduced_depth(family, tmp_path, monkeypatch):
    monkeypatch.setenv("SDQVIZ_HOME", str(tmp_path / "home"))
    folder = save_real_pipeline(tmp_path / family, family, reduced=True)
    small = {**FEW, "width": 128, "height": 128}
    out = tmp_path / "w4a8"
    report = sdqviz.quantize(str(folder), recipe="round_nearest", config=small, out=out)
    assert report["bytes"] < 0.16 * report["fp_bytes"]
    draw(out, family, 128)


def draw(folder: Path, family: str, pixels: int, sampler: str = "") -> torch.Tensor:
    """The latents of a picture by plain diffusers, after one line of ours."""
    sdqviz.register()
    absent = {"text_encoder_3": None, "tokenizer_3": None} if family == "sd3" else {}
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, **absent)
    if sampler:
        own = pipeline.scheduler.config
        pipeline.scheduler = getattr(diffusers, sampler).from_config(own)
    latents = pipeline(
        "a lighthouse on a cliff at sunset, " + "very " * 100 + "detailed",  # over 77 tokens
        num_inference_steps=3,
        width=pixels,
        height=pixels,
        output_type="latent",
        generator=torch.Generator().manual_seed(0),
    ).images
    assert latents.isfinite().all()
    network = getattr(pipeline, "unet", None) or pipeline.transformer
    assert packed_layers(network)
    return latents


def environment(home: Path) -> dict[str, str]:
    """With all cores, unless fewer are asked for: the tests themselves are kept to one."""
    own = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    threads = os.environ.get("SDQVIZ_TEST_THREADS")
    return {**own, "SDQVIZ_HOME": str(home), **({"OMP_NUM_THREADS": threads} if threads else {})}


class Ended(NamedTuple):
    """What a command said on its standard output, and took: seconds, peak bytes."""

    code: int
    said: str
    seconds: float
    peak: int


class Job:
    """A command of ours in a process of its own, and what it took."""

    def __init__(self, home: Path, *words: str) -> None:
        self.told = home.parent / f"{words[0]}-{words[-1].replace('/', '-')}.log"
        self.log = self.told.open("w")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sdqviz", *words, "--json"],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    @staticmethod
    def quantize(home: Path, model: Path, recipe: str, config: dict, out: Path) -> "Job":
        settings = [p for k, v in config.items() for p in ("--set", f"{k}={json.dumps(v)}")]
        words = ["quantize", str(model), "--recipe", recipe, "--preset", "quick", *settings]
        return Job(home, *words, "--out", str(out))

    def end(self) -> "Ended":
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.log.close()
        seconds = time.monotonic() - self.started
        return Ended(self.process.returncode, said, seconds, used.ru_maxrss * 1024)

    def stop_at(self, line: str) -> None:
        """Asks it to stop once it tells this."""
        while self.process.poll() is None and f"\n{line}" not in f"\n{self.told.read_text()}":
            time.sleep(1)
        self.process.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def v1_4(tmp_path_factory):
    root = tmp_path_factory.mktemp("v1-4")
    yield lay_the_hub_around(save_real_pipeline(root / "v1-4", "sd1"), "sd1")
    shutil.rmtree(root)


@pytest.mark.parametrize("recipe", ["round_nearest", "fidelity"])
def test_v1_4_from_end_to_end(v1_4, recipe, tmp_path):
    """The fidelity recipe is cancelled while it trains and resumed: both parts are the fact."""
    config = {**FEW, **(SHORT if recipe == "fidelity" else {})}
    home, out = tmp_path / "home", tmp_path / "w4a8"
    job = Job.quantize(home, v1_4, recipe, config, out)
    parts = []
    if recipe == "fidelity":
        job.stop_at("distill 1/")
        parts.append(job.end())
        assert parts[0].code == 1, job.told.read_text()
        runs = told("runs", "list", home=home)["runs"]
        (run,) = (row for row in runs if row["model"] == str(v1_4))
        assert run["state"] == "cancelled"
        so_far = tmp_path / "so-far"
        told("runs", "export", run["run"], "--model", "--out", str(so_far), home=home)
        draw(so_far, "sd1", PIXELS)
        shutil.rmtree(so_far)
        job = Job(home, "runs", "resume", run["run"], "--out", str(out))
    parts.append(job.end())
    assert parts[-1].code == 0, job.told.read_text()
    report = json.loads(parts[-1].said.strip().splitlines()[-1])
    (run,) = told("runs", "list", home=home)["runs"]
    store = Store(home)
    result = store.runs.get(run["run"]).result or {}
    spent = {
        f"{event.layer}": round(event.value)
        for event in store.records.events(run["run"], "Scalar")
        if event.name == SECONDS
    }
    spec = quantize_request(static_catalog(), str(v1_4), recipe, "quick", config)
    timed = result["call_seconds"]
    estimate = estimate_quantize(spec, static_catalog(), timed, out=True)
    disk = sum(f.stat().st_size for d in (home, out) for f in d.rglob("*") if f.is_file())
    facts = {
        "seconds": (estimate.seconds, sum(part.seconds for part in parts)),
        "memory": (estimate.memory_bytes, max(part.peak for part in parts)),
        "disk": (estimate.disk_bytes + estimate.out_bytes, disk),
    }
    print(f"\nv1-4, {recipe}, {PIXELS} pixels: {report['bytes']:,} of {report['fp_bytes']:,} bytes")
    print(f"  a sample's call: {timed:.2f} s; stages, in seconds: {spent}")
    for name, (expected, fact) in facts.items():
        print(f"  {name}: estimated {expected:,.0f}, in fact {fact:,.0f} ({expected / fact:.2f})")
    assert report["bytes"] < 0.14 * report["fp_bytes"]
    for sampler in ("", "EulerDiscreteScheduler", "KDPM2DiscreteScheduler"):
        draw(out, "sd1", PIXELS, sampler)
    weights = load_file(out / "unet" / "diffusion_pytorch_model.safetensors")
    assert not [name for name in weights if "time_emb" in name]
    for name, (expected, fact) in facts.items():
        assert 0.5 < expected / fact < 1.5, name


def told(*words: str, home: Path) -> dict:
    """What a command prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "sdqviz", *words, "--json"],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])
