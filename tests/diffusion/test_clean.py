import pytest
import torch

from sdqviz.base.scene import Scene
from sdqviz.diffusion.clean import clean_latents
from sdqviz.diffusion.schedulers import build_scheduler
from sdqviz.diffusion.trajectory import guide, record
from sdqviz.families.loading import load
from sdqviz.families.predictor import predictor
from tests.tiny import save_tiny_model


def recorded(model, scene):
    shape = model.family.latent_shape(model, scene)
    return record(scene, predictor(model, scene), shape, model.scheduler_config)


@pytest.mark.parametrize("family", ["sd1", "sd2"])
@pytest.mark.parametrize("sampler", ["ddim", "euler"])
def test_x0_is_the_samplers_own(tmp_path, family, sampler):
    model = load(str(save_tiny_model(tmp_path, family)))
    scene = Scene(prompt="a key", steps=3, scheduler=sampler, seed=2)
    trajectory = recorded(model, scene)
    scheduler = build_scheduler(scene, model.scheduler_config)
    wanted = []
    for call, timestep in enumerate(scheduler.timesteps):
        before = trajectory.latents[call][None]
        if hasattr(scheduler, "scale_model_input"):
            scheduler.scale_model_input(before, timestep)  # Euler wants to have been asked
        output = guide(trajectory.outputs[call], scene.guidance)
        wanted.append(scheduler.step(output, timestep, before).pred_original_sample[0])
    found = clean_latents(trajectory, scene, model.scheduler_config)
    assert torch.allclose(found, torch.stack(wanted), rtol=1e-3, atol=1e-3)


def test_a_flow_ends_where_its_last_call_aimed(tmp_path):
    model = load(str(save_tiny_model(tmp_path, "sd3")))
    scene = Scene(prompt="a key", steps=3, scheduler="flow", seed=2)
    trajectory = recorded(model, scene)
    found = clean_latents(trajectory, scene, model.scheduler_config)
    assert torch.allclose(found[-1], trajectory.latents[-1], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found[0], trajectory.latents[-1], rtol=1e-2, atol=1e-2)
