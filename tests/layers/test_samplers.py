"""Every sampler of diffusers that takes a UNet, on a packed v1 model in diffusers' own pipeline."""

import copy
import warnings

import diffusers
import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.families.loading import load
from sdqviz.layers.convert import pack_network
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.time_table import all_timesteps, install_time_rows, time_rows

# What v1-4's scheduler_config.json says; no timestep_spacing, so each class takes its own default.
V1_4 = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}
# Beside those that diffusers calls compatible with one another.
OTHERS = (
    "CosineDPMSolverMultistepScheduler",
    "DDIMInverseScheduler",
    "DDIMParallelScheduler",
    "DDPMParallelScheduler",
    "DPMSolverMultistepInverseScheduler",
    "EDMDPMSolverMultistepScheduler",
    "IPNDMScheduler",
    "LCMScheduler",
    "SASolverScheduler",
    "TCDScheduler",
)
COMPATIBLE = [kind.__name__ for kind in diffusers.EulerDiscreteScheduler().compatibles]
SIGMAS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas")
HALF = 2**-10  # the spacing of float16, in which the rows are stored


@pytest.fixture(scope="module")
def packed(tiny):
    network = copy.deepcopy(tiny.network)
    pack_network(network, make_plan(network, tiny.family.roles(network), PlanConfig()), {})
    install_time_rows(network, tiny.network, all_timesteps(1000))
    return network


def draw(tiny, packed, name: str, **config) -> list[float]:
    """The timesteps that the network was asked for, after a picture was drawn."""
    scheduler = getattr(diffusers, name).from_config(V1_4, **config)
    pipeline = diffusers.StableDiffusionPipeline(
        **{**tiny.pipeline.components, "unet": packed, "scheduler": scheduler},
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    asked: list[float] = []
    watch = packed.time_proj.register_forward_hook(
        lambda module, args, rows: asked.extend(args[0].tolist())
    )
    try:
        generator = torch.Generator().manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # diffusers' own, of numpy and of step numbers
            latents = pipeline(
                "a red key", num_inference_steps=5, generator=generator, output_type="latent"
            ).images
    finally:
        watch.remove()
    assert latents.isfinite().all()
    return sorted(set(asked))


def relative_errors(found: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
    return (found - exact).norm(dim=1) / exact.norm(dim=1)


def check(tiny, packed, asked: list[float]) -> None:
    timesteps = torch.tensor(asked)
    with torch.no_grad():
        exact = time_rows(tiny.network, timesteps)
        found = packed.time_proj(timesteps)
    error = relative_errors(found, exact)
    assert error.max() < HALF, dict(zip(asked, error.tolist(), strict=True))
    whole = timesteps == timesteps.round()
    assert torch.equal(found[whole], exact[whole].half().float())


@pytest.mark.parametrize("name", sorted({*COMPATIBLE, *OTHERS}))
def test_it_samples(tiny, packed, name):
    check(tiny, packed, draw(tiny, packed, name))


@pytest.mark.parametrize("spacing", ["linspace", "leading", "trailing"])
@pytest.mark.parametrize("sigmas", SIGMAS)
@pytest.mark.parametrize(
    "name", ["EulerDiscreteScheduler", "DPMSolverMultistepScheduler", "HeunDiscreteScheduler"]
)
def test_it_samples_with_other_sigmas(tiny, packed, name, sigmas, spacing):
    options = {sigmas: True} if sigmas in getattr(diffusers, name)().config else {}
    check(tiny, packed, draw(tiny, packed, name, timestep_spacing=spacing, **options))


def test_moments_between_rows_are_asked_for(tiny, packed):
    asked = draw(tiny, packed, "EulerDiscreteScheduler")
    assert 249.75 in asked


@pytest.mark.parametrize("name", ["mini-sd1", "mini-sd2"])
def test_a_trained_model_errs_by_its_rows_own_rounding(name):
    network = load(name).network
    student = copy.deepcopy(network)
    install_time_rows(student, network, all_timesteps(1000))
    between = torch.rand(500, generator=torch.Generator().manual_seed(0)) * 1001 - 2
    with torch.no_grad():
        rounding, error = (
            relative_errors(student.time_proj(timesteps), time_rows(network, timesteps))
            for timesteps in (torch.arange(1000.0), between)
        )
    assert error.max() < 1.1 * rounding.max()
    assert error.square().mean() < 1.1 * rounding.square().mean()


def test_a_samplers_own_rows_give_its_own_moments(tiny):
    network = copy.deepcopy(tiny.network)
    moments = torch.tensor([1.0, 249.75, 601.0, 998.7])
    install_time_rows(network, tiny.network, moments)
    assert len(network.time_proj.timesteps) == 2 + 2 * 16
    with torch.no_grad():
        exact = time_rows(tiny.network, moments)
        assert relative_errors(network.time_proj(moments), exact).max() < HALF
    with pytest.raises(SdqvizError, match=r"500\.5 is not in the time table") as caught:
        network.time_proj(torch.tensor([500.5]))
    assert "time_rows: all" in caught.value.hint


def test_a_moment_beyond_the_table_is_refused(tiny, packed):
    with pytest.raises(SdqvizError, match=r"1095\.\d+ is not in the time table") as caught:
        draw(tiny, packed, "CMStochasticIterativeScheduler")
    assert "-10 to 1009" in caught.value.hint


def test_a_table_of_the_training_timesteps_alone_serves_its_ends(tiny):
    """As it was saved before rows beyond both ends were kept."""
    network = copy.deepcopy(tiny.network)
    install_time_rows(network, tiny.network, torch.arange(1000))
    timesteps = torch.tensor([0.3, 1.5, 997.9, 998.5])
    with torch.no_grad():
        exact = time_rows(tiny.network, timesteps)
        found = network.time_proj(timesteps)
    assert relative_errors(found, exact).max() < 1e-2
    for beyond in (-0.5, 999.5):
        with pytest.raises(SdqvizError, match="not in the time table"):
            network.time_proj(torch.tensor([beyond]))
