"""The same question to the same store has the same answer: events that only read are answered from
memory, as long as nothing was written.

A class that looks at one run asks the same, each for himself: it is worked out once. An answer
that looked at who asks is kept for that visitor alone; whoever has no run of their own sees what
everybody sees.
"""

import json
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.server.answer import Answer, answer_of
from sdqviz.server.asking import ASKING, Asking
from sdqviz.server.events import EVENT, Event
from sdqviz.server.once import Once
from sdqviz.server.routes import path_of
from sdqviz.server.shelf import Shelf
from sdqviz.store.asker import NOBODY, Asker

_RUN = "/gradio_api/run/predict"
_MOST_BYTES = 32_000_000
_MOST_QUESTION_BYTES = 4_000
# An answer also hangs on what is not in the store: free memory and disk, a model's folder.
_FRESH_SECONDS = 60.0
_USUAL = {"data", "event_data", "fn_index", "trigger_id", "session_hash"}


class Reads:
    """ASGI middleware behind `Events` and `KnowsAsker`. `version` is another whenever anything was
    written; `visitors` are those who have runs of their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        version: Callable[[], Awaitable[object]],
        visitors: Callable[[], Awaitable[Collection[str]]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._version = version
        self._visitors = visitors
        self._now = now
        self._seen: tuple[object, float] = (None, 0.0)  # the version that the shelf is of, its time
        self._having: Collection[str] = ()  # the visitors who have runs, at that version
        self._shelf: Shelf[Answer] = Shelf(_MOST_BYTES)
        self._once: Once[tuple[Answer, bool]] = Once()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event: Event | None = scope.get(EVENT)
        question = _question(event) if event and path_of(scope) == _RUN else None
        if event is None or question is None:
            await self._app(scope, receive, send)
            return
        version = await self._version()
        if version != self._seen[0] or self._now() - self._seen[1] > _FRESH_SECONDS:
            having = await self._visitors()
            self._shelf.clear()
            self._seen, self._having = (version, self._now()), having
        asker = self._standing(scope)
        everyones, own = (question, None), (question, asker)
        answer = self._shelf.get(everyones) or self._shelf.get(own)
        if answer is None:
            # Of no session: what gradio keeps of one would stay, and this is nobody's own.
            asked = json.dumps({**event.body, "session_hash": None}).encode()
            answer, is_own = await self._once.made(
                (version, *own), lambda: self._made(scope, asked, asker)
            )
            # What was written meanwhile may not be in it.
            if answer.status == 200 and await self._version() == version == self._seen[0]:
                self._shelf.put(own if is_own else everyones, answer)
        await answer.send(scope, send)

    def _standing(self, scope: Scope) -> Asker:
        """Who asks, as far as any answer can hang on it."""
        asking: Asking | None = scope.get(ASKING)
        asker = asking.asker if asking else NOBODY
        if asker.is_operator:
            return replace(asker, visitor="")
        return asker if asker.visitor in self._having else NOBODY

    async def _made(self, scope: Scope, asked: bytes, asker: Asker) -> tuple[Answer, bool]:
        """The answer, and whether it looked at who asks."""
        asking = Asking(asker)
        inner = {**_of(scope, asked), ASKING: asking}
        return await answer_of(self._app, inner, asked), asking.is_told


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
