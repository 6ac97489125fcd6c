"""Events that only read are answered from memory, as long as nothing is written."""

import asyncio
import json
from collections import Counter

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sdqviz.server.asking import ASKING, Asking
from sdqviz.server.events import Events, Handler, Input
from sdqviz.server.pulse import Pulse
from sdqviz.server.reads import Reads
from sdqviz.store.asker import NOBODY, Asker

RUN = "/gradio_api/run/predict"
KINDS = ("texts", "choice", "index", "flag", "kept")
HANDLERS = {
    1: Handler("show", (Input("text"), Input("number")), only_reads=True),
    2: Handler("draw", (Input("text"),)),
    3: Handler("many", tuple(map(Input, KINDS))),
    4: Handler("fixed", (Input("text", ("a", "b")), Input("number", limits=(0, 0.5)))),
}


class World:
    """What the handlers see: a version, a clock, and how often each was called."""

    def __init__(self) -> None:
        self.version, self.seconds, self.status = 1, 0.0, 200
        self.called: Counter = Counter()

    async def seen(self):
        return self.version

    async def having(self):
        return ()

    async def predict(self, request):
        body = await request.json()
        self.called[body["fn_index"]] += 1
        return JSONResponse([body["data"], self.version], self.status)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def client(world):
    routes = [
        Route(path, world.predict, methods=["POST"])
        for path in (RUN, "/gradio_api/queue/join", "/gradio_api/run/{name}")
    ]
    layers = [
        Middleware(Events, handlers=HANDLERS),
        Middleware(Reads, version=world.seen, visitors=world.having, now=lambda: world.seconds),
    ]
    return TestClient(Starlette(routes=routes, middleware=layers))


def ask(client, index=1, data=("a", 1), path=RUN, **more):
    return client.post(path, json={"fn_index": index, "data": list(data), **more})


def test_the_same_question_of_others_is_not_worked_out_again(client, world):
    answers = [ask(client, session_hash=f"s{n}", trigger_id=n).json() for n in range(5)]
    assert answers == [[["a", 1], 1]] * 5 and world.called[1] == 1
    assert ask(client, data=("b", 1)).json() == [["b", 1], 1]
    assert ask(client, event_data={"x": 1}).json() == [["a", 1], 1]
    assert world.called[1] == 3


def test_what_is_written_is_seen_at_once(client, world):
    ask(client)
    world.version = 2
    assert ask(client).json() == [["a", 1], 2]
    world.version = 1  # not the answer of before
    ask(client)
    assert world.called[1] == 3


def test_an_answer_ages(client, world):
    ask(client)
    world.seconds = 61.0
    ask(client)
    assert world.called[1] == 2


def test_what_does_more_than_read_is_always_asked(client, world):
    for _ in range(2):
        ask(client, 2, ("a",))
        ask(client, path="/gradio_api/queue/join")
        ask(client, simple_format=True)
        ask(client, data=("a" * 5000, 1))
    assert world.called == {2: 2, 1: 6}


def test_an_answer_that_looked_at_who_asks_is_theirs_alone(world):
    """Of those who have no run everyone gets the same."""
    told = []

    async def app(scope, receive, send):
        body = await Request(scope, receive).json()
        asker = scope[ASKING].tell() if body["data"][0] == "mine" else None
        told.append(asker)
        await JSONResponse([asker and asker.visitor])(scope, receive, send)

    async def having():
        return {"a", "b"}

    reads = Reads(app, world.seen, having)

    async def asked(scope, receive, send):
        visitor = dict(scope["headers"])[b"x-who"].decode()
        await reads({**scope, ASKING: Asking(Asker(visitor=visitor))}, receive, send)

    client = TestClient(Events(asked, HANDLERS))
    for _ in range(2):
        for visitor, answer in (("a", "a"), ("b", "b"), ("c", ""), ("d", "")):
            client.headers["x-who"] = visitor
            assert ask(client, data=("mine", 1)).json() == [answer]
            assert ask(client, data=("all", 1)).json() == [None]
    assert told == [Asker(visitor="a"), None, Asker(visitor="b"), NOBODY]


def test_a_failure_is_not_kept(client, world):
    world.status = 500
    assert [ask(client).status_code for _ in range(2)] == [500, 500]
    world.status = 200
    assert ask(client).status_code == 200 and world.called[1] == 3


def test_an_answer_during_a_write_is_not_kept(world):
    """The version changes while the handler works: the next one asks again."""

    async def app(scope, receive, send):
        world.version += 1
        world.called[1] += 1
        await JSONResponse([])(scope, receive, send)

    client = TestClient(Events(Reads(app, world.seen, world.having), HANDLERS))
    for _ in range(3):
        ask(client)
    assert world.called[1] == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"fn_index": 1, "data": ["a", NaN]}', 400),
        (b'{"fn_index": 1, "data": ["a", 1e999]}', 400),
        (b'{"fn_index": 1, "data": ["a", %s]}' % (b"9" * 5000), 400),
        (b'{"fn_index": 1, "data": ["\\ud800", 1]}', 400),
        (b"\xff\xfe{}", 400),
        (b'{"fn_index": 1, "data": ["a"]}', 400),
        (b'{"fn_index": 1, "data": "ab"}', 400),
        (b'{"fn_index": 1}', 400),
        (b'{"fn_index": 1, "data": [1, 1]}', 400),
        (b'{"fn_index": 1, "data": ["a", true]}', 400),
        (b'{"fn_index": 1, "data": ["a", "1"]}', 400),
        (b'{"fn_index": 1, "data": [["a"], 1]}', 400),
        (b'{"fn_index": true, "data": ["a", 1]}', 400),
        (b'{"fn_index": "1", "data": ["a", 1]}', 400),
        (b'{"fn_index": 1, "data": ["a", 1], "batched": true}', 400),
        (b'{"fn_index": 1, "data": ["a", 1], "session_hash": "%s"}' % (b"s" * 65), 400),
        (b'{"fn_index": 1, "data": ["a", 1], "session_hash": 5}', 400),
        (b'{"fn_index": 99, "data": []}', 404),
        (b'{"data": ["a", 1]}', 404),
        (b'{"fn_index": 3, "data": [["a"], 5, 0, false, {"any": 1}]}', 200),
        (b'{"fn_index": 3, "data": [null, null, null, null, null]}', 200),
        (b'{"fn_index": 3, "data": [["a", 1], 5, 0, false, 0]}', 400),
        (b'{"fn_index": 3, "data": [[], {}, 0, false, 0]}', 400),
        (b'{"fn_index": 3, "data": [[], 1, 0.5, false, 0]}', 400),
        (b'{"fn_index": 4, "data": ["b", 0.5]}', 200),
        (b'{"fn_index": 4, "data": ["c", 0.5]}', 400),
        (b'{"fn_index": 4, "data": ["a", 0.6]}', 400),
        (b'{"fn_index": 4, "data": [null, 0]}', 400),
        (b'{"fn_index": 4, "data": ["a", null]}', 400),
        (b'{"fn_index": 1, "data": ["\\ud83d\\ude00", 1]}', 200),
    ],
)
def test_only_what_the_page_would_send_reaches_a_handler(client, body, status):
    answer = client.post(RUN, content=body)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["hint"] == "reload the page" and len(answer.text) < 300


def test_an_event_may_be_named_by_the_path(client, world):
    assert client.post("/gradio_api/run/nothing", json={"data": []}).status_code == 404
    named = client.post("/gradio_api/run/draw", json={"fn_index": None, "data": [5]})
    assert named.status_code == 400


def test_the_pulse_sees_what_others_write_and_wakes_a_worker(store):
    woken = []
    pulse = Pulse(store, lambda: woken.append(1))

    async def versions():
        first, second = await pulse.version(), await pulse.version()
        store.runs.add("generate", {"run": "a"})
        third = await pulse.version()
        return first, second, third

    first, second, third = asyncio.run(versions())
    assert first == second != third
    assert not woken

    again = Pulse(store, lambda: woken.append(1))
    asyncio.run(again.version())
    assert woken == [1]


def test_a_store_that_cannot_be_read_is_never_unchanged(store):
    pulse = Pulse(store, lambda: None)
    pulse._watch._file = store.folder / "no" / "such.sqlite"

    async def versions():
        return await pulse.version(), await pulse.version()

    first, second = asyncio.run(versions())
    assert first != second


def test_the_questions_of_a_page_are_known_by_their_numbers(page):
    from sdqviz.ui.handlers import handlers
    from tests.server.conftest import served

    rows = handlers(page)
    index = next(i for i, row in rows.items() if row.name == "opened")
    client = served(page)
    body = {"fn_index": index, "data": ["?tab=runs&run=none"], "session_hash": "abc"}
    answers = [client.post(RUN, json=body) for _ in range(2)]
    assert answers[0].status_code == 200 and answers[0].content == answers[1].content
    assert "no finished run none here" in json.dumps(answers[0].json())
