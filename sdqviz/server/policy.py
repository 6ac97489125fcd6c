"""What a page may do in the browser (Content-Security-Policy), should markup ever slip in.

Inline scripts run only if they are those of the page as it was sent, known by their hash. gradio
makes functions of text (`js=` of its events), so `unsafe-eval` has to stay; an injected element
cannot call it. Styles are free: gradio and the charts write them into elements.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from html.parser import HTMLParser

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_FRAMES = ("http://localhost:*", "http://127.0.0.1:*")  # a notebook beside the app
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
}


def script_hash(text: str) -> str:
    """An inline script's name in the policy."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def content_policy(scripts: Sequence[str], frames: Sequence[str]) -> str:
    """The header's value. scripts: hashes of inline scripts; frames: who may embed the page."""
    rules = {
        "default-src": ("'self'",),
        "script-src": ("'self'", "'unsafe-eval'", *dict.fromkeys(scripts)),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "media-src": ("'self'", "data:", "blob:"),
        "font-src": ("'self'", "data:"),
        "connect-src": ("'self'", "data:", "blob:"),
        "worker-src": ("'self'", "blob:"),
        "frame-src": ("'none'",),
        "object-src": ("'none'",),
        "base-uri": ("'self'",),
        "form-action": ("'self'",),
        "frame-ancestors": ("'self'", *frames),
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


class _InlineScripts(HTMLParser):
    """The texts of a document's scripts that have no address."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and not any(name == "src" for name, _ in attrs)
        if self._inside:
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def inline_scripts(document: str) -> list[str]:
    parser = _InlineScripts()
    parser.feed(document)
    parser.close()
    return parser.found


class ContentPolicy:
    """ASGI middleware: security headers on every answer, and the policy on every document.

    `own` are inline scripts that the page adds to itself later; `frames` may embed it.
    """

    def __init__(self, app: ASGIApp, own: Sequence[str] = (), frames: Sequence[str] = ()) -> None:
        self._app = app
        self._own = [script_hash(text) for text in own]
        self._frames = tuple(frames)
        self._strict = content_policy([], frames)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(send, self._policy, self._strict))

    def _policy(self, document: bytes) -> str:
        scripts = inline_scripts(document.decode("utf-8", "replace"))
        return content_policy([*self._own, *map(script_hash, scripts)], self._frames)


class _Answer:
    """Holds a document back until it is whole: its scripts' hashes are in its header. What is no
    document goes on at once.
    """

    def __init__(self, send: Send, policy: Callable[[bytes], str], strict: str) -> None:
        self._send, self._policy, self._strict = send, policy, strict
        self._start: Message | None = None
        self._document = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if "content-security-policy" in headers:  # told when it was first made, and kept
                await self._send(message)
                return
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
            headers.setdefault("Content-Security-Policy", self._strict)
        elif message["type"] == "http.response.body" and self._start is not None:
            self._document += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableHeaders(scope=self._start)
            headers["Content-Security-Policy"] = self._policy(self._document)
            await self._send(self._start)
            message = {**message, "body": self._document}
            self._start, self._document = None, b""
        await self._send(message)
