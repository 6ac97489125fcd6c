"""Every family's whole path on a pretended card: nothing meets what is on the other device."""

from collections import Counter

import pytest
import torch

from sdqviz.base.request import quantize_request
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.predictor import predictor
from sdqviz.products.ranges import Ranges
from sdqviz.products.scenes import HeldOutScenes
from sdqviz.products.students import Student
from sdqviz.products.trajectories import teacher_trajectory
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.models import ModelCache
from tests.conftest import QUICK
from tests.harness import context_of, run_until
from tests.pretended_cuda import PretendedCuda
from tests.tiny import FAMILIES, save_tiny_model

CONFIG = {**QUICK, "equalise": True}
TRAINING = {"training_steps": 2, "training_scenes": 1, "rounds": 1, "batch": 2, "previews": 1}
# What makes the host wait in one network call: the picture that it reads; the packed network also
# reads the timestep, and v1's and v2's time table says whether it has a row for it.
WAITS = {
    "sd1": {"fp": 1, "student": 3},
    "sd2": {"fp": 1, "student": 3},
    "sdxl": {"fp": 1, "student": 4},
    "sd3": {"fp": 1, "student": 3},
}
UPLOADS = 2  # the picture and the timestep


@pytest.fixture
def card(monkeypatch):
    """torch sees no card, so CUDA's engines refuse and the reference engine computes."""
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    # Autocast looks at the device by name, and there is no card: the CPU's does the same.
    autocast = torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda kind, *a, **k: autocast("cpu", *a, **k))
    with PretendedCuda() as card:
        yield card


# Training is one code for all families: it is watched in one.
@pytest.fixture(
    params=[
        *((family, "round_nearest") for family in FAMILIES if family == "sd3"),
        pytest.param(("sdxl", "round_nearest"), marks=pytest.mark.slow),  # a UNet too
        pytest.param(("sd1", "round_nearest"), marks=pytest.mark.slow),  # what training passes too
        pytest.param(("sd2", "round_nearest"), marks=pytest.mark.slow),  # v1's network again
        ("sd1", "fidelity"),
    ]
)
def work(request, tmp_path):
    """(folder, recipe)"""
    family, recipe = request.param
    return save_tiny_model(tmp_path / family, family), recipe


@pytest.mark.timeout(1200)  # every operator passes through Python
def test_the_whole_path_stays_on_the_card(store, work, card):
    folder, recipe = work
    trained = {**TRAINING, "precision": "fp32"} if recipe == "fidelity" else {}
    config = {**CONFIG, **trained}
    spec = quantize_request(static_catalog(), str(folder), recipe, "quick", config)
    models = ModelCache()
    models.of(spec).model.pipeline.to("cuda")
    context = context_of(store, spec, models)
    run_until(context, spec, "evaluate")
    student = context.take(Student).network
    for network in (context.model.network, student):
        tensors = [*network.parameters(), *network.buffers()]
        assert tensors and all(tensor.is_cuda for tensor in tensors)
    for ranges in context.take(Ranges).layers.values():
        assert all(tensor.is_cuda for tensor in ranges.buffers())
    for who, network in (("fp", context.model.network), ("student", student)):
        counts = waits_of_a_call(context, card, network)
        waits = sum(n for what, n in counts.items() if what.startswith("sync"))
        assert waits <= WAITS[folder.name][who], counts
        assert sum(counts.values()) - waits == UPLOADS, counts


def waits_of_a_call(context, card, network) -> Counter:
    """What makes the host wait in one network call of a scene that was drawn before."""
    scene = context.take(HeldOutScenes).scenes[0]
    trajectory = teacher_trajectory(context, scene)
    predict = predictor(context.model, scene, network)
    x = trajectory.x[1].expand(trajectory.branches, *trajectory.x[1].shape)
    timestep = as_taken(trajectory.timesteps[1])
    with torch.no_grad():
        predict(x, timestep)
        with card.counting() as counts:
            predict(x, timestep).to("cpu")
    return counts
