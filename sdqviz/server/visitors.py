"""Who asks: a random name in a signed cookie, given with the first page.

It says nothing of a person. It tells one visitor's jobs from another's, also after a reload.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from http.cookies import SimpleCookie
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sdqviz.server.routes import path_of

COOKIE = "sdqviz_visitor"
_YEAR_SECONDS = 365 * 24 * 3600
_VALUE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")
_KEY_FILE = "visitors.key"


class Visitors:
    """Makes names and knows those that it made: their signature is of a key in the home folder."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new(self) -> str:
        """The value of a cookie of a new visitor."""
        name = secrets.token_hex(16)
        return f"{name}.{self._signature(name)}"

    def name(self, value: str | None) -> str | None:
        """The visitor's name in a cookie's value; None of one that was not made here."""
        found = _VALUE.fullmatch(value or "")
        if found and hmac.compare_digest(self._signature(found[1]), found[2]):
            return found[1]
        return None

    def of(self, cookies: Mapping[str, str], session: str | None) -> str:
        """Whoever asks: by the cookie; without one, as a client that is no browser or a page in a
        frame that gets no cookies, by gradio's session.
        """
        return self.name(cookies.get(COOKIE)) or f"session {session or ''}"

    def _signature(self, name: str) -> str:
        return hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()


def visitors(home: Path) -> Visitors:
    """With the home folder's own key, made when it is first needed."""
    file = home / _KEY_FILE
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = file.read_bytes()
        if len(key) == 32:
            return Visitors(key)
        file.unlink()  # cut off by a crash: its visitors get new names
        return visitors(home)
    with os.fdopen(handle, "wb") as opened:
        key = secrets.token_bytes(32)
        opened.write(key)
    return Visitors(key)


class KnowsVisitor:
    """ASGI middleware: gives the page's first answer a cookie."""

    def __init__(self, app: ASGIApp, visitors: Visitors) -> None:
        self._app = app
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_of(scope) != "/":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        if self._visitors.name(request.cookies.get(COOKIE)):
            await self._app(scope, receive, send)
            return
        cookie = _cookie(self._visitors.new(), secure=request.url.scheme == "https")

        async def give(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, give)


def _cookie(value: str, secure: bool) -> str:
    """Where the page is served by https it may stand in another page's frame, as on a Space: the
    cookie then is one of that frame alone.
    """
    jar: SimpleCookie = SimpleCookie()
    jar[COOKIE] = value
    jar[COOKIE]["path"] = "/"
    jar[COOKIE]["max-age"] = _YEAR_SECONDS
    jar[COOKIE]["httponly"] = True
    jar[COOKIE]["samesite"] = "None" if secure else "Lax"
    if secure:
        jar[COOKIE]["secure"] = True
    text = jar[COOKIE].OutputString()
    return f"{text}; Partitioned" if secure else text
