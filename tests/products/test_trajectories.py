"""Trajectories on disk: how exact they are read back, and that many cost no memory."""

from pathlib import Path

import pytest
import torch

from sdqviz.base.scene import Scene
from sdqviz.base.steps import result_of
from sdqviz.diffusion.trajectory import Trajectory
from sdqviz.families.arithmetic import other_arithmetic
from sdqviz.families.loading import load
from sdqviz.families.predictor import predictor
from sdqviz.metrics.steps import replay_errors
from sdqviz.products.context import Context
from sdqviz.products.trajectories import (
    CalibrationTrajectories,
    StoredTrajectories,
    record_scene,
    recorded,
    teacher_trajectory,
)
from sdqviz.runner.products import StoredProducts
from tests.tiny import save_tiny_model


@pytest.fixture
def products(store):
    return StoredProducts(store, store.runs.add("quantize", {"model": "tiny"}))


def scene_of(model, seed: int = 5) -> Scene:
    return Scene(prompt="a red apple", steps=4, seed=seed, scheduler=model.family.samplers[0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("family", ["sd1", "sd3"])
def test_a_half_precision_models_calls_lose_nothing(tmp_path, products, family, dtype):
    model = load(str(save_tiny_model(tmp_path / family, family)), dtype=dtype)
    context, scene = Context(model, f"{family} {dtype}", products), scene_of(model)
    stored, fresh = teacher_trajectory(context, scene), record_scene(context, scene)
    for name in ("timesteps", "outputs", "latents"):
        assert torch.equal(getattr(stored, name), getattr(fresh, name)), name
    assert not any(result_of(replay_errors(stored, predictor(model, scene))))


def test_a_float32_models_calls_are_exact_far_below_the_noise_floor(tiny, products):
    context, scene = Context(tiny, "tiny", products), scene_of(tiny)
    stored, fresh = teacher_trajectory(context, scene), record_scene(context, scene)
    assert torch.equal(stored.latents, fresh.latents)
    for name in ("x", "outputs"):
        one, other = getattr(stored, name), getattr(fresh, name)
        assert one.dtype == torch.float32
        assert (one - other).square().sum() < 1e-7 * other.square().sum()
    errors = result_of(replay_errors(stored, predictor(tiny, scene)))
    with other_arithmetic(tiny.network):
        floor = result_of(replay_errors(fresh, predictor(tiny, scene)))
    assert all(100 * error < own for error, own in zip(errors, floor, strict=True))
    file = products.file(recorded(context, scene))
    full = sum(tensor.nbytes for tensor in fresh.tensors().values())
    assert file.stat().st_size < 0.75 * full


def test_calls_beyond_float16_keep_their_format(tiny, products, monkeypatch):
    context, scene = Context(tiny, "tiny", products), scene_of(tiny)
    with torch.no_grad():
        weight = tiny.network.conv_out.weight
        before = weight.clone()
        weight.mul_(1e7)
    try:
        stored, fresh = teacher_trajectory(context, scene), record_scene(context, scene)
    finally:
        weight.data.copy_(before)
    assert fresh.outputs.abs().max() > 65504
    assert torch.equal(stored.outputs, fresh.outputs)


def own_bytes() -> int:
    """Memory of this process that no file backs."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def test_many_trajectories_cost_no_memory(products):
    from safetensors.torch import save_file

    calls, side, scenes = 8, 256, 12

    def write(file: Path) -> None:
        half = torch.ones(calls, 4, side, side, dtype=torch.float16)
        latents = torch.ones(calls + 1, 4, side, side)
        trajectory = Trajectory(half, torch.arange(8.0), torch.stack((half, half), dim=1), latents)
        save_file(trajectory.tensors(), file)

    keys = {str(number): f"key {number}" for number in range(scenes)}
    for key in keys.values():
        products.product_file(key, "safetensors", write)
    before = own_bytes()
    given = CalibrationTrajectories(StoredTrajectories(products, keys))
    assert given.all_visited == list(range(calls))
    for scene_id in given.by_scene:
        trajectory = given.by_scene[scene_id]
        assert trajectory.outputs.sum() == calls * 2 * 4 * side * side
        del trajectory
    one = calls * 4 * side * side * (4 + 8 + 4)
    assert own_bytes() - before < 2 * one  # of twelve
