"""The named API as programs use it: by gradio_client, at the app itself and through a proxy."""

import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from sdqviz.serve import app_context
from sdqviz.store.asker import Asker
from sdqviz.store.store import Store
from sdqviz.ui.app import build_app
from sdqviz.ui.endpoints import READS, STARTS
from tests.browser.conftest import serving
from tests.results.made import drawn_result
from tests.server.conftest import Idle
from tests.server.proxy import proxied

HOST, PREFIX = "demo.example.org", "/lab/sdqviz"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """(address, home) of a demo that draws nothing more, below a proxy's path."""
    home = tmp_path_factory.mktemp("endpoints-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ROOT_PATH", PREFIX)
        patch.setenv("SDQVIZ_DEMO", "generate")
        patch.setenv("SDQVIZ_DEMO_SESSION", "0")
        with serving(home, "--allowed-host", HOST) as url:
            yield url, home


@pytest.fixture(scope="module")
def proxy(app):
    with proxied(urlsplit(app[0]).port or 80, PREFIX, HOST) as url:
        yield url


@pytest.fixture(params=["itself", pytest.param("proxy", marks=pytest.mark.slow)])
def address(request, app, proxy) -> str:
    return app[0] if request.param == "itself" else proxy


def client_of(address: str, **options: Any) -> Client:
    return Client(address, verbose=False, analytics_enabled=False, **options)


def fidelity(store: Store):
    return next(r for r in store.runs.list("quantize") if r.spec["recipe"] == "fidelity")


def test_five_endpoints_are_listed_with_types_and_words_and_nothing_else(address):
    client = client_of(address)
    listed = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    assert set(listed) == {f"/{name}" for name in (*READS, *STARTS)}
    for name, endpoint in listed.items():
        assert all(p["python_type"]["type"] for p in endpoint["parameters"]), name
        assert endpoint["description"].strip(), name
    run = listed["/scores"]["parameters"][0]
    assert (run["parameter_name"], run["parameter_has_default"]) == ("run", False)
    info = httpx.get(urljoin(address, "gradio_api/info")).json()
    assert set(info["named_endpoints"]) == set(listed) and not info["unnamed_endpoints"]
    # The page's own events answer the page alone.
    with pytest.raises(ValueError, match="Cannot find a function"):
        client.predict(api_name="/show_job")


def test_runs_are_listed_and_their_scores_and_pictures_read(address):
    client = client_of(address)
    rows = client.predict(api_name="/runs")
    ours = next(row for row in rows if row["recipe"] == "fidelity")
    assert (ours["model"], ours["bits"], ours["state"], ours["own"]) == (
        *("mini-sd1", "W4A8", "done", False),
    )
    scored = client.predict(run=ours["run"], api_name="/scores")
    flip = scored["metrics"]["flip"]
    assert 0 < flip["floor"] < flip["median"] < flip["another_seed"] and flip["better"] == "lower"
    picture = httpx.get(urljoin(address, scored["scenes"][0]["pictures"]["quantized"]))
    assert picture.content.startswith(b"\x89PNG")
    assert client.predict(ours["run"], api_name="/job")["state"] == "done"


def test_a_client_is_a_visitor_with_its_own_runs_and_limits(app, address):
    store = Store(app[1])
    base = fidelity(store)
    anna, ben = client_of(address), client_of(address)
    key = {"x-sdqviz-visitor": secrets.token_hex(16)}
    carl = client_of(address, headers=key)
    made = {}
    for who, visitor in (
        (anna, f"session {anna.session_hash}"),
        (ben, f"session {ben.session_hash}"),
        (carl, f"tab {key['x-sdqviz-visitor']}"),
    ):
        result = drawn_result(base, "a key", seed=7)
        made[who] = store.runs.add_made("generate", {"run": base.id}, result)
        with store.runs._database.transaction() as sql:
            sql.execute("UPDATE runs SET visitor = ? WHERE id = ?", (visitor, made[who]))
    for client, run in made.items():
        rows = client.predict("generate", api_name="/runs")
        assert [(row["run"], row["own"]) for row in rows] == [(run, True)]
    # A client with the same key is the same visitor.
    again = client_of(address, headers=key)
    assert made[carl] in {row["run"] for row in again.predict("generate", api_name="/runs")}
    with pytest.raises(AppError, match="you started 1 of the 0 jobs"):
        anna.predict(base.id, "a key", api_name="/generate")
    with pytest.raises(AppError, match="this demo draws scenes, and quantizes nothing"):
        anna.predict("mini-sd1", api_name="/quantize")
    assert not [run for run in store.runs.list() if run.state != "done"]


def test_what_cannot_be_done_is_told_in_plain_words(app):
    client, store = client_of(app[0]), Store(app[1])
    base = fidelity(store)
    for name, values, told in (
        ("/scores", ["nothing"], "no run 'nothing' here"),
        ("/scores", [base.id[:5]], "no run"),
        ("/scores", [5], "run is '5'"),
        ("/runs", ["dream", 5], "unknown kind 'dream'"),
        ("/runs", ["", 1000], "limit is 1000. Next: give 1 to 200"),
        ("/runs", ["", "many"], "limit is 'many'"),
        ("/generate", [base.id, ""], "the prompt is empty"),
        ("/generate", [base.id, "a key", -1], "-1"),
        ("/generate", [base.id, "a key", 0, 10_000], "10000"),
        ("/generate", [base.id, ["a"]], "prompt"),
        ("/quantize", ["mini-sd1", "magic"], "unknown recipe 'magic'"),
        ("/quantize", ["mini-sd1", "fidelity", "quick", {"bits": 4}], "bits"),
        ("/quantize", ["/etc", "fidelity", "quick"], "'/etc' is not offered here"),
    ):
        with pytest.raises(AppError) as refused:
            client.predict(*values, api_name=name)
        line = str(refused.value)
        assert told in line and "&" not in line and "\n" not in line, (name, values, line)


def test_another_sites_page_may_not_what_a_client_may(address):
    run = urljoin(address, "gradio_api/run/runs")
    assert httpx.post(run, json={"data": ["", 1]}).status_code == 200
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert httpx.post(run, json={"data": ["", 1]}, headers=headers).status_code == 403
    own = {"origin": f"https://{HOST}"}
    assert httpx.post(run, json={"data": ["", 1]}, headers=own).status_code == 200


def test_a_job_is_queued_as_the_page_queues_it(home):
    context = app_context(home, Idle(), False, lambda: Asker(visitor="a"))
    page = build_app(context)
    functions = {str(block.api_name): block.fn for block in page.fns.values() if block.fn}
    base = context.finished_run(None)
    own = base.quantized.scenes[0].scene
    drawn = functions["generate"](base.id, "a key", seed=3)
    run = context.store.runs.get(drawn["job"])
    assert (run.visitor, run.spec["run"], drawn["state"]) == ("a", base.id, "queued")
    assert run.spec["scene"] == {**own.as_dict(), "prompt": "a key", "seed": 3}
    made = functions["quantize"]("mini-sd1", "round_nearest", settings={"weight_bits": 3})
    spec = context.store.runs.get(made["job"]).spec
    assert (spec["recipe"], spec["config"]["weight_bits"]) == ("round_nearest", 3)
    assert made["estimate"]["seconds"] > 0
    told = functions["job"](made["job"])
    assert (told["state"], told["waiting"], told["scenes"]) == ("queued", 2, [])
    json.dumps([told, drawn, made])


def test_the_documents_name_every_endpoint():
    text = (Path(__file__).parents[2] / "sdqviz" / "API.md").read_text(encoding="utf-8")
    assert all(f"`/{name}(" in text for name in (*READS, *STARTS))
