"""Buttons that steer jobs: a training finished early, the shown scene with only a part quantized.

The training is of a tiny random model, put into the store as the page's form puts one there; the
server's own worker works it.
"""

import pytest
from PIL import Image, ImageChops

from sdqviz.base.request import GENERATE, QUANTIZE, quantize_request
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.runs import DONE, FINISHING, QUEUED, RUNNING
from sdqviz.store.store import Store
from tests.browser.conftest import picture
from tests.browser.test_viewer import PICTURES
from tests.conftest import QUICK
from tests.runner.test_execute import wait_for

# More steps than any machine takes before the button is pressed.
LONG = {
    **QUICK,
    "training_steps": 50_000,
    "training_scenes": 1,
    "rounds": 1,
    "batch": 2,
    "previews": 2,
}


@pytest.fixture
def store(server):
    return Store(server[1])


def same(page, store, key: str, blob: str) -> bool:
    """Whether the viewer has the stored picture."""
    with Image.open(store.blobs.path(blob)) as stored:
        shown = picture(page, key).convert("RGB")
        return ImageChops.difference(shown, stored.convert("RGB")).getbbox() is None


@pytest.mark.slow
def test_a_training_is_finished_early_and_parts_of_its_model_are_drawn(
    page, server, store, tiny_folder
):
    spec = quantize_request(static_catalog(), str(tiny_folder), "fidelity", "quick", LONG)
    run_id = store.runs.add(QUANTIZE, spec)
    page.emulate_media(reduced_motion="reduce")  # moving bars would take a core from the training
    page.click("#finish")
    run = wait_for(store, run_id, lambda run: run.state not in (QUEUED, RUNNING, FINISHING))
    assert run.state == DONE, run.error
    stopped = run.result["stopped_at"]
    assert stopped["of"] == LONG["training_steps"] > stopped["step"]

    # It is among the runs to choose from now; chosen, its pictures and its note are there.
    page.click("#run input")
    page.get_by_test_id("dropdown-option").filter(has_text="quick · fidelity").click()
    page.wait_for_function(f"{PICTURES}.doc?.run === '{run_id}' && {PICTURES}.ready")
    assert not page.is_visible("#finish")
    scene = run.result["scenes"][0]["images"]
    for who in ("fp", "student"):
        assert same(page, store, who, scene[who])
    note = f"finished early at step {stopped['step']} of {stopped['of']}"
    page.wait_for_selector(f"#facts >> text={note}")
    page.get_by_role("tab", name="Training").click()
    page.wait_for_selector(f"text=(finished early, of {stopped['of']})")
    page.get_by_role("tab", name="Compare").click()

    # Each part takes the place of picture B, without a reload.
    assert page.evaluate(f"{PICTURES}.label('b')") == "W4A8"
    drawn = {scene["student"]}
    for part, label in (
        ("weights", "W4A16: weights only"),
        ("activations", "W16A8: activations only"),
    ):
        page.click(f"#only-{part}")
        page.wait_for_function(
            f"label => {PICTURES}.label('b') === label && {PICTURES}.ready", arg=label
        )
        made = next(r for r in store.runs.list(GENERATE) if r.spec["only"] == part)
        assert (made.state, made.spec["run"]) == (DONE, run_id)
        drawn.add(made.result["scenes"][0]["images"]["student"])
        assert same(page, store, made.id, made.result["scenes"][0]["images"]["student"])
        assert page.evaluate(f"{PICTURES}.label('a')") == "FP"
    assert len(drawn) == 3
    # Other runs have other scenes and blocks: no event was refused while the choices changed.
    assert "Traceback" not in (server[1] / "app.log").read_text()
