"""Work a quantize run: a recipe's stages over one model."""

from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Log
from sdqviz.base.keys import content_key
from sdqviz.base.registry import named
from sdqviz.base.settings import rank
from sdqviz.families.contract import Family
from sdqviz.products.context import Context
from sdqviz.products.keys import machine_key
from sdqviz.products.scenes import CALIBRATE
from sdqviz.products.students import Learned
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.recipes.contract import Recipe
from sdqviz.runner.call_time import time_call
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.estimate import estimate_quantize
from sdqviz.runner.interruption import Stopped
from sdqviz.runner.models import Loaded, ModelCache
from sdqviz.runner.preflight import refuse_undrawable
from sdqviz.runner.products import StoredProducts
from sdqviz.runner.prompts import PromptSource
from sdqviz.runner.stages import StageRunner
from sdqviz.stages.contract import Stage
from sdqviz.store.store import Store


def quantize(runner: StageRunner, models: ModelCache) -> dict[str, Any]:
    """The result of the run. What it trained is kept also when it is cancelled."""
    spec = runner.run.spec
    recipe: Recipe = named(RECIPES, "RECIPE", spec["recipe"])
    scene = refuse_undrawable(spec)
    stages = recipe.stages(spec["config"])
    for stage in stages:
        stage.check()
    context = _context(runner.products(), spec, runner.load(models, spec))
    context.model.family.latent_shape(context.model, scene)  # refuses what it cannot draw
    _refuse_family(recipe, context.model.family)
    made = made_by(context.model_key, recipe)
    _time_call(runner, context, spec)
    about = {"model": spec["model"], "family": context.model.family.name}
    try:
        runner.work(context, _own(stages))
    except Stopped as stopped:
        if Learned in context.given:
            with runner.asked.undisturbed():
                stopped.partial = {"made_by": made, **_partial(runner, context, stages), **about}
        raise
    if "stopped_at" in context.result:  # not what its spec asks for: never taken for that
        made = content_key(made, context.given[Learned].key)
    return {"made_by": made, **context.result, **about}


def made_by(model_key: str, recipe: Recipe) -> str:
    """What else than its spec a quantize result depends on: model, machine, stage versions."""
    stages = [[step.stage.name, step.stage.version] for step in recipe.steps]
    return content_key(model_key, machine_key(), stages)


def quantize_context(
    store: Store, run_id: str, spec: dict[str, Any], models: ModelCache
) -> Context:
    """The context of a quantize spec, its model loaded: nothing is given yet."""
    return _context(StoredProducts(store, run_id), spec, models.of(spec))


def _context(products: StoredProducts, spec: dict[str, Any], loaded: Loaded) -> Context:
    return Context(
        model=loaded.model,
        model_key=loaded.key,
        products=products,
        source=PromptSource.of(spec, loaded.model.family),
    )


def _time_call(runner: StageRunner, context: Context, spec: dict[str, Any]) -> None:
    """Tells what the run will take, from a call of its own network."""
    assert context.source is not None
    scene = context.source.draw(CALIBRATE, 1)[0]
    seconds = context.result["call_seconds"] = time_call(context.model, scene)
    cost = estimate_quantize(spec, static_catalog(), seconds)
    told = f"a network call takes {seconds:.3g} s a sample: about {cost.seconds:.0f} s in all"
    runner.keep(Log(message=f"{told}, without what is found in the store"))


def _refuse_family(recipe: Recipe, family: Family) -> None:
    if recipe.families and family.name not in recipe.families:
        raise SdqvizError(
            f"recipe {recipe.name} does not serve {family.name}",
            f"it serves {', '.join(recipe.families)}; choose another recipe",
        )


def _own(stages: list[Stage]) -> list[Stage]:
    """All stages; a helper of several processes stops after the last one that they share."""
    if rank() == 0:
        return stages
    shared = [index for index, stage in enumerate(stages) if stage.on_all_processes]
    return stages[: max(shared, default=-1) + 1]


def _partial(runner: StageRunner, context: Context, stages: list[Stage]) -> dict[str, Any]:
    """A run that was cancelled still leaves what it trained: packed, not yet evaluated."""
    for stage in stages:
        if stage.keeps_what_is_learned and not any(kind in context.given for kind in stage.gives):
            list(stage.run(context))
    steps = context.given[Learned].value.steps
    stopped = context.result.setdefault("stopped_at", {"step": steps, "of": steps})
    runner.keep(
        Log(
            message=f"the student of step {stopped['step']} of {stopped['of']} is kept: "
            "export it with --model, or resume to go on"
        )
    )
    return context.result
