from dataclasses import replace
from typing import Any

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.ui.context import AppContext


def test_a_first_visit_sees_the_main_method_and_later_ones_the_newest_own_run(store):
    demos = import_demos(store, assets_folder() / "demo")
    nothing: Any = None
    context = AppContext(store, *[nothing] * 7, demos=tuple(demos))
    shown = context.finished_run(None)
    assert shown is not None and shown.spec["recipe"] == "fidelity"
    other = next(r for r in store.runs.list() if r.spec["recipe"] == "round_nearest")
    assert context.finished_run(other.id).id == other.id
    # The same run, once it is not a demo, is what its owner last made.
    own = replace(context, demos=tuple(d for d in demos if d != other.id), own_machine=True)
    assert own.finished_run(None).id == other.id
    assert own.finished_run("gone").id == other.id
    # Where others come too, nobody's newest run is everybody's first screen.
    assert replace(own, own_machine=False).finished_run(None).id == shown.id
    pinned = replace(own, pinned=shown.id)
    assert pinned.finished_run(None).id == pinned.finished_run("gone").id == shown.id
    assert pinned.finished_run(other.id).id == other.id
