"""What a folder's configs say is drawn: diffusers' own pipeline of the folder is the judge."""

import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import Scene
from sdqviz.diffusion.noise import step_generator
from sdqviz.diffusion.schedulers import build_scheduler, rehearse
from sdqviz.diffusion.trajectory import record
from sdqviz.families.contract import sampler_of
from sdqviz.families.loading import load
from sdqviz.families.predictor import predictor
from sdqviz.families.scheduler_config import scheduler_config
from tests.tiny import FAMILIES, save_tiny_model

STEPS, GUIDANCE, PROMPT = 4, 3.0, "a red apple on a blue background"


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("plain")
    return {family: save_tiny_model(root / family, family) for family in FAMILIES}


@pytest.fixture
def folder(models, tmp_path):
    def copied(family: str) -> Path:
        return Path(shutil.copytree(models[family], tmp_path / family))

    return copied


def edit(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def use_scheduler(folder: Path, name: str, **values: Any) -> None:
    """Another scheduler class with these values and its own defaults, as saved by diffusers."""
    shutil.rmtree(folder / "scheduler")
    getattr(diffusers, name)(**values).save_pretrained(folder / "scheduler")
    edit(folder / "model_index.json", scheduler=["diffusers", name])


def ours(folder: Path, **values: Any) -> np.ndarray:
    model = load(str(folder))
    scheduler = sampler_of(model.family, "auto", model.own_scheduler)
    given = {"prompt": PROMPT, "steps": STEPS, "seed": 5, "guidance": GUIDANCE, **values}
    scene = Scene(**{"scheduler": scheduler, **given})
    shape = model.family.latent_shape(model, scene)
    drawn = record(scene, predictor(model, scene), shape, model.scheduler_config)
    return model.family.decode(model, drawn.latents[-1])


def theirs(folder: Path, **values: Any) -> np.ndarray:
    """The plain pipeline's picture; a scheduler that adds noise is given ours."""
    absent = {"text_encoder_3": None, "tokenizer_3": None} if folder.name == "sd3" else {}
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, local_files_only=True, **absent)
    pipeline.set_progress_bar_config(disable=True)
    name = sampler_of(load(str(folder)).family, "auto", type(pipeline.scheduler).__name__)
    given = {"prompt": PROMPT, "steps": STEPS, "seed": 5, "guidance": GUIDANCE, **values}
    scene, calls = Scene(**{"scheduler": name, **given}), iter(range(99))
    step = pipeline.scheduler.step

    signature = inspect.signature(step)
    known = signature.parameters

    def with_our_noise(*args: Any, generator: Any = None, **more: Any) -> Any:
        index = next(calls)
        own = {"generator": step_generator(scene.id, index)} if "generator" in known else {}
        return step(*args, **own, **more)

    with_our_noise.__signature__ = signature  # type: ignore[attr-defined]
    pipeline.scheduler.step = with_our_noise
    size = {k: values[k] for k in ("width", "height") if k in values}
    picture = pipeline(
        scene.prompt,
        num_inference_steps=scene.steps,
        guidance_scale=scene.guidance,
        generator=torch.Generator().manual_seed(scene.seed),
        output_type="np",
        **size,
    ).images[0]
    return (picture * 255).round().astype(np.uint8)


def assert_same(folder: Path, **values: Any) -> None:
    one, other = ours(folder, **values).astype(int), theirs(folder, **values).astype(int)
    assert one.shape == other.shape
    assert one.std() > 0
    assert np.abs(one - other).max() <= 1


SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
V = {**SD, "prediction_type": "v_prediction"}
ZERO_SNR = {**V, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
TRAINED = {"trained_betas": [0.001 + 0.00001 * i for i in range(1000)]}
CASES = [
    ("sd1", "PNDMScheduler", {**SD, "timestep_spacing": "linspace", "skip_prk_steps": True}),
    ("sd1", "PNDMScheduler", {**SD, "steps_offset": 1, "set_alpha_to_one": True}),
    ("sd1", "DDIMScheduler", {"beta_schedule": "squaredcos_cap_v2"}),
    ("sd1", "DDIMScheduler", {**SD, "timestep_spacing": "trailing", "thresholding": True}),
    ("sd1", "EulerDiscreteScheduler", {**SD, "use_karras_sigmas": True}),
    ("sd1", "DPMSolverMultistepScheduler", {**SD, "algorithm_type": "sde-dpmsolver++"}),
    ("sd1", "LCMScheduler", SD),
    ("sd2", "DDIMScheduler", ZERO_SNR),
    ("sd2", "EulerDiscreteScheduler", ZERO_SNR),
    ("sd2", "UniPCMultistepScheduler", {**V, "timestep_spacing": "trailing"}),
    ("sd2", "DPMSolverMultistepScheduler", {**TRAINED, "prediction_type": "v_prediction"}),
    ("sdxl", "EulerDiscreteScheduler", SD),
    ("sdxl", "EulerDiscreteScheduler", {**SD, "timestep_spacing": "leading"}),
    ("sdxl", "EulerDiscreteScheduler", {**TRAINED, "timestep_spacing": "trailing"}),
    ("sdxl", "EulerDiscreteScheduler", {**SD, "interpolation_type": "log_linear"}),
    ("sdxl", "EulerAncestralDiscreteScheduler", {**SD, "timestep_spacing": "trailing"}),
    ("sdxl", "DDIMScheduler", {**SD, "prediction_type": "sample", "clip_sample": True}),
    ("sdxl", "DPMSolverMultistepScheduler", {**SD, "use_karras_sigmas": True, "solver_order": 3}),
    (
        "sdxl",
        "DPMSolverMultistepScheduler",
        {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"},
    ),
    ("sdxl", "HeunDiscreteScheduler", SD),
    ("sdxl", "KDPM2AncestralDiscreteScheduler", SD),
    ("sdxl", "DEISMultistepScheduler", SD),
    ("sdxl", "DDPMScheduler", SD),
    ("sdxl", "TCDScheduler", SD),
    ("sdxl", "EDMEulerScheduler", {}),
    ("sdxl", "EDMDPMSolverMultistepScheduler", {"sigma_max": 60.0}),
    ("sd3", "FlowMatchEulerDiscreteScheduler", {"shift": 1.5}),
    ("sd3", "FlowMatchEulerDiscreteScheduler", {"shift_terminal": 0.1, "use_karras_sigmas": True}),
    ("sd3", "FlowMatchEulerDiscreteScheduler", {"stochastic_sampling": True}),
    ("sd3", "FlowMatchHeunDiscreteScheduler", {"shift": 2.0}),
]


@pytest.mark.parametrize(("family", "name", "values"), CASES)
def test_the_folders_scheduler_is_the_sampler(folder, family, name, values):
    changed = folder(family)
    use_scheduler(changed, name, **values)
    told = scheduler_config(changed)
    own = load(str(changed)).scheduler_config
    assert {k: v for k, v in told.items() if k[0] != "_"} == {
        k: v for k, v in own.items() if k[0] != "_"
    }
    assert_same(changed)


@pytest.mark.parametrize("steps", [1, 4])
def test_a_few_step_model_starts_at_the_end(folder, steps):
    """A distilled folder's trailing spacing, also under another sampler of the same noise."""
    changed = folder("sdxl")
    use_scheduler(changed, "EulerAncestralDiscreteScheduler", **SD, timestep_spacing="trailing")
    model = load(str(changed))
    own = diffusers.EulerAncestralDiscreteScheduler(**SD, timestep_spacing="trailing")
    own.set_timesteps(steps)
    for sampler in ("euler", "own"):
        scene = Scene(prompt=PROMPT, steps=steps, guidance=1.0, scheduler=sampler)
        used = build_scheduler(scene, model.scheduler_config)
        assert used.timesteps.tolist() == own.timesteps.tolist()
    assert own.timesteps[0] == 999


@pytest.mark.parametrize(
    ("family", "name", "values", "sampler", "said"),
    [
        ("sdxl", "EDMEulerScheduler", {}, "euler", "EDMEulerScheduler"),
        ("sdxl", "FlowMatchEulerDiscreteScheduler", {}, "euler", "FlowMatchEuler"),
        ("sd3", "EulerDiscreteScheduler", {}, "flow", "EulerDiscreteScheduler"),
        (
            "sd3",
            "FlowMatchEulerDiscreteScheduler",
            {"use_dynamic_shifting": True},
            "flow",
            "use_dynamic_shifting",
        ),
        ("sd2", "DDIMScheduler", ZERO_SNR, "pndm", "rescale_betas_zero_snr"),
        ("sdxl", "DDIMScheduler", {**SD, "prediction_type": "flow"}, "ddim", "flow"),
    ],
)
def test_noise_that_a_sampler_does_not_know_is_refused(folder, family, name, values, sampler, said):
    changed = folder(family)
    use_scheduler(changed, name, **values)
    with pytest.raises(SdqvizError, match=said):
        scene = Scene(prompt=PROMPT, steps=STEPS, scheduler=sampler)
        rehearse(scene, load(str(changed)).scheduler_config)


STATISTICS = {"latents_mean": [0.5, -0.5, 0.3, 0.1], "latents_std": [2.0, 1.5, 1.7, 0.6]}


def test_the_latents_statistics_are_the_autoencoders(folder):
    changed = folder("sdxl")
    edit(changed / "vae" / "config.json", **STATISTICS, scaling_factor=0.4)
    assert_same(changed)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("vae", {"latents_mean": STATISTICS["latents_mean"]}),
        ("vae", {**STATISTICS, "latents_std": [1.0, 2.0]}),
        ("vae", {"scaling_factor": 0}),
        ("vae", {"scaling_factor": None}),
        ("vae", {"temporal_scale": 4}),
        ("network", {"window_size": 4}),
        ("network", {"num_class_embeds": 3}),
        ("network", {"sample_size": [8, 8, 8]}),
    ],
)
def test_a_key_that_is_not_honoured_is_refused_by_name(folder, family, part, values):
    changed = folder(family)
    name = part if part == "vae" else "transformer" if family == "sd3" else "unet"
    edit(changed / name / "config.json", **values)
    keys = "|".join(values)
    with pytest.raises(SdqvizError, match=keys):
        load(str(changed))


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_statistics_that_the_pipeline_leaves_out_are_refused(folder, family):
    changed = folder(family)
    edit(changed / "vae" / "config.json", shift_factor=0.3)
    with pytest.raises(SdqvizError, match="shift_factor"):
        load(str(changed))


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("guidance", [1.0, 6.0])
def test_a_network_told_the_guidance_scale_draws_the_pipelines_picture(folder, family, guidance):
    changed = folder(family)
    distil(changed)
    assert_same(changed, guidance=guidance)


def distil(folder: Path) -> None:
    """Gives the UNet a guidance embedding that matters."""
    kind = diffusers.UNet2DConditionModel
    config = {**kind.load_config(folder, subfolder="unet"), "time_cond_proj_dim": 32}
    unet = kind.from_config(config)
    unet.load_state_dict(kind.from_pretrained(folder / "unet").state_dict(), strict=False)
    torch.nn.init.normal_(
        unet.time_embedding.cond_proj.weight, std=0.5, generator=torch.Generator().manual_seed(1)
    )
    unet.save_pretrained(folder / "unet")


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_sample_size_may_be_a_pair_or_null(folder, family):
    changed = folder(family)
    edit(changed / "unet" / "config.json", sample_size=[8, 16])
    if family == "sdxl":  # diffusers' own pipeline does not read a pair
        assert ours(changed).shape == (64, 128, 3)
    else:
        assert_same(changed)
    edit(changed / "unet" / "config.json", sample_size=None)
    with pytest.raises(SdqvizError, match="sample_size"):
        ours(changed)
    assert_same(changed, width=128, height=64)
