"""Every option of every stage is in its keys or declared inert; nothing is read undeclared."""

import dataclasses
import importlib
import pkgutil

import pytest

import sdqviz.stages
from sdqviz.base.config import option, schema
from sdqviz.base.registry import found
from sdqviz.products.context import Context, Given
from sdqviz.products.contract import Product
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.stages.contract import Stage


def all_stages() -> list[type[Stage]]:
    """Those of the package and those that only a recipe names."""
    kinds: set[type[Stage]] = set()
    for module in pkgutil.iter_modules(sdqviz.stages.__path__, "sdqviz.stages."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Stage) and value is not Stage:
                kinds.add(value)
    for recipe in found(RECIPES, "RECIPE").values():
        kinds |= {step.stage for step in recipe.steps}
    return sorted(kinds, key=lambda kind: kind.name)


def key_of(stage: Stage, **changed: str) -> str:
    """The stage's key where every product it declares is there; `changed`: other products' keys."""
    context = Context(model=None, model_key="model", products=None)
    for kind in (*stage.reads, *stage.may_read):
        key = changed.get(kind.__name__, f"key of {kind.__name__}")
        context.given[kind] = Given(None, key)
    return context.seen_by(stage).key()


def another(entry: dict) -> object:
    """A valid value that is not the default."""
    default = entry["default"]
    if entry["choices"]:
        return next(choice for choice in entry["choices"] if choice != default)
    if isinstance(default, bool):
        return not default
    low, high = entry["low"], entry["high"]
    return next(value for value in (low, high, default + 1) if value not in (None, default))


@pytest.mark.parametrize("kind", all_stages(), ids=lambda kind: kind.name)
def test_every_option_changes_the_key_or_is_declared_inert(kind):
    usual = key_of(kind())
    for entry in schema(kind):
        changed = key_of(kind(**{entry["name"]: another(entry)}))
        assert (changed == usual) == entry["inert"], entry["name"]


@pytest.mark.parametrize("kind", all_stages(), ids=lambda kind: kind.name)
def test_every_product_that_is_read_changes_the_key(kind):
    stage = kind()
    for product in (*kind.reads, *kind.may_read):
        assert issubclass(product, Product)
        assert key_of(stage, **{product.__name__: "another"}) != key_of(stage)


@pytest.mark.parametrize("kind", all_stages(), ids=lambda kind: kind.name)
def test_every_stage_says_what_it_is(kind):
    assert kind.name and kind.label and kind.version >= 1
    assert kind.label[0].islower()  # it follows a run's name


@pytest.mark.parametrize("recipe", found(RECIPES, "RECIPE").values(), ids=lambda r: r.name)
def test_every_recipe_gives_before_it_reads(recipe):
    switches = {step.when for step in recipe.steps if step.when}
    schemas = {entry["name"]: entry for entry in recipe.schema()}
    for off in (set(), switches):
        config = {name: type(schemas[name]["default"])(0) for name in off}
        given: set[type[Product]] = set()
        for stage in recipe.stages(config):
            missing = [kind.__name__ for kind in stage.reads if kind not in given]
            assert not missing, f"{stage.name} reads {missing}"
            given |= set(stage.gives)


def test_an_inherited_stages_own_option_makes_another_key():
    from sdqviz.stages.distill import DistillStage

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Stronger(DistillStage):
        strength: float = option(0.5, label="Strength", help="Of something new.")

    assert key_of(Stronger()) != key_of(Stronger(strength=0.6))


def test_what_is_not_declared_cannot_be_read():
    from sdqviz.products.plan import Plan
    from sdqviz.stages.influence import InfluenceStage

    context = Context(model=None, model_key="model", products=None)
    context.given[Plan] = Given(None, "key")
    with pytest.raises(LookupError, match="influence reads Plan without declaring it"):
        context.seen_by(InfluenceStage()).take(Plan)


def test_another_model_and_another_version_make_another_key(monkeypatch):
    from sdqviz.stages.calibrate import CalibrateStage

    stage = CalibrateStage()
    keys = {key_of(stage)}
    other = Context(model=None, model_key="another", products=None)
    for kind in stage.reads:
        other.given[kind] = Given(None, f"key of {kind.__name__}")
    keys.add(other.seen_by(stage).key())
    monkeypatch.setattr(CalibrateStage, "version", stage.version + 1)
    keys.add(key_of(stage))
    assert len(keys) == 3
