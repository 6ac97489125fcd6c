from statistics import median_high

from sdqviz.base.scene import Scene
from sdqviz.store.runs import Run
from sdqviz.views.runs.listing import is_own, scenes_of, typical
from tests.results.made import scene_row


def test_own_scenes_with_the_same_prompt_and_seed_all_have_a_place(store, bundled):
    base = bundled["fidelity"]
    names = ("metrics", "per_step", "timesteps", "step_seconds", "model", "engine", "seconds")
    result = {name: base.result[name] for name in (*names, "peak_bytes")}

    def drawn(steps: int) -> Run:
        scene = Scene(prompt="a key", seed=1, steps=steps)
        row = scene_row(id=scene.id, settings=scene.as_dict(), metrics={"flip": steps / 100})
        made = {**result, "run": base.id, "scenes": [row.as_row()]}
        return store.runs.get(store.runs.add_made("generate", {"run": base.id}, made))

    made = [drawn(steps) for steps in (24, 50, 75)]
    rows = [row for label, row in scenes_of(base, made).items() if is_own(label)]
    assert {row.id for row in rows} == {run.scenes[0].id for run in made}
    assert len(rows) == 3


def test_the_worst_scene_is_listed_first(bundled):
    scores = [row.score("flip") for row in scenes_of(bundled["fidelity"], []).values()]
    assert len(scores) == 8
    assert scores == sorted(scores, reverse=True)


def test_the_typical_scene_has_the_median_score(bundled):
    run = bundled["fidelity"]
    scores = sorted(row.score("flip") for row in run.scenes)
    assert typical(run.scenes).score("flip") == median_high(scores)
