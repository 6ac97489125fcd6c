"""Who asks: a random name in a signed cookie, given with the first page.

It says nothing of a person. It tells one visitor's jobs from another's, also after a reload. In
another page's frame, as on a Space, a browser may keep no cookie: so each event of a page carries a
key as well (`views/web/app/visitor.js`), which counts where there is no cookie. The key lives as
long as the browser's tab; the cookie, which no script can read, for a year and in all tabs.
"""

import hashlib
import hmac
import os
import re
import secrets
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sdqviz.server.routes import path_of
from sdqviz.store.asker import ALONE, OPERATOR, Asker

COOKIE = "sdqviz_visitor"
KEY_HEADER = "x-sdqviz-visitor"
OPERATOR_COOKIE = "sdqviz_operator"
ADMIN = "admin"  # in the address of the operator's page
ADMIN_KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
_YEAR_SECONDS = 365 * 24 * 3600
_VALUE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")
_KEY = re.compile(r"[0-9a-f]{32}")
_KEY_FILE = "visitors.key"


class Visitors:
    """Makes names and knows those that it made: their signature is of a key in the home folder.

    Whoever opens the page with `?admin=` and the key `admin` is the operator from then on. `alone`:
    everyone is, as on one's own machine.
    """

    def __init__(self, key: bytes, admin: str = "", alone: bool = False) -> None:
        self._key = key
        self._admin = admin
        self._alone = alone

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

    def asker(self, request: HTTPConnection, session: str | None) -> Asker:
        """Whoever asks; `session` is gradio's, of a client that is no browser."""
        if self._alone:
            return ALONE
        given = request.cookies.get(OPERATOR_COOKIE, "")
        if self._admin and hmac.compare_digest(given.encode(), self.operator().encode()):
            return OPERATOR
        name, key = self.name(request.cookies.get(COOKIE)), request.headers.get(KEY_HEADER, "")
        if name is None and _KEY.fullmatch(key):
            name = f"tab {key}"
        if name is None and session:
            name = f"session {session}"
        return Asker(visitor=name or "")

    def opens(self, key: str) -> bool:
        """Whether this is the operator's key."""
        return bool(self._admin) and hmac.compare_digest(key.encode(), self._admin.encode())

    def operator(self) -> str:
        """The value of the operator's cookie: another one once the key is another."""
        return self._signature(f"operator {self._admin}")

    def _signature(self, name: str) -> str:
        return hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()


def visitors(home: Path, admin: str = "", alone: bool = False) -> Visitors:
    """With the home folder's own key, made when it is first needed."""
    file = home / _KEY_FILE
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = file.read_bytes()
        if len(key) == 32:
            return Visitors(key, admin, alone)
        file.unlink()  # cut off by a crash: its visitors get new names
        return visitors(home, admin, alone)
    with os.fdopen(handle, "wb") as opened:
        key = secrets.token_bytes(32)
        opened.write(key)
    return Visitors(key, admin, alone)


class KnowsVisitor:
    """ASGI middleware: gives the page's first answer a cookie, and the operator's own to whoever
    comes with the key, which then leaves the address: it is in no link that is copied.
    """

    def __init__(self, app: ASGIApp, visitors: Visitors) -> None:
        self._app = app
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_of(scope) != "/":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        is_secure = request.url.scheme == "https"
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name == ADMIN and self._visitors.opens(value) for name, value in asked):
            rest = urlencode([pair for pair in asked if pair[0] != ADMIN])
            cookie = _cookie(OPERATOR_COOKIE, self._visitors.operator(), is_secure)
            headers = {"location": f"?{rest}" if rest else "./", "set-cookie": cookie}
            headers["cache-control"] = "no-store"
            await Response(status_code=303, headers=headers)(scope, receive, send)
            return
        if self._visitors.name(request.cookies.get(COOKIE)):
            await self._app(scope, receive, send)
            return
        cookie = _cookie(COOKIE, self._visitors.new(), is_secure)

        async def give(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, give)


def _cookie(name: str, value: str, secure: bool) -> str:
    """Where the page is served by https it may stand in another page's frame, as on a Space: the
    cookie then is one of that frame alone.
    """
    jar: SimpleCookie = SimpleCookie()
    jar[name] = value
    jar[name]["path"] = "/"
    jar[name]["max-age"] = _YEAR_SECONDS
    jar[name]["httponly"] = True
    jar[name]["samesite"] = "None" if secure else "Lax"
    if secure:
        jar[name]["secure"] = True
    text = jar[name].OutputString()
    return f"{text}; Partitioned" if secure else text
