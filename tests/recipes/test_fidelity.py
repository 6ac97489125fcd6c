"""The fidelity recipe on the tiny random model: each idea, cancel, kill and resume."""

import gc
import json
import os
import re
import signal
import subprocess
import sys
import weakref

import pytest
import torch
from safetensors.torch import load_file

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import SECONDS, Log, Preview, Progress, Scalar, State
from sdqviz.base.request import QUANTIZE, quantize_request
from sdqviz.base.steps import result_of
from sdqviz.layers.checkpoint import packed_tensors
from sdqviz.products.scenes import Sampler, TuneScenes
from sdqviz.products.students import Learned
from sdqviz.publish.card import model_card
from sdqviz.results.quantize import QuantizedModel
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import CANCELLED, DONE, FAILED, INTERRUPTED
from sdqviz.store.store import Store
from sdqviz.sweeps.ablation import ablate, arm_specs
from sdqviz.sweeps.arms import ARMS
from sdqviz.sweeps.bits import parse_bits
from sdqviz.training import distillation
from sdqviz.training.checkpoints import Checkpoints
from sdqviz.training.course import Course
from sdqviz.training.distillation import Distillation
from sdqviz.views.training.ablation import ablation_curves
from tests.conftest import QUICK
from tests.harness import context_of, run_until, stage_of
from tests.results.walk import unknown
from tests.runner.test_execute import by_stage_of, comparable, start_worker, wait_for

TRAIN = {**QUICK, "training_steps": 8, "training_scenes": 2, "rounds": 2, "batch": 4, "previews": 2}
FASTER = {"weight_rate": 0.02, "scale_rate": 0.005}


def request(tiny_folder, **config):
    values = {**TRAIN, **config}
    return quantize_request(static_catalog(), str(tiny_folder), "fidelity", "quick", values)


@pytest.fixture(scope="module")
def models():
    return ModelCache()


def run(store, models, spec, see=lambda event: None):
    run_id = store.runs.add(QUANTIZE, spec)
    state = execute(store, store.runs.claim(), models, see)
    return state, store.runs.get(run_id)


def test_a_training_lowers_the_error_of_every_block(store, tiny_folder, models):
    seen = []
    values = {"training_steps": 80, "weighting": "uniform", "inter_layer": 20.0, "batch": 8}
    spec = request(tiny_folder, weight_rate=0.01, **values)
    state, done = run(store, models, spec, seen.append)
    assert state == DONE, done.error
    replay = {}
    for event in seen:
        if isinstance(event, Scalar) and event.name == "replay":
            replay.setdefault(event.layer, []).append(event.value)
    assert len(replay) > 5
    risen = {b: (c[0], c[-1]) for b, c in replay.items() if c[-1] >= c[0]}
    assert not risen
    assert len([e for e in seen if isinstance(e, Preview)]) == 4  # teacher, start, middle, end
    losses = [e.value for e in seen if isinstance(e, Scalar) and e.name == "loss"]
    assert sum(losses[-5:]) < sum(losses[:5])
    before = run(store, models, request(tiny_folder, training_steps=0))[1]
    assert done.result["metrics"]["psnr"]["median"] > before.result["metrics"]["psnr"]["median"]
    facts = done.result["training"]
    assert facts["steps"] == 80
    assert facts["samples_per_second"] > 0
    row = next(r for r in done.result["layers"] if r["name"] == "mid_block.resnets.0.conv1")
    assert row["pairs"] != row["initial_pairs"]  # learned
    assert not list((store.folder / "scratch").glob("*/*"))


@pytest.mark.parametrize(
    "config",
    [
        {"source": "teacher", "order": "serial"},
        {"source": "mix", "target": "guided"},
        {"trainable": "scales"},
        {"trainable": "lora", "lora_rank": 2},
        {"pair_shape": "smooth"},
        {"timestep_group": 2},
        {"per_timestep": False},
        {"time_rows": "none"},
        {"inter_layer": 0.0, "group": 0},
        {"precision": "fp32"},
        {"micro_batch": 2, "precision": "fp16"},
        {"gradient_checkpointing": True},
        {"optimizer_bits": 8},
        {"eight_bit_fraction": 0.2},
    ],
    ids=lambda config: next(iter(config)),
)
def test_every_choice_trains_to_a_student(store, tiny_folder, models, config):
    state, done = run(store, models, request(tiny_folder, **config))
    assert state == DONE, done.error
    assert done.result["training"]["steps"] == 8
    if "eight_bit_fraction" in config:
        bits = [r["weight"]["bits"] for r in done.result["layers"] if r["role"] == "block"]
        assert 8 in bits
        assert 4 in bits
        assert any("sensitive" in r["reason"] for r in done.result["layers"])
        assert unknown(done.quantized) == set()
        assert set(done.quantized.sensitivity) <= {layer.name for layer in done.quantized.layers}


@pytest.mark.parametrize("values", [{}, {"trainable": "lora"}], ids=["all", "lora"])
def test_a_teacher_in_half_precision_teaches_in_its_own(store, tiny_folder, models, values):
    spec = {**request(tiny_folder, **values), "dtype": "float16"}
    state, done = run(store, models, spec)
    assert state == DONE, done.error
    assert models.of(spec).model.network.conv_in.weight.dtype == torch.float16


def test_what_was_learned_is_let_go_before_the_evaluation(store, tiny_folder, models):
    context = context_of(store, spec := request(tiny_folder), models)
    run_until(context, spec, "distill")
    network = weakref.ref(context.take(Learned).network)
    list(stage_of(spec, "pack").run(context))
    gc.collect()
    assert network() is None


def test_each_prompt_is_encoded_once(store, tiny_folder, models, monkeypatch):
    context = context_of(store, spec := request(tiny_folder), models)
    context.model.encoded.clear()
    asked, family = [], type(context.model.family)
    own = family.condition

    def condition(self, model, scene):
        asked.append((scene.prompt, scene.guided))
        return own(self, model, scene)

    monkeypatch.setattr(family, "condition", condition)
    run_until(context, spec, "evaluate")
    assert len(asked) > 3
    assert len(asked) == len(set(asked))


def test_the_student_has_no_time_layers_and_its_table_is_exact(store, tiny_folder, models, tiny):
    spec = request(tiny_folder, time_rows="all")
    state, done = run(store, models, spec)
    assert state == DONE
    loaded = models.model(str(tiny_folder))
    student = models.student(loaded, store.blobs.file(done.result["packed"]))
    names = set(packed_tensors(student))
    assert not [n for n in names if "time_embedding" in n or "time_emb_proj" in n]
    network = tiny.network
    timestep = torch.tensor([251])
    embedding = network.time_embedding(network.time_proj(timestep))
    row = student.time_proj(timestep)
    start = 0
    for block in (m for m in network.modules() if getattr(m, "time_emb_proj", None)):
        wanted = block.time_emb_proj(block.nonlinearity(embedding))
        got = row[:, start : start + wanted.shape[1]]
        assert torch.allclose(got, wanted, atol=2e-3 * wanted.abs().max().item())  # fp16 rows
        start += wanted.shape[1]
    assert start == row.shape[1]


def test_the_packed_file_holds_the_channel_factors(store, tiny_folder, models):
    for equalise in (True, False):
        spec = request(tiny_folder, training_steps=0, equalise=equalise)
        state, done = run(store, models, spec)
        assert state == DONE, done.error
        tensors = load_file(store.blobs.path(done.result["packed"]))
        factors = {n: t for n, t in tensors.items() if n.endswith(".activations.factor")}
        shown = {
            row["name"]: row["equalised"] for row in done.result["layers"] if "equalised" in row
        }
        assert bool(factors) == equalise
        assert set(shown) == {name.removesuffix(".activations.factor") for name in factors}
        for name, factor in factors.items():
            assert factor.isfinite().all()
            assert shown[name.removesuffix(".activations.factor")][0] == (1 / factor).min().item()


def test_a_frozen_block_is_an_event_and_stays(store, tiny_folder, models):
    seen = []
    spec = request(
        tiny_folder, training_steps=80, freeze_plateau=0.9, freeze_oscillation=1.0, **FASTER
    )
    assert run(store, models, spec, seen.append)[0] == DONE
    frozen = [e for e in seen if isinstance(e, State) and e.name == "frozen"]
    assert frozen
    assert all("plateau" in event.reason for event in frozen)


@pytest.mark.slow  # `tests/kills` and `test_execute.py` kill too
def test_kill_9_then_resume_gives_the_same_bytes(store, tiny_folder, tmp_path):
    spec = request(tiny_folder, training_steps=120, rounds=3, freeze_plateau=0.2, **FASTER)
    run_id = store.runs.add(QUANTIZE, spec)
    worker = start_worker(store.folder, checkpoint_seconds=0.2)
    wait_for(store, run_id, lambda run: run.stage == "distill" and run.progress > 0.35)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert {r.id: r.state for r in store.runs.list()}[run_id] == INTERRUPTED
    assert list(store.folder.glob("scratch/*/distill/*/state-*.safetensors"))
    store.runs.resume(run_id)
    assert start_worker(store.folder).wait(timeout=300) == 0
    resumed = store.runs.get(run_id)
    assert resumed.state == DONE, resumed.error
    messages = [e.message for e in store.records.events(run_id, "Log")]
    assert any(m.startswith("training goes on from step") for m in messages)

    whole = Store(tmp_path / "whole")
    whole_id = whole.runs.add(QUANTIZE, spec)
    assert start_worker(whole.folder).wait(timeout=300) == 0
    other = whole.runs.get(whole_id)
    assert other.result["packed"] == resumed.result["packed"]  # the blob's name is its hash
    assert plain(other.result) == plain(resumed.result)


def test_a_training_leaves_the_fp_model_as_it_was(store, tiny_folder, models):
    spec = request(tiny_folder)
    network = models.of(spec).model.network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert run(store, models, spec)[0] == DONE
    changed = [n for n, t in network.state_dict().items() if not torch.equal(t, before[n])]
    assert not changed


def test_a_torn_state_starts_the_training_anew_and_says_so(
    store, tiny_folder, models, monkeypatch, tmp_path
):
    spec = request(tiny_folder)
    assert run(Store(tmp_path / "whole"), models, spec)[0] == DONE
    right = Store(tmp_path / "whole").runs.list()[0]
    load, seen = Checkpoints.load, []

    def after_a_power_cut(self):
        self.folder.mkdir(parents=True)
        (self.folder / f"state-{'0' * 64}.safetensors").write_bytes(b"")
        return load(self)

    monkeypatch.setattr(Checkpoints, "load", after_a_power_cut)
    state, done = run(store, models, spec, seen.append)
    assert state == DONE
    assert [e for e in seen if isinstance(e, Log) and "damaged: it starts anew" in e.message]
    assert done.result["packed"] == right.result["packed"]


def plain(result):
    training = {k: v for k, v in result["training"].items() if "second" not in k}
    return {**comparable(result), "training": training}


def test_a_run_that_finds_its_training_tells_the_same_curves(store, tiny_folder, models):
    """Its page must not hang on what the store has met."""
    spec, told = request(tiny_folder), []
    for preset in ("quick", "balanced"):  # another label, the same settings
        seen = []
        assert run(store, models, {**spec, "preset": preset}, seen.append)[0] == DONE
        kept = [e for e in seen if isinstance(e, Scalar | Preview | State)]
        told.append([e for e in kept if e.name != SECONDS])
    assert told[0] == told[1]
    assert [e for e in told[1] if e.name == "loss"] and [e for e in told[1] if e.name == "student"]


def test_a_training_tells_where_it_is_between_its_steps(store, tiny_folder, models):
    told, rows = [], []

    def see(event):
        told.append(event)
        if isinstance(event, Progress) and event.stage == "distill":
            rows.append(store.runs.list()[0])

    config = {"micro_batch": 2, "eight_bit_fraction": 0.1, "weighting": "influence"}
    state, row = run(store, models, request(tiny_folder, **config), see)
    assert state == DONE, row.error
    by_stage = by_stage_of(told)
    events = by_stage["distill"]
    places = [event.place for event in events]
    for wanted in (
        "round 1 of 2, walking scene 2 of 2, call 1 of",
        "in step 1 of 8, 2 of 4 samples",
        "step 5 of 8",
        "preview at step 8, call 1 of",
        "scales of ",
    ):
        assert [place for place in places if place.startswith(wanted)], wanted
    between = places[places.index("in step 1 of 8, 2 of 4 samples") :]
    assert len(between) >= 2 * 8
    assert " s a step" in places[-2]
    assert len({event.done for event in by_stage["influence"]}) > 10
    assert len({event.done for event in by_stage["sensitivity"]}) > 10
    written = [row for row in rows if row.stage == "distill" and row.place]
    assert {row.place for row in written} > {places[-2]}
    assert all(row.eta_low <= row.eta_seconds <= row.eta_high for row in written if row.eta_seconds)
    assert any(row.eta_seconds for row in written)


def test_a_look_that_was_cut_short_comes_again(store, tiny_folder, models):
    spec = request(tiny_folder)
    run_id = store.runs.add(QUANTIZE, spec)

    def see(event):
        if isinstance(event, Progress) and event.place.startswith("preview at step 4, call 1"):
            store.runs.request_cancel(run_id)

    assert execute(store, store.runs.claim(), models, see) == CANCELLED
    assert store.runs.get(run_id).result["stopped_at"] == {"step": 4, "of": 8}
    store.runs.resume(run_id)
    assert execute(store, store.runs.claim(), models) == DONE
    whole = Store(store.folder.with_name("whole"))
    whole.runs.add(QUANTIZE, spec)
    assert execute(whole, whole.runs.claim(), models) == DONE

    def looks(of):
        found = of.records.events(of.runs.list()[0].id)
        return {(e.step, e.value) for e in found if isinstance(e, Scalar) and e.name == "tune_flip"}

    assert looks(store) == looks(whole) and len(looks(whole)) == 3
    ours, theirs = store.runs.list()[0].result, whole.runs.list()[0].result
    assert ours["packed"] == theirs["packed"]


@pytest.mark.parametrize("ask", ["request_cancel", "request_finish"])
def test_a_training_that_is_left_before_its_first_step_leaves_its_start(
    store, tiny_folder, models, ask
):
    """While it searches the weights' scales it has no student yet: it searches on, and keeps it."""
    run_id = store.runs.add(QUANTIZE, request(tiny_folder))

    def see(event):
        if isinstance(event, Progress) and event.place.startswith("scales of "):
            getattr(store.runs, ask)(*(run_id, ["distill"])[: 1 + (ask == "request_finish")])

    state = execute(store, store.runs.claim(), models, see)
    assert state == (CANCELLED if ask == "request_cancel" else DONE)
    left = store.runs.get(run_id).result
    assert left["stopped_at"] == {"step": 0, "of": 8}
    assert store.blobs.get(left["packed"])


def test_a_cancel_keeps_the_student_so_far(store, tiny_folder, models):
    spec = request(tiny_folder, training_steps=40)
    run_id = store.runs.add(QUANTIZE, spec)

    def see(event):
        if isinstance(event, Progress) and event.place.startswith("step 10 of"):
            store.runs.request_cancel(run_id)

    assert execute(store, store.runs.claim(), models, see) == CANCELLED
    stopped = store.runs.get(run_id)
    assert stopped.result["stopped_at"] == {"step": 10, "of": 40}
    assert type(stopped.outcome) is QuantizedModel  # without scores
    assert unknown(stopped.outcome) == set()
    loaded = models.model(str(tiny_folder))
    assert models.student(loaded, store.blobs.file(stopped.result["packed"]))
    log = [e.message for e in store.records.events(run_id, "Log")]
    assert any("the student of step 10 of 40 is kept" in m for m in log)
    store.runs.resume(run_id)
    assert execute(store, store.runs.claim(), models) == DONE
    again = run(store, models, {**spec, "preset": "balanced"})[1]
    assert store.runs.get(run_id).result["packed"] == again.result["packed"]


def test_a_training_that_is_finished_early_is_packed_and_scored(store, tiny_folder, models):
    spec = request(tiny_folder, training_steps=40)
    run_id = store.runs.add(QUANTIZE, spec)

    def see(event):
        if isinstance(event, Progress) and event.place.startswith("step 10 of"):
            store.runs.request_finish(run_id, ["distill"])

    assert execute(store, store.runs.claim(), models, see) == DONE
    early = store.runs.get(run_id).result
    assert early["stopped_at"] == {"step": 10, "of": 40}
    assert early["training"]["steps"] == 10
    assert early["scenes"] and early["metrics"]["flip"]["median"] > 0
    assert "finished early at step 10 of 40" in model_card(store.runs.get(run_id))
    assert not list((store.folder / "scratch").glob("*/*"))
    # It is not what its spec asks for: the same request trains on its own.
    whole = run(store, models, spec)[1].result
    assert whole["made_by"] != early["made_by"]
    assert whole["packed"] != early["packed"]


@pytest.mark.parametrize("stage", ["pack", "evaluate"])
def test_a_cancel_after_the_training_keeps_the_whole_student(store, tiny_folder, models, stage):
    run_id = store.runs.add(QUANTIZE, request(tiny_folder))

    def see(event):
        if isinstance(event, Progress) and event.stage == stage:
            store.runs.request_cancel(run_id)

    assert execute(store, store.runs.claim(), models, see) == CANCELLED
    stopped = store.runs.get(run_id).result
    assert stopped["stopped_at"] == {"step": 8, "of": 8}
    assert store.blobs.get(stopped["packed"])


@pytest.mark.slow
def test_a_signal_stops_a_training_at_its_next_step(store, tiny_folder):
    """As Ctrl-C does in a terminal: the student so far is kept."""
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, training_steps=400))
    worker = start_worker(store.folder)
    wait_for(store, run_id, lambda run: run.stage == "distill" and run.progress > 0.2)
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    stopped = store.runs.get(run_id)
    assert stopped.state == CANCELLED
    assert 0 < stopped.result["stopped_at"]["step"] < 400


def test_a_loss_that_is_not_finite_names_block_and_timestep(store, tiny_folder, models):
    spec = request(tiny_folder, weighting="uniform")
    context = context_of(store, spec, models)
    run_until(context, spec, "influence")
    stage = stage_of(spec, "distill")
    scenes = context.take(Sampler).training_scenes(stage.rounds * stage.training_scenes)
    course = Course.of(stage.name, stage, scenes, context.take(TuneScenes).scenes[0])
    student = result_of(stage._student(context.seen_by(stage), course))
    training = Distillation(course, context.seen_by(stage), stage, student, "key")
    wanted = r"the loss is nan at step 2, first in mid_block.resnets.0 at timestep"
    with pytest.raises(SdqvizError, match=wanted):
        for event in training.run():
            if isinstance(event, Progress) and event.place.startswith("step 2 of"):
                with torch.no_grad():
                    student.mid_block.resnets[0].conv1.weight.fill_(torch.nan)


def test_bad_settings_are_one_line(store, tiny_folder, models):
    with pytest.raises(SdqvizError, match="inter_layer is -1"):
        request(tiny_folder, inter_layer=-1.0)
    with pytest.raises(SdqvizError, match="timestep_group is 0"):
        request(tiny_folder, timestep_group=0)
    state, failed = run(store, models, request(tiny_folder, timestep_group=50))
    assert state == FAILED
    assert "timestep_group is 50, but the sampler visits" in failed.error["error"]


def test_the_ablation_runs_each_arm_once_and_goes_on(store, tiny_folder, models):
    config = {**TRAIN, "training_steps": 2}
    specs = arm_specs(str(tiny_folder), "quick", ["W4A8", "W3A8"], 1, config)
    assert len(specs) == len(ARMS) + 3
    some = [specs[0], specs[3], specs[len(ARMS)], specs[-1]]
    made, arms = ablate(store, some[:2], lambda event: None)
    assert [row["arm"] for row in made.result["rows"]] == ["RTN static", "serial on teacher"]
    assert made.result["rows"][0]["flip_ratio"]["median"] == 1.0
    again, arms_again = ablate(store, some, lambda event: None)
    assert [a.id for a in arms_again[:2]] == [a.id for a in arms]  # found, not repeated
    assert [row["bits"] for row in again.result["rows"]] == ["W4A8", "W4A8", "W3A8", "W3A8"]
    assert json.dumps(again.result["rows"])
    curves = [event for event in store.records.events(again.id) if isinstance(event, Scalar)]
    assert {event.layer for event in curves} == {"serial on teacher, W4A8", "full recipe, W3A8"}
    assert [e.step for e in curves if e.layer == "full recipe, W3A8"] == [0, 1]
    assert "serial on teacher" in ablation_curves(curves, "W4A8")


def test_which_arms_get_which_seeds():
    specs = arm_specs("mini-sd1", "quick", ["W4A8", "W3A8"], 1, {}, 3, ["W2A8"])
    counts = {}
    for spec in specs:
        arm, bits, _ = spec["arm"].rsplit(", ", 2)
        counts[bits, arm] = counts.get((bits, arm), 0) + 1
    assert counts["W4A8", "full recipe"] == counts["W3A8", "serial on teacher"] == 3
    assert counts["W2A8", "full recipe"] == counts["W4A8", "without freezing"] == 1
    assert ("W3A8", "without freezing") not in counts and ("W2A8", "smooth ranges") not in counts


def test_bit_names():
    assert parse_bits("w3a8") == (3, 8)
    with pytest.raises(SdqvizError, match="W9A8"):
        parse_bits("W9A8")


@pytest.mark.slow
def test_two_processes_train_the_student_of_one(tiny_folder, tmp_path):
    """Data-parallel training averages to the gradient of the whole batch, nearly: each process
    divides by the power of its own share.
    """
    sets = {**TRAIN, "training_steps": 6, "batch": 8, "precision": "fp32"}
    command = ["-m", "sdqviz", "quantize", str(tiny_folder), "--json", "--out"]
    options = [part for name, value in sets.items() for part in ("--set", f"{name}={value}")]
    launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--num_cpu_threads_per_process=1"]
    for name, start in (("one", []), ("two", launch)):
        done = subprocess.run(
            [sys.executable, *start, *command, str(tmp_path / name), *options],
            env={**os.environ, "SDQVIZ_HOME": str(tmp_path / f"home-{name}")},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
    before, one, two = (
        load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
        for folder in (tiny_folder, tmp_path / "one", tmp_path / "two")
    )
    assert one.keys() == two.keys()
    moved = [n for n in one if n.endswith(".bias") and not torch.equal(one[n].float(), before[n])]
    assert len(moved) > 10
    first, second = (
        torch.cat([t[n].float().flatten() - before[n].flatten() for n in moved]) for t in (one, two)
    )
    assert torch.corrcoef(torch.stack([first, second]))[0, 1] > 0.95
    assert first.norm().item() == pytest.approx(second.norm().item(), rel=0.1)
    codes = [(one[n] != two[n]).float().flatten() for n in one if n.endswith(".codes")]
    assert torch.cat(codes).mean() < 0.02


def test_a_recipe_without_a_training_runs_under_accelerate(tiny_folder, tmp_path):
    """The first process does the work; a helper has nothing to help with, and ends well."""
    launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--num_cpu_threads_per_process=1"]
    command = ["-m", "sdqviz", "quantize", str(tiny_folder), "--recipe", "round_nearest"]
    options = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")]
    done = subprocess.run(
        [sys.executable, *launch, *command, *options, "--out", str(tmp_path / "out")],
        env={**os.environ, "SDQVIZ_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model_index.json").exists()


def test_running_out_of_memory_names_the_estimate_and_a_smaller_batch(
    store, tiny_folder, models, monkeypatch
):
    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(distillation, "training_loss", full)
    state, failed = run(store, models, request(tiny_folder))
    assert state == FAILED
    assert re.search(
        r"out of memory: training with batch 4, .* about \d+\.\d GB", failed.error["error"]
    )
    for way in ("micro_batch: 2", "gradient_checkpointing: true", "trainable: lora or scales"):
        assert way in failed.error["hint"]
