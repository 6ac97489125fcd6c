"""What holds for every recipe found: a new file is tested without a new test."""

from pathlib import Path

import diffusers
import pytest
import torch
from safetensors.torch import load_file

import sdqviz
from sdqviz.api import write_model
from sdqviz.base.events import Log, Progress, Saving, Scalar
from sdqviz.base.registry import announced, found
from sdqviz.base.request import QUANTIZE
from sdqviz.families.contract import PACKAGE as FAMILIES
from sdqviz.families.loading import load
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.stages.scenes import ScenesStage
from sdqviz.store.runs import CANCELLED, DONE
from sdqviz.store.store import Store
from tests.contracts.recipes import NAMES, short
from tests.harness import context_of, recipe_of, run_until, told_by
from tests.tiny import FAMILIES as TINY
from tests.tiny import save_tiny_model


@pytest.fixture(scope="module")
def models():
    return ModelCache()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A tiny model of each family, made when it is first asked for."""
    root = tmp_path_factory.mktemp("families")

    def folder(family: str) -> Path:
        made = root / family
        return made if made.exists() else save_tiny_model(made, family)

    return folder


def families(recipe: str) -> tuple[str, ...]:
    return found(RECIPES, "RECIPE")[recipe].families or TINY


def one_family(recipe: str) -> str:
    """Recipes take turns at the families: each is met by some, at no more than one run each."""
    served = families(recipe)
    return served[NAMES.index(recipe) % len(served)]


def _always_or_slow(name):
    """Those that others are built like."""
    always = name in ("round_nearest", "fidelity", "q_diffusion", "ptqd")
    return name if always else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name):
    recipe = found(RECIPES, "RECIPE")[name]
    assert {"quick", "balanced", "paper"} <= set(recipe.presets)
    assert isinstance(recipe.stages()[0], ScenesStage)
    assert set(recipe.families) <= set(found(FAMILIES, "FAMILY"))
    if recipe.paper and name not in announced(RECIPES):
        page = Path(sdqviz.__file__).parent / "recipes" / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        assert recipe.paper in text
        for part in ("stated in the paper", "ours", "measured"):
            assert part in text, part


@pytest.mark.parametrize("name", [_always_or_slow(name) for name in NAMES])
def test_it_runs_is_cancelled_resumes_and_draws(name, tmp_path, models, folders, monkeypatch):
    """One run, cancelled in the middle of what learns: the rest of it gives the bytes of a run that
    nobody disturbed, and its points, told live, in a folder that diffusers loads and draws with.
    """
    monkeypatch.setenv("SDQVIZ_HOME", str(tmp_path / "store"))
    folder = folders(one_family(name))
    spec = short(name, folder, {"time_rows": "all"})
    early = [s.name for s in recipe_of(spec).stages(spec["config"]) if s.can_finish_early]
    store, seen, cancelled = Store(tmp_path / "store"), [], []
    run_id = store.runs.add(QUANTIZE, spec)

    def see(event):
        seen.append(event)
        if not isinstance(event, Progress) or event.stage not in early or cancelled:
            return
        if 0 < event.done < event.total:
            cancelled.append(event)
            store.runs.request_cancel(run_id)

    state = execute(store, store.runs.claim(), models, see)
    if cancelled:
        assert state == CANCELLED
        assert store.runs.get(run_id).result["packed"]  # what it has so far is kept
        store.runs.resume(run_id)
        state = execute(store, store.runs.claim(), models, see)
    assert state == DONE, store.runs.get(run_id).error
    result = store.runs.get(run_id).result
    if early:
        told = [e.value for e in seen if isinstance(e, Scalar) and e.name == "loss"]
        assert told and all(torch.tensor(told).isfinite())
        assert result["training"]["steps"] > 0

    undisturbed = context_of(Store(tmp_path / "other"), spec, models)
    last = [step.stage.name for step in recipe_of(spec).steps][-2]
    events = run_until(undisturbed, spec, last)
    points = [e for e in events if not isinstance(e, Progress | Log | Saving)]
    assert told_by(store, run_id)[: len(points)] == points  # each once, in order
    assert undisturbed.result["packed"] == result["packed"]  # a blob's name is its hash

    out = tmp_path / "out"
    write_model(store, store.runs.get(run_id), out)
    sdqviz.register()
    absent = {"text_encoder_3": None, "tokenizer_3": None} if one_family(name) == "sd3" else {}
    theirs = diffusers.DiffusionPipeline.from_pretrained(out, **absent)
    drawn = [_draw(pipeline) for pipeline in (theirs, load(str(out)).pipeline)]
    assert torch.equal(*drawn) and drawn[0].isfinite().all()
    part = found(FAMILIES, "FAMILY")[one_family(name)].network_folder
    assert load_file(out / part / "diffusion_pytorch_model.safetensors").keys() == (
        load_file(store.blobs.file(result["packed"])).keys()
    )


def _draw(pipeline) -> torch.Tensor:
    return pipeline(
        "a red apple on a blue background",
        num_inference_steps=1,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(3),
        output_type="latent",
    ).images[0]
