"""A whole answer of the page, kept to be given again: compressed once, known by its tag."""

import asyncio
import gzip
import hashlib
from collections.abc import Iterable

import brotli
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope, Send

Header = tuple[bytes, bytes]
_SMALL_BYTES = 500  # not worth compressing
_QUALITY = 5  # of brotli: 20 MB/s, within 3 % of the smallest
_LEVEL = 6  # of gzip
_COMPRESSIBLE = (b"text/", b"application/json", b"application/javascript", b"image/svg")
# Said anew of each answer, or of one visitor alone.
_DROPPED = {b"content-length", b"content-encoding", b"etag", b"last-modified", b"vary"}
_DROPPED |= {b"set-cookie", b"date", b"server", b"accept-ranges", b"cache-control"}


class Answer:
    """Status, headers and body, and the body as browsers take it."""

    def __init__(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        self.status = status
        self._headers = [(name, value) for name, value in headers if name not in _DROPPED]
        kind = dict(self._headers).get(b"content-type", b"")
        self._bodies = {b"": body}
        self._compressible = len(body) >= _SMALL_BYTES and kind.startswith(_COMPRESSIBLE)
        self.tag = b'W/"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()

    @property
    def size_bytes(self) -> int:
        """What it holds at most, compressed bodies and headers among it."""
        return 1000 + 2 * len(self._bodies[b""])

    async def send(self, scope: Scope, send: Send, *more: Header) -> None:
        """Gives it, or 304 to a browser that has it. `more` are further headers."""
        asked = Headers(scope=scope)
        headers = [*self._headers, *more]
        if self.status == 200 and scope["method"] != "POST":
            headers.append((b"etag", self.tag))
            if self.tag.decode() in asked.get("if-none-match", ""):
                await send({"type": "http.response.start", "status": 304, "headers": headers})
                await send({"type": "http.response.body", "body": b""})
                return
        encoding, body = self._body(asked.get("accept-encoding", ""))
        if self._compressible:
            headers.append((b"vary", b"accept-encoding"))
        if encoding:
            headers.append((b"content-encoding", encoding))
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _body(self, accepted: str) -> tuple[bytes, bytes]:
        """The encoding that the browser takes, and the body in it; compressed when first asked."""
        encoding = b""
        if self._compressible:
            encoding = b"br" if "br" in accepted else b"gzip" if "gzip" in accepted else b""
        if encoding not in self._bodies:
            plain = self._bodies[b""]
            self._bodies[encoding] = (
                brotli.compress(plain, quality=_QUALITY)
                if encoding == b"br"
                else gzip.compress(plain, _LEVEL, mtime=0)
            )
        return encoding, self._bodies[encoding]


async def answer_of(app: ASGIApp, scope: Scope, body: bytes = b"") -> Answer:
    """What the app behind says to a request, read to its end and not compressed."""
    start: Message = {}
    parts: list[bytes] = []
    to_read = [body]

    async def receive() -> Message:
        if to_read:
            return {"type": "http.request", "body": to_read.pop(), "more_body": False}
        return await asyncio.get_running_loop().create_future()  # whoever asks does not go away

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    dropped = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
    # Without extensions a file's bytes come, not its path.
    await app({**scope, "headers": headers, "extensions": {}}, receive, keep)
    return Answer(start["status"], start["headers"], b"".join(parts))
