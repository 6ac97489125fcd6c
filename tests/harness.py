"""The one way in which tests run stages without a runner."""

from sdqviz.base.events import SECONDS, Event, Log
from sdqviz.base.registry import named
from sdqviz.products.context import Context
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.recipes.contract import Recipe
from sdqviz.runner.quantize import quantize_context
from sdqviz.stages.contract import Stage


def recipe_of(spec: dict) -> Recipe:
    return named(RECIPES, "RECIPE", spec["recipe"])


def context_of(store, spec: dict, models) -> Context:
    """The context of a quantize spec before its first stage; what it makes belongs to a run."""
    return quantize_context(store, store.runs.add("quantize", spec), spec, models)


def run_until(context: Context, spec: dict, last: str) -> list[Event]:
    """Runs the recipe's stages up to and with the one named `last`; returns their events."""
    events: list[Event] = []
    for stage in recipe_of(spec).stages(spec["config"]):
        events += stage.run(context)
        if stage.name == last:
            return events
    raise AssertionError(f"{spec['recipe']} has no stage {last}")


def told_by(store, run_id: str) -> list[Event]:
    """All that makes a run's curves and pictures, in order: what is neither log nor a clock's."""
    events = store.records.events(run_id)
    return [e for e in events if not isinstance(e, Log) and getattr(e, "name", "") != SECONDS]


def stage_of(spec: dict, name: str) -> Stage:
    """The stage of this name with the spec's options."""
    return next(s for s in recipe_of(spec).stages(spec["config"]) if s.name == name)
