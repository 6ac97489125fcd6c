from sdqviz.store.runs import Run
from sdqviz.views.runs.listing import scenes_of


def test_own_scenes_with_the_same_prompt_and_seed_all_have_a_place(store):
    def drawn(steps: int) -> dict:
        scene = {"steps": steps, "guidance": 2.0, "scheduler": "pndm"}
        row = {"id": f"{steps:012d}", "prompt": "a key", "seed": 1, "scene": scene}
        return {**row, "metrics": {"flip": steps / 100}}

    def run(run_id: str, kind: str, spec: dict, rows: list) -> Run:
        row = {"id": run_id, "kind": kind, "spec": spec, "result": {"scenes": rows}}
        store.runs.add_finished({**row, "created": 1.0, "started": 1.0, "ended": 2.0})
        return store.runs.get(run_id)

    base = run("base", "quantize", {"config": {}}, [])
    made = [run(f"own{n}", "generate", {"run": "base"}, [drawn(n)]) for n in (25, 50, 75)]
    rows = scenes_of(base, made)
    assert {row["id"] for row in rows.values()} == {drawn(n)["id"] for n in (25, 50, 75)}


def test_the_worst_scene_is_listed_first(bundled):
    scores = [row["metrics"]["flip"] for row in scenes_of(bundled["fidelity"], []).values()]
    assert len(scores) == 8
    assert scores == sorted(scores, reverse=True)
