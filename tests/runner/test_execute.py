"""Whole runs on a tiny random model: inline, cancelled, killed and resumed, queued."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import SECONDS, Progress, Scalar
from sdqviz.base.request import (
    ACTIVATIONS,
    GENERATE,
    QUANTIZE,
    REFERENCE,
    WEIGHTS,
    generate_request,
    quantize_request,
)
from sdqviz.base.scene import Scene
from sdqviz.products.scenes import CalibrationScenes, HeldOutScenes, Sampler, TuneScenes
from sdqviz.products.trajectories import CalibrationTrajectories
from sdqviz.publish.bundle import export_run, import_run
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.runner.supervise import cancel
from sdqviz.store.runs import CANCELLED, DONE, FAILED, INTERRUPTED, RUNNING
from sdqviz.store.store import Store
from tests.conftest import QUICK
from tests.harness import context_of, run_until, stage_of
from tests.results.walk import unknown


def request(tiny_folder, **config):
    values = {**QUICK, **config}
    return quantize_request(static_catalog(), str(tiny_folder), "round_nearest", "quick", values)


@pytest.fixture(scope="module")
def models():
    return ModelCache()


def comparable(result):
    """A result without what a clock or the memory of the process decides."""
    plain = json.loads(json.dumps(result))
    for name in ("seconds", "peak_bytes", "step_seconds", "call_seconds"):
        plain.pop(name, None)
    for scene in plain["scenes"]:
        scene.pop("step_seconds")
    return plain


def test_a_run_leaves_everything_that_the_views_need(store, tiny_folder, models):
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, time_rows="all"))
    seen = []
    assert execute(store, store.runs.claim(), models, seen.append) == DONE
    run = store.runs.get(run_id)
    result = run.result
    stages = {event.stage for event in seen if isinstance(event, Progress)}
    assert stages == {"read", "record", "calibrate", "pack", "evaluate"}
    stages.discard("read")  # the model's files, before the first stage
    spent = {e.layer: e.value for e in seen if isinstance(e, Scalar) and e.name == SECONDS}
    assert set(spent) > stages and all(seconds > 0 for seconds in spent.values())
    assert run.progress == 1
    assert unknown(run.quantized) == set()  # what the stages write has a field to be read by
    assert json.dumps(run.quantized.as_row()) == json.dumps(result)
    assert sum(result["size"]["parts"].values()) == result["size"]["bytes"]
    calls = len(result["timesteps"])
    assert calls == 4
    assert len(result["per_step"]["replay"]) == len(result["per_step"]["free_run"]) == calls
    for metric in result["metrics"].values():
        assert metric["median"] is not None and metric["interval"] is None  # of one scene
    assert "st_lpips" in result["metrics"]
    ssim = result["metrics"]["ssim"]
    assert ssim["ceiling"] < ssim["median"] <= 1
    assert ssim["floor"] > ssim["ceiling"]
    for name in result["scenes"][0]["images"].values():
        assert store.blobs.get(name).startswith(b"\x89PNG")

    scene = Scene(prompt="a small key on a red background", steps=2, scheduler="ddim")
    own = store.runs.add(GENERATE, generate_request(run_id, scene))
    assert execute(store, store.runs.claim(), models) == DONE
    drawn = store.runs.get(own).result["scenes"][0]
    assert drawn["id"] == scene.id
    assert unknown(store.runs.get(own).outcome) == set()
    assert drawn["uncalibrated_calls"] == 1  # two steps, of which only the last was calibrated


def test_a_timestep_without_a_row_is_refused(store, tiny_folder, models):
    run_id = store.runs.add(QUANTIZE, request(tiny_folder))  # rows of its own sampler only
    execute(store, store.runs.claim(), models)
    size = store.runs.get(run_id).result["size"]
    assert size["bytes"] < 0.3 * size["fp_bytes"]
    scene = Scene(prompt="a small key on a red background", steps=2, scheduler="ddim")
    own = store.runs.add(GENERATE, generate_request(run_id, scene))
    assert execute(store, store.runs.claim(), models) == FAILED
    error = store.runs.get(own).error
    assert "is not in the time table" in error["error"]
    assert "time_rows: all" in error["hint"]


def test_a_run_may_draw_another_size_than_the_models(store, tiny_folder, models):
    spec = request(tiny_folder, width=32, height=48)
    context = context_of(store, spec, models)
    run_until(context, spec, "record")
    shapes = {t.x.shape[1:] for t in context.take(CalibrationTrajectories).by_scene.values()}
    assert shapes == {(4, 6, 4)}
    scenes = context.take(Sampler).training_scenes(2) + list(context.take(HeldOutScenes).scenes)
    assert {(scene.width, scene.height) for scene in scenes} == {(32, 48)}


def test_one_part_is_drawn_alone(store, tiny_folder, models):
    base = store.runs.add(QUANTIZE, request(tiny_folder, time_rows="all"))
    execute(store, store.runs.claim(), models)
    scene = Scene(prompt="a small key on a red background", steps=2, scheduler="ddim")
    pictures, engines = {}, {}
    for part in ("", WEIGHTS, ACTIVATIONS, "conv_in"):
        own = store.runs.add(GENERATE, generate_request(base, scene, part))
        assert execute(store, store.runs.claim(), models) == DONE, store.runs.get(own).error
        result = store.runs.get(own).result
        pictures[part] = result["scenes"][0]["images"]["student"]
        engines[part] = result["engine"]["layers"]
        missed = result["scenes"][0]["uncalibrated_calls"]
        assert missed == (1 if part in ("", ACTIVATIONS) else 0), part
    assert len({*pictures.values()}) == 4
    assert set(engines[WEIGHTS]) == {"weight-only"}
    assert engines[ACTIVATIONS] == {"weight-only": 0}  # no layer is packed

    own = store.runs.add(GENERATE, generate_request(base, scene, engine=REFERENCE))
    assert execute(store, store.runs.claim(), models) == DONE, store.runs.get(own).error
    result = store.runs.get(own).result
    assert set(result["engine"]["layers"]) == {REFERENCE}
    assert result["scenes"][0]["images"]["student"] == pictures[""]  # every engine's, to the bit
    again = store.runs.add(GENERATE, generate_request(base, scene))
    assert execute(store, store.runs.claim(), models) == DONE
    assert store.runs.get(again).result["engine"]["layers"] == engines[""]
    own = store.runs.add(GENERATE, generate_request(base, scene, engine="warp"))
    assert execute(store, store.runs.claim(), models) == FAILED
    assert "unknown engine 'warp'" in store.runs.get(own).error["error"]


def test_the_same_request_again_gives_the_same_numbers(store, tiny_folder, models, tmp_path):
    results = []
    for folder in (store.folder, tmp_path / "other"):
        fresh = Store(folder)
        run_id = fresh.runs.add(QUANTIZE, request(tiny_folder))
        execute(fresh, fresh.runs.claim(), models)
        results.append(comparable(fresh.runs.get(run_id).result))
    assert results[0] == results[1]


def test_activation_precision_shows_in_the_scores(store, tiny_folder, models):
    scores = {}
    for bits in (8, 4):
        run_id = store.runs.add(QUANTIZE, request(tiny_folder, activation_bits=bits))
        execute(store, store.runs.claim(), models)
        scores[bits] = store.runs.get(run_id).result["metrics"]["psnr"]["median"]
    assert scores[8] > scores[4] + 3


def test_a_failure_is_one_line_and_the_store_goes_on(store, tiny_folder, models):
    store.runs.add(QUANTIZE, {**request(tiny_folder), "model": "/nowhere"})
    assert execute(store, store.runs.claim(), models) == FAILED
    failed = store.runs.list()[0]
    assert failed.error["error"].startswith("unknown model")
    assert failed.error["hint"]


def test_cancel_between_two_events(store, tiny_folder, models):
    run_id = store.runs.add(QUANTIZE, request(tiny_folder))

    def see(event):
        if isinstance(event, Progress) and event.stage == "calibrate":
            store.runs.request_cancel(run_id)

    assert execute(store, store.runs.claim(), models, see) == CANCELLED
    assert store.runs.get(run_id).state == CANCELLED
    store.runs.resume(run_id)
    assert execute(store, store.runs.claim(), models) == DONE


def test_evaluation_refuses_a_scene_that_was_seen(store, tiny_folder, models):
    spec = request(tiny_folder)
    context = context_of(store, spec, models)
    run_until(context, spec, "pack")
    calibration, held_out = context.take(CalibrationScenes), context.take(HeldOutScenes)
    assert not {s.prompt for s in calibration.scenes} & {s.prompt for s in held_out.scenes}
    context.give(HeldOutScenes(calibration.scenes))
    with pytest.raises(SdqvizError, match="was calibrated on"):
        list(stage_of(spec, "evaluate").run(context))
    context.give(HeldOutScenes(context.take(TuneScenes).scenes))
    with pytest.raises(SdqvizError, match="was watched while training"):
        list(stage_of(spec, "evaluate").run(context))
    trained = context.take(Sampler).training_scenes(5)[-1:]
    assert trained[0].prompt not in {s.prompt for s in calibration.scenes}
    context.give(HeldOutScenes(tuple(trained)))
    with pytest.raises(SdqvizError, match="that training draws from"):
        list(stage_of(spec, "evaluate").run(context))


def test_an_exported_run_can_be_taken_in_elsewhere(store, tiny_folder, models, tmp_path):
    run_id = store.runs.add(QUANTIZE, request(tiny_folder))
    execute(store, store.runs.claim(), models)
    run = store.runs.get(run_id)
    other = Store(tmp_path / "other")
    folder = export_run(store, run, tmp_path / "bundle")
    assert import_run(other, folder) == import_run(other, folder) == run_id
    assert other.runs.get(run_id).result == run.result
    assert other.records.events(run_id) == store.records.events(run_id)
    picture = next(folder.glob("*.png"))
    picture.write_bytes(b"changed")
    with pytest.raises(SdqvizError, match="damaged"):
        import_run(Store(tmp_path / "third"), folder)


def start_worker(home, checkpoint_seconds: float = 30) -> subprocess.Popen:
    command = [sys.executable, "-m", "sdqviz.runner.worker", "--home", str(home), "--once"]
    env = {**os.environ, "SDQVIZ_CHECKPOINT_SECONDS": str(checkpoint_seconds)}
    return subprocess.Popen(command, start_new_session=True, env=env)


def wait_for(store, run_id, wanted, seconds=240):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run = store.runs.get(run_id)
        if wanted(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"still {store.runs.get(run_id)}")


@pytest.mark.slow
def test_kill_9_then_resume_gives_the_uninterrupted_result(store, tiny_folder, models, tmp_path):
    spec = request(tiny_folder, calibration_scenes=2, held_out_scenes=3, steps=8)
    run_id = store.runs.add(QUANTIZE, spec)
    next_id = store.runs.add(QUANTIZE, request(tiny_folder))
    worker = start_worker(store.folder)
    wait_for(store, run_id, lambda run: run.stage in ("calibrate", "pack", "evaluate"))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    states = {run.id: run.state for run in store.runs.list()}
    assert states[run_id] == INTERRUPTED
    assert states[next_id] == "queued"  # the one behind it waits unharmed
    store.runs.resume(run_id)
    worker = start_worker(store.folder)
    assert worker.wait(timeout=300) == 0
    resumed = store.runs.get(run_id)
    assert resumed.state == store.runs.get(next_id).state == DONE
    assert resumed.attempt == 2

    whole = Store(tmp_path / "whole")
    whole_id = whole.runs.add(QUANTIZE, spec)
    assert start_worker(whole.folder).wait(timeout=300) == 0
    assert comparable(whole.runs.get(whole_id).result) == comparable(resumed.result)


def test_a_running_worker_stops_when_asked(store, tiny_folder):
    run_id = store.runs.add(
        QUANTIZE, request(tiny_folder, calibration_scenes=50, held_out_scenes=50, steps=50)
    )
    worker = start_worker(store.folder)
    wait_for(store, run_id, lambda run: run.state == RUNNING and run.progress > 0)
    started = time.monotonic()
    assert cancel(store, run_id).state == CANCELLED
    assert time.monotonic() - started < 25
    assert worker.wait(timeout=60) == 0


def by_stage_of(told) -> dict[str, list[Progress]]:
    """Each stage's progress, checked to go forward to its end."""
    by_stage: dict[str, list[Progress]] = {}
    for event in told:
        if isinstance(event, Progress):
            by_stage.setdefault(event.stage, []).append(event)
    for stage, events in by_stage.items():
        done = [event.done for event in events]
        assert done == sorted(done), stage
        assert len({event.total for event in events}) == 1, stage
        assert done[-1] == events[0].total, stage
    return by_stage


def test_progress_is_told_with_every_network_call_and_never_goes_back(store, tiny_folder, models):
    store.runs.add(QUANTIZE, request(tiny_folder, steps=4, calibration_scenes=2, scheduler="ddim"))
    told = []
    assert execute(store, store.runs.claim(), models, told.append) == DONE
    by_stage = by_stage_of(told)
    # Three scenes of four calls; of the two that are calibrated on each call once.
    assert {event.done for event in by_stage["record"]} == set(range(13))
    assert {event.done for event in by_stage["calibrate"]} == set(range(10))
    assert len({event.done for event in by_stage["evaluate"]}) > 4 * 4
    layers = store.runs.list()[0].result["layers"]
    assert by_stage["pack"][-1].total == sum(row["parameters"] for row in layers if row["weight"])
    assert next(iter(by_stage)) == "read"
