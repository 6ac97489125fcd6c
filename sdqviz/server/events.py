"""An event of the page is read once and checked: gradio takes whatever comes, and fails on it.

Each handler has inputs of known kinds. What the page's own script would never send is refused here
in one line, so that a handler is given a text where it expects one.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.server.refusal import ABSENT, BAD, refusal
from sdqviz.server.routes import path_of

EVENT = "sdqviz.event"  # where the scope holds it
_NAMED = re.compile(r"/gradio_api/(?:run|api)/([A-Za-z0-9_-]+)/?")
_JOIN = "/gradio_api/queue/join"
_OTHERS = re.compile(r"/gradio_api/(cancel|reset)/?")  # JSON, but no event
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_INTEGER = 2**53  # beyond it the page's own numbers are not exact


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# Kind of an input -> whether a value, other than nothing, is one.
KINDS: Mapping[str, Callable[[Any], bool]] = {
    "text": _is_text,
    "texts": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "choice": lambda value: _is_text(value) or _is_number(value),
    "number": _is_number,
    "index": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "any": lambda value: True,  # of the named API: its function looks at it
    "kept": lambda value: True,  # held by the server; what is sent in its place is not looked at
}


@dataclass(frozen=True)
class Input:
    """What a handler is given at one place: of a kind or nothing; where `choices` or `limits` are
    fixed, one of those and never nothing.
    """

    kind: str
    choices: tuple[Any, ...] = ()
    limits: tuple[float, float] | None = None

    def takes(self, value: Any) -> bool:
        if value is None:
            return not self.choices and self.limits is None
        if not KINDS[self.kind](value) or (self.choices and value not in self.choices):
            return False
        return self.limits is None or self.limits[0] <= value <= self.limits[1]


@dataclass(frozen=True)
class Handler:
    """What answers an event: its name, its inputs, and whether it only reads."""

    name: str
    inputs: tuple[Input, ...]
    only_reads: bool = False


@dataclass(frozen=True)
class Event:
    """One that the page may send."""

    index: int
    handler: Handler
    body: dict[str, Any]
    raw: bytes


class Events:
    """ASGI middleware: reads the body of an event, refuses one that no page sends."""

    def __init__(self, app: ASGIApp, handlers: Mapping[int, Handler]) -> None:
        self._app = app
        self._handlers = handlers
        self._named = {handler.name: index for index, handler in handlers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" and scope["method"] == "POST" else ""
        named = _NAMED.fullmatch(path)
        other = _OTHERS.fullmatch(path)
        if path != _JOIN and named is None and other is None:
            await self._app(scope, receive, send)
            return
        message = await receive()
        raw = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            raw += message.get("body", b"")
        event = None
        try:
            if other:
                _parsed(raw)
            else:
                event = self._event(raw, named[1] if named else "")
        except ValueError as error:
            answer = refusal(BAD, f"not an event of this page: {error}", "reload the page")
            await answer(scope, receive, send)
            return
        except KeyError:
            answer = refusal(ABSENT, "this page has no such event", "reload the page")
            await answer(scope, receive, send)
            return
        is_read = False

        async def again() -> Any:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": raw, "more_body": False}

        await self._app({**scope, EVENT: event}, again, send)

    def _event(self, raw: bytes, name: str) -> Event:
        """Raises ValueError with the reason, KeyError where nothing answers it."""
        body = _parsed(raw)
        if body.get("batched"):
            raise ValueError("no event comes in a batch")
        session = body.get("session_hash")
        if session is not None and not (_is_text(session) and _SESSION.fullmatch(session)):
            raise ValueError("its session has no name of one")
        index = body.get("fn_index")
        if index is None:
            index = self._named[name]
        if not KINDS["index"](index):
            raise ValueError("its number is none")
        handler = self._handlers[index]
        _check(handler, body.get("data"))
        return Event(index, handler, body, raw)


def _check(handler: Handler, data: Any) -> None:
    if not isinstance(data, list) or len(data) != len(handler.inputs):
        raise ValueError(f"it has {len(handler.inputs)} values")
    for number, (value, place) in enumerate(zip(data, handler.inputs, strict=True)):
        if not place.takes(value):
            raise ValueError(f"value {number} is no {place.kind} that it takes")


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw, parse_constant=_refused, parse_int=_whole, parse_float=_finite)
        # A half of a surrogate pair is in no text that can be kept or sent back.
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeError as error:
        raise ValueError("its text is not Unicode") from error
    except json.JSONDecodeError as error:
        raise ValueError("its body is no JSON") from error
    if not isinstance(body, dict):
        raise ValueError("its body is no object")
    return body


def _refused(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > _MOST_INTEGER:
        raise ValueError("a number is too large")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
