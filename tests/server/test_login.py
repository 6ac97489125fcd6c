"""What a password keeps out, and how fast it can be guessed."""

import time

import anyio
import httpx
import pytest

from sdqviz.server.login import FREE, LONGEST_SECONDS, LoginFirst, Pace


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_wrong_passwords_take_longer_and_longer():
    clock = Clock()
    pace, waits = Pace(clock), []
    for _ in range(12):
        waits.append(pace.wait_seconds("a"))
        clock.now += waits[-1]
        pace.note("a", right=False)
    assert waits[:FREE] == [0.0] * FREE
    assert waits[FREE : FREE + 6] == [1, 2, 4, 8, 16, 32]
    assert waits[-1] == LONGEST_SECONDS
    assert pace.wait_seconds("b") == 0.0  # who sits elsewhere is not kept waiting


def test_a_right_password_and_a_quarter_of_an_hour_clear_the_wrong_ones():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(9):
        pace.note("a", right=False)
    clock.now += 901
    assert pace.wait_seconds("a") == 0.0
    for _ in range(9):
        pace.note("a", right=False)
    pace.note("a", right=True)
    assert pace.wait_seconds("a") == 0.0


def test_many_addresses_together_are_slowed_down_too_and_forgotten_in_the_end():
    clock = Clock()
    pace = Pace(clock)
    for number in range(9000):
        pace.note(f"a{number}", right=False)
    assert 0 < pace.wait_seconds("new") <= 4
    assert len(pace._tries) <= 4096


PATHS = (
    *("/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/queue/join", "/gradio_api/run/x"),
    *("/config", "/gradio_api/info", "/gradio_api/heartbeat/x", "/gradio_api/file=/x"),
    *("/sdqviz/blob/x", "/gradio_api/queue/data", "/logout"),
)


async def asked(app, calls):
    """The answers to (method, path), at once."""
    answers = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as client:

        async def ask(number, method, path):
            answers[number] = await client.request(method, path)

        async with anyio.create_task_group() as group:
            for number, (method, path) in enumerate(calls):
                group.start_soon(ask, number, method, path)
    return [answers[number] for number in range(len(calls))]


def guarded(signed_in, status=400, pace=None):
    checked = []

    async def app(scope, receive, send):
        checked.append(scope["path"])
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return LoginFirst(app, lambda scope: signed_in, pace), checked


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_done_without_login(method):
    app, checked = guarded(signed_in=False)
    calls = [(method, path) for path in PATHS]
    answers = anyio.run(asked, app, calls)
    assert {answer.status_code for answer in answers} == {401}
    assert not checked
    app, checked = guarded(signed_in=True, status=200)
    assert {answer.status_code for answer in anyio.run(asked, app, calls)} == {200}


def test_a_hundred_guesses_at_once_are_not_looked_at():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(FREE):
        pace.note("127.0.0.1", right=False)
    app, checked = guarded(signed_in=False, pace=pace)
    started = time.monotonic()
    answers = anyio.run(asked, app, [("POST", "/login")] * 100)
    assert len(checked) == 1
    assert time.monotonic() - started > 0.9
    assert sorted({answer.status_code for answer in answers}) == [400, 429]
    assert all("retry-after" in a.headers for a in answers if a.status_code == 429)
