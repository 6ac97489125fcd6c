"""Every event of the page and every route of the app, with whatever a stranger sends: an answer of
one line, never a traceback.
"""

import json
import traceback
from html import unescape
from urllib.parse import quote

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sdqviz.ui.handlers import HandlerRow, handlers
from tests.fuzz.odd import EXAMPLES, ODD, TEXT, fuzzed
from tests.server.conftest import page, served  # noqa: F401 (a fixture)

# What fails is told as it was found: to make it smaller would take minutes.
asked = settings(fuzzed, max_examples=6 * EXAMPLES, phases=(Phase.explicit, Phase.generate))
RUN = "/gradio_api/run/predict"
JOIN = "/gradio_api/queue/join"
# Where a known word makes a handler go further than a strange one.
WORDS = st.sampled_from(
    [
        *("mini-sd1", "mini-sdxl", "fidelity", "round_nearest", "quick", "balanced", "cpu", "cuda"),
        *("float32", "bfloat16", "flip", "psnr", "packed size", "one step", "abx", "which", "alex"),
        *("64 x 64", "ddim", "dpmpp_2m", "pndm", "auto", "weights", "activations", "conv_in"),
        *("{}", '{"training_steps": 1e999}', '{"seed": null}', '{"width": -8}', '["x"]', "[]"),
        *("0x0", "64x64", "99999x99999", "8x8"),
        *("?run=x&tab=runs", "?blind=abx&run=x", "?scene=&layer=&tab=", "0", "-1", "8", "3:4727"),
        *("Worst one", "Typical one", "block", "training", "held-out", "first", "second", "unsure"),
    ]
)
NUMBERS = st.sampled_from([0, -1, 1, 2, 0.5, -0.5, 1e300, -1e300, 2**32, 2**53, 25, 100, 1e-9])
EVENT_KEYS = st.sampled_from(
    ["layer", "scene", "row_value", "a", "b", "x", "y", "w", "h", "index", "value", "selected"]
)


@pytest.fixture(scope="module")
def world(page):  # noqa: F811
    return World(page)


class World:
    """The page behind its middlewares, and what was printed as a traceback."""

    def __init__(self, page) -> None:  # noqa: F811
        self.client: TestClient = served(page)
        self.rows: dict[int, HandlerRow] = handlers(page)
        answer = self.client.post(RUN, json=self.body("opened", [""])).json()["data"]
        self.run = answer[0]["value"]
        scenes = self.client.post(RUN, json=self.body("list_scenes", [self.run, None, "", ""]))
        self.scene = scenes.json()["data"][0]["value"]

    def body(self, name: str, data: list) -> dict:
        index = next(i for i, row in self.rows.items() if row.name == name)
        return {"fn_index": index, "data": data, "session_hash": "fuzz"}

    def known(self) -> st.SearchStrategy[str]:
        return st.sampled_from([self.run, self.run[:4], self.scene]) | WORDS

    def inputs(self, row: HandlerRow) -> st.SearchStrategy[list]:
        """Values of the kinds that the handler has, and now and then any other."""
        text = self.known() | TEXT
        kinds = {
            "text": text | st.none(),
            "texts": st.lists(text, max_size=4) | st.none(),
            "choice": text | NUMBERS | st.integers(-(2**53), 2**53) | st.none(),
            "number": NUMBERS | st.integers(-(2**53), 2**53) | st.none(),
            "index": st.integers(-(2**53), 2**53) | st.integers(-9, 9) | st.none(),
            "flag": st.booleans() | st.none(),
            "any": ODD | text | NUMBERS,
            "kept": ODD,
        }
        chosen = [
            st.sampled_from(place.choices)
            if place.choices
            else st.floats(*place.limits)
            if place.limits
            else kinds[place.kind]
            for place in row.inputs
        ]
        return st.tuples(*chosen).map(list)


def events() -> st.SearchStrategy:
    """What a component's event might carry."""
    values = ODD | st.lists(TEXT, max_size=3)
    return st.none() | ODD | st.dictionaries(EVENT_KEYS, values | WORDS | NUMBERS, max_size=8)


@pytest.fixture
def printed(monkeypatch):
    """Tracebacks that gradio or starlette would print."""
    seen: list[str] = []
    monkeypatch.setattr(traceback, "print_exc", lambda *a, **k: seen.append(traceback.format_exc()))
    return seen


def told_in_one_line(answer, printed: list[str], asked: object) -> None:
    tracebacks, printed[:] = printed.copy(), []  # of this example alone
    assert not tracebacks, f"{asked!r}\n{tracebacks[0]}"
    assert answer.status_code in (200, 400, 404, 405, 413, 422, 500), answer.text
    if answer.status_code == 500:  # gradio's way to say what a toast shows
        error = unescape(answer.json()["error"])
        assert error and "\n" not in error and len(error) < 1000, asked


@asked
@given(st.data())
def test_handlers_with_values_of_their_kinds(world, printed, data):
    index = data.draw(st.sampled_from(sorted(world.rows)))
    row = world.rows[index]
    body = {"fn_index": index, "session_hash": "fuzz", "data": data.draw(world.inputs(row))}
    body["event_data"] = data.draw(events())
    told_in_one_line(_post(world, RUN, body), printed, (row.name, body))


@asked
@given(st.data())
def test_values_of_any_type_and_number(world, printed, data):
    index = data.draw(st.sampled_from(sorted(world.rows)))
    body = {"fn_index": index, "data": data.draw(st.lists(ODD, max_size=9) | ODD)}
    for name in ("session_hash", "trigger_id", "event_data", "simple_format", "batched", "x"):
        if data.draw(st.integers(0, 3)) == 0:
            body[name] = data.draw(ODD)
    for path in (RUN, f"/gradio_api/api/{world.rows[index].name}", JOIN):
        answer = _post(world, path, body)
        told_in_one_line(answer, printed, (path, body))
        assert path != JOIN or answer.status_code != 500


@asked
@given(ODD, st.sampled_from(["fn_index", "data", "session_hash", "event_id", ""]), ODD)
def test_bodies_that_are_no_events(world, printed, body, name, value):
    if isinstance(body, dict) and name:
        body = {**body, name: value}
    paths = (RUN, JOIN, "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/call/draw")
    for path in (*paths, "/gradio_api/run/nothing", "/login"):
        answer = _post(world, path, body)
        told_in_one_line(answer, printed, (path, body))
        assert answer.status_code != 500, (path, body, answer.text)


@asked
@given(st.binary(max_size=300))
def test_bodies_that_are_no_json(world, printed, body):
    for path in (RUN, JOIN, "/gradio_api/cancel", "/gradio_api/reset"):
        headers = {"content-type": "application/json"}
        answer = world.client.post(path, content=body, headers=headers)
        told_in_one_line(answer, printed, (path, body))
        assert answer.status_code in (400, 404, 422)


PLACES = (
    *("/", "/assets/", "/static/", "/sdqviz/blob/", "/config/", "/theme.css", "/gradio_api/file="),
    *("/gradio_api/call/draw/", "/gradio_api/queue/status", "/gradio_api/info", "/pwa_icon/"),
    *("/gradio_api/startup-events", "/gradio_api/app_id", "/manifest.json", "/favicon.ico"),
    *("/svelte/", "/gradio_api/user", "/gradio_api/openapi.json", "/gradio_api/token", "/logout"),
)


@asked
@given(st.sampled_from(PLACES), TEXT, TEXT, st.sampled_from(["GET", "HEAD", "OPTIONS", "PUT"]))
def test_addresses_of_any_kind(world, printed, place, below, query, method):
    address = f"{place}{quote(below, safe='/.')}?{quote(query)}={quote(below)}"
    answer = world.client.request(method, address, follow_redirects=False)
    assert not printed, (method, address)
    assert answer.status_code < 500, (method, address, answer.text)


@asked
@given(
    st.sampled_from(["host", "origin", "cookie", "accept-encoding", "if-none-match", "range"])
    | st.sampled_from(["x-forwarded-host", "x-forwarded-proto", "x-gradio-server", "content-type"]),
    TEXT,
)
def test_headers_of_any_kind(world, printed, name, value):
    headers = {name: value.encode("utf-8", "replace").replace(b"\n", b"").replace(b"\r", b"")}
    for address in ("/", "/assets/index-x.js", "/theme.css"):
        answer = world.client.get(address, headers=headers)
        assert not printed and answer.status_code < 500, (address, headers, answer.text[:500])
    body = world.body("opened", [""])
    answer = world.client.post(RUN, json=body, headers=headers)
    assert not printed and answer.status_code < 500, (headers, answer.text[:500])


def _post(world: World, path: str, body: object):
    raw = json.dumps(body).encode()
    return world.client.post(path, content=raw, headers={"content-type": "application/json"})
