"""Plan: for every layer, how it is quantized, from its role in its family."""

from collections.abc import Iterator
from dataclasses import dataclass

from sdqviz.base.events import Event
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.products.context import Context
from sdqviz.products.plan import Plan
from sdqviz.stages.contract import Stage


@dataclass(frozen=True, kw_only=True)
class PlanStage(PlanConfig, Stage):
    name = "plan"
    label = "planning the layers"
    version = 1
    gives = (Plan,)

    def _cost(self, context: Context) -> float:
        return 0.0

    def _run(self, context: Context) -> Iterator[Event]:
        network = context.model.network
        layers = make_plan(network, context.model.family.roles(network), self)
        context.give(Plan(layers, self))
        yield from ()
