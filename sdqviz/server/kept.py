"""What is the same for all visitors is made once: gradio's own files, and the page itself.

A new browser asks for a hundred files before it shows the page; a class of thirty asks for three
thousand. Each is compressed once and given from memory.
"""

import re
from collections.abc import Callable, Hashable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.server.answer import Answer, Header, answer_of
from sdqviz.server.once import Once
from sdqviz.server.routes import path_of
from sdqviz.server.shelf import Shelf

_MOST_BYTES = 64_000_000  # of files; gradio's page asks for 4 MB of its 21
_MOST_PAGE_BYTES = 16_000_000
_FOR_EVER = b"max-age=31536000, immutable"
_HASHED = re.compile(r"/assets/.+-[A-Za-z0-9_-]{8,}\.\w+")  # a name that changes with the content
_FILES = re.compile(r"/(assets|static)/.+|/(theme\.css|favicon\.ico|manifest\.json)")
# What gradio writes into the page of the address that it was asked at.
_ADDRESS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")


class Kept:
    """ASGI middleware: answers for gradio's files and for the page, after their first time.

    The page is kept for each address that it is asked at; where there is a password, also for
    those who are signed in and those who are not (`signed_in`).
    """

    def __init__(self, app: ASGIApp, signed_in: Callable[[Scope], bool] | None = None) -> None:
        self._app = app
        self._signed_in = signed_in
        self._files: Shelf[Answer] = Shelf(_MOST_BYTES)
        self._pages: Shelf[Answer] = Shelf(_MOST_PAGE_BYTES)
        self._once: Once[Answer] = Once()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" else ""
        if scope.get("method") not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
        elif path == "/":
            # A query is the browser's to read: the page is the same without it.
            page = {**scope, "query_string": b""}
            await self._give(self._pages, self._page_key(scope), page, send, b"private, no-cache")
        elif _FILES.fullmatch(path):
            lasting = _HASHED.fullmatch(path) or (path == "/theme.css" and scope["query_string"])
            caching = b"public, " + _FOR_EVER if lasting else b"public, no-cache"
            await self._give(self._files, path, scope, send, caching)
        else:
            await self._app(scope, receive, send)

    def _page_key(self, scope: Scope) -> Hashable:
        headers = Headers(scope=scope)
        is_in = bool(self._signed_in and self._signed_in(scope))
        address = tuple(headers.get(name) for name in _ADDRESS)
        return scope["scheme"], scope.get("root_path"), scope["path"], is_in, *address

    async def _give(
        self, shelf: Shelf[Answer], key: Hashable, scope: Scope, send: Send, caching: bytes
    ) -> None:
        answer = shelf.get(key)
        if answer is None:
            answer = await self._once.made(key, lambda: self._made(shelf, key, scope))
        headers: tuple[Header, ...] = ()
        if answer.status == 200:
            headers = ((b"cache-control", caching),)
        await answer.send(scope, send, *headers)

    async def _made(self, shelf: Shelf[Answer], key: Hashable, scope: Scope) -> Answer:
        answer = await answer_of(self._app, {**scope, "method": "GET"})
        if answer.status == 200:
            shelf.put(key, answer)
        return answer
