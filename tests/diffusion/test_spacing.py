"""Where the steps lie: the scene's spacing is diffusers' own, or refused by name."""

import diffusers
import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import quantize_request
from sdqviz.base.scene import OWN, SPACINGS, Scene
from sdqviz.diffusion.schedulers import build_scheduler
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.stages.scenes import ScenesStage
from sdqviz.store.runs import DONE

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
OFFSET = {"steps_offset": 1, "skip_prk_steps": True, "clip_sample": False}
KINDS = {
    "pndm": "PNDMScheduler",
    "ddim": "DDIMScheduler",
    "euler": "EulerDiscreteScheduler",
    "dpmpp": "DPMSolverMultistepScheduler",
}
KEYS = {"karras": {"use_karras_sigmas": True}, "beta": {"use_beta_sigmas": True}}


def has(sampler: str, spacing: str) -> bool:
    return spacing not in KEYS or sampler in ("euler", "dpmpp")


@pytest.mark.parametrize("sampler", KINDS)
@pytest.mark.parametrize("spacing", [s for s in SPACINGS if s != OWN])
def test_the_spacing_is_that_of_diffusers(sampler, spacing):
    folder = {"_class_name": "EulerDiscreteScheduler", **BETAS, "timestep_spacing": "leading"}
    folder["use_karras_sigmas"] = True  # another spacing takes its place
    plain = {k: v for k, v in folder.items() if k != "use_karras_sigmas"}
    scene = Scene(prompt="a key", steps=7, scheduler=sampler, spacing=spacing)
    if not has(sampler, spacing):
        with pytest.raises(SdqvizError, match=f"spacing is {spacing}, .*{sampler}") as refused:
            build_scheduler(scene, folder)
        assert "euler, dpmpp" in refused.value.hint
        return
    kind = getattr(diffusers, KINDS[sampler])
    asked = KEYS.get(spacing, {"timestep_spacing": spacing})
    theirs = kind.from_config({**plain, **OFFSET, **asked})
    theirs.set_timesteps(7)
    ours = build_scheduler(scene, {**folder, **OFFSET})
    assert ours.timesteps.tolist() == theirs.timesteps.tolist()
    if hasattr(theirs, "sigmas"):
        assert torch.equal(ours.sigmas, theirs.sigmas)


def test_flow_matching_has_its_own():
    folder = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
    scene = Scene(prompt="a key", steps=7, scheduler="flow", spacing="beta")
    theirs = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_beta_sigmas=True)
    theirs.set_timesteps(7)
    assert build_scheduler(scene, folder).timesteps.tolist() == theirs.timesteps.tolist()
    with pytest.raises(SdqvizError, match="spacing is trailing"):
        build_scheduler(Scene(prompt="a key", scheduler="flow", spacing="trailing"), folder)


def test_beta_has_more_steps_at_both_ends():
    """U-shaped, as the paper's: the gaps in noise are the largest in the middle."""
    folder = {"_class_name": "EulerDiscreteScheduler", **BETAS}
    scene = Scene(prompt="a key", steps=9, scheduler="euler", spacing="beta")
    sigmas = build_scheduler(scene, folder).sigmas[:-1]
    gaps = (sigmas[:-1] - sigmas[1:]).tolist()
    assert max(gaps) == max(gaps[3:5]) and gaps[0] < gaps[3] and gaps[-1] < gaps[4]


def test_what_was_made_before_there_was_a_choice_keeps_its_name():
    before = {"prompt": "a key", "seed": 0}
    assert Scene(**before).id == Scene(**before, spacing=OWN).id
    assert Scene(**before).id != Scene(**before, spacing="beta").id
    assert "spacing" not in ScenesStage().telling()[0]
    assert ScenesStage(spacing="beta").telling()[0]["spacing"] == "beta"


def test_a_run_is_calibrated_and_scored_where_its_steps_lie(store, tiny_folder):
    config = {
        **{"calibration_scenes": 1, "held_out_scenes": 1, "steps": 4, "scheduler": "euler"},
        "spacing": "beta",
    }
    spec = quantize_request(static_catalog(), str(tiny_folder), "round_nearest", "quick", config)
    run = store.runs.get(store.runs.add("quantize", spec))
    claimed = store.runs.claim(run.id)
    assert execute(store, claimed, ModelCache(store.folder), lambda event: None) == DONE
    row = store.runs.get(run.id).quantized.scenes[0]
    folder = {"_class_name": "PNDMScheduler", **BETAS, "steps_offset": 1}
    wanted = build_scheduler(row.scene, folder).timesteps.tolist()
    assert row.scene.spacing == "beta" and row.timesteps == pytest.approx(wanted, rel=1e-3)
    assert row.uncalibrated_calls == 0
