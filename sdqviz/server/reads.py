"""The same question to the same store has the same answer: events that only read are answered from
memory, as long as nothing was written.

A class that looks at one run asks the same, each for himself: it is worked out once.
"""

import json
import time
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.server.answer import Answer, answer_of
from sdqviz.server.events import EVENT, Event
from sdqviz.server.once import Once
from sdqviz.server.routes import path_of
from sdqviz.server.shelf import Shelf

_RUN = "/gradio_api/run/predict"
_MOST_BYTES = 32_000_000
_MOST_QUESTION_BYTES = 4_000
# An answer also hangs on what is not in the store: free memory and disk, a model's folder.
_FRESH_SECONDS = 60.0
_USUAL = {"data", "event_data", "fn_index", "trigger_id", "session_hash"}


class Reads:
    """ASGI middleware behind `Events`. `version` is another whenever anything was written."""

    def __init__(
        self,
        app: ASGIApp,
        version: Callable[[], Awaitable[object]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._version = version
        self._now = now
        self._seen: tuple[object, float] = (None, 0.0)  # the version that the shelf is of, its time
        self._shelf: Shelf[Answer] = Shelf(_MOST_BYTES)
        self._once: Once[Answer] = Once()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event: Event | None = scope.get(EVENT)
        question = _question(event) if event and path_of(scope) == _RUN else None
        if event is None or question is None:
            await self._app(scope, receive, send)
            return
        version = await self._version()
        if version != self._seen[0] or self._now() - self._seen[1] > _FRESH_SECONDS:
            self._shelf.clear()
            self._seen = (version, self._now())
        answer = self._shelf.get(question)
        if answer is None:
            key = (version, question)
            # Of no session: what gradio keeps of one would stay, and this is nobody's own.
            asked = json.dumps({**event.body, "session_hash": None}).encode()
            answer = await self._once.made(
                key, lambda: answer_of(self._app, _of(scope, asked), asked)
            )
            # What was written meanwhile may not be in it.
            if answer.status == 200 and await self._version() == version == self._seen[0]:
                self._shelf.put(question, answer)
        await answer.send(scope, send)


def _of(scope: Scope, body: bytes) -> Scope:
    """The request with this body in place of its own."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", b"%d" % len(body))]}


def _question(event: Event) -> str | None:
    """What the answer hangs on; None of an event that is not one of reading."""
    if not event.handler.only_reads or not event.body.keys() <= _USUAL:
        return None
    if len(event.raw) > _MOST_QUESTION_BYTES:
        return None
    asked = [event.index, event.body["data"], event.body.get("event_data")]
    return json.dumps(asked, sort_keys=True)
