"""A run whose every text is markup: no page makes an element of it."""

import json
import time

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.events import event_from_row
from sdqviz.publish.bundle import import_demos
from sdqviz.store.store import Store
from tests.browser.conftest import opened, serving
from tests.views.test_markup import HOSTILE, hostile

ELEMENTS = "document.querySelectorAll('img[src=x], [onerror], .gradio-container script').length"


@pytest.fixture(scope="module")
def hostile_server(tmp_path_factory):
    home = tmp_path_factory.mktemp("hostile-home")
    store = Store(home)
    import_demos(store, assets_folder() / "demo")
    file = assets_folder() / "demo" / "mini-sd1-fidelity" / "run.json"
    row = json.loads(file.read_text(encoding="utf-8"))
    spec = {**hostile(row["spec"]), "arm": HOSTILE}
    spec["config"] = {**spec["config"], "seed": 0}
    row |= {"id": "f" * 12, "spec": spec, "result": hostile(row["result"]), "created": time.time()}
    store.runs.add_finished(row)
    events = [
        (kind, {**body, "layer": body["layer"] + HOSTILE} if body.get("layer") else body)
        for kind, body in row["events"]
    ]
    store.records.append_all(row["id"], [event_from_row(kind, body) for kind, body in events])
    failed = store.runs.add("generate", {"run": row["id"], "only": HOSTILE, "scene": {}})
    store.runs.claim(failed)
    store.runs.finish(failed, "failed", error={"error": HOSTILE, "hint": HOSTILE})
    with serving(home) as url:
        yield url


def test_no_view_makes_an_element_of_a_text(hostile_server):
    with opened(f"{hostile_server}?run={'f' * 12}&scene={HOSTILE}", 1280, 1000) as page:
        for tab, place in (
            ("Compare", "#viewer"),
            ("Held-out scenes", "#gallery"),
            ("Layers", "#layers"),
            ("Training", "#training-head"),
            ("Runs", "#score-difference"),
            ("Blind test", "#blind-setup"),
        ):
            page.get_by_role("tab", name=tab, exact=True).click()
            page.wait_for_function(
                "p => document.querySelector(p)?.innerText.length > 5", arg=place
            )
            page.wait_for_timeout(1000)
            assert page.evaluate(ELEMENTS) == 0, tab
        assert "<img src=x" in page.inner_text("#job")
        assert "<img src=x" in page.input_value("#run input")
