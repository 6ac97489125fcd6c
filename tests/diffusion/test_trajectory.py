import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
)

from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import record, replay
from sdqviz.families.predictor import predictor

CLASSES = {
    "pndm": PNDMScheduler,
    "ddim": DDIMScheduler,
    "euler": EulerDiscreteScheduler,
    "dpmpp": DPMSolverMultistepScheduler,
}


def run(model, scene):
    shape = model.family.latent_shape(model, scene)
    return record(scene, predictor(model, scene), shape, model.scheduler_config)


@pytest.mark.parametrize("scheduler", CLASSES)
def test_a_scene_twice_is_the_same_bytes_whatever_ran_between(tiny, scheduler):
    scene = Scene(prompt="a key on a red background", steps=4, scheduler=scheduler, seed=5)
    first = run(tiny, scene)
    run(tiny, Scene(prompt="a bell", steps=3, scheduler="ddim", seed=9))
    torch.manual_seed(1234)
    torch.randn(100)
    again = run(tiny, scene)
    for name, tensor in first.tensors().items():
        assert torch.equal(tensor, again.tensors()[name]), name
    assert first.timesteps.frac().eq(0).all()


@pytest.mark.parametrize("scheduler", CLASSES)
def test_the_loop_is_the_pipelines(tiny, scheduler):
    scene = Scene(prompt="a key on a red background", steps=4, scheduler=scheduler, seed=5)
    picture = tiny.family.decode(tiny, run(tiny, scene).latents[-1])
    pipeline = tiny.pipeline
    before = pipeline.scheduler
    pipeline.scheduler = CLASSES[scheduler].from_config(
        before.config, timestep_spacing="leading", steps_offset=1, clip_sample=False
    )
    pipeline.set_progress_bar_config(disable=True)
    try:
        reference = pipeline(
            scene.prompt,
            num_inference_steps=4,
            guidance_scale=scene.guidance,
            generator=torch.Generator().manual_seed(5),
        ).images[0]
    finally:
        pipeline.scheduler = before
    difference = np.abs(np.asarray(reference).astype(int) - picture.astype(int))
    assert difference.max() <= 1


def test_replay_of_the_teacher_is_exact(tiny):
    scene = Scene(prompt="a key", steps=3, scheduler="pndm")
    trajectory = run(tiny, scene)
    assert len(trajectory.timesteps) == 4  # PNDM makes one call more than steps
    predictions = list(replay(trajectory, predictor(tiny, scene)))
    assert torch.equal(torch.stack(predictions), trajectory.outputs)


def test_without_guidance_there_is_one_branch(tiny):
    trajectory = run(tiny, Scene(prompt="a key", steps=2, guidance=1.0))
    assert trajectory.outputs.shape[1] == 1


def test_seed_prompt_and_size_matter(tiny):
    base = run(tiny, Scene(prompt="a key", steps=2))
    for other in (
        Scene(prompt="a key", steps=2, seed=1),
        Scene(prompt="a bell", steps=2),
        Scene(prompt="a key", steps=2, negative_prompt="red"),
    ):
        assert not torch.equal(run(tiny, other).latents[-1], base.latents[-1])
    wide = run(tiny, Scene(prompt="a key", steps=2, width=128, height=64))
    assert wide.latents.shape[-2:] == (8, 16)
