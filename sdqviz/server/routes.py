"""The routes that this app has: gradio brings many more, and what is not here is refused.

The app has no upload, no recording, no editor and no proxy; each of those would write to the disk
or speak to the network for whoever asks.
"""

import re

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.server.refusal import ABSENT, refusal

LOGIN = "/login"
_LONGEST_NAME = 255  # of a file, in bytes: a longer one is none, and asking for it fails
# What changes something: the only paths that take another method than GET, HEAD or OPTIONS.
_WRITES = re.compile(
    r"/login/?"
    r"|/gradio_api/(queue/join|cancel|reset/?|(run|api)/[A-Za-z0-9_-]+/?)"
)
# Everything a page or a client reads.
_READS = re.compile(
    r"/(logout|config/?|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon(/\d+)?)?"
    r"|/(assets|static|svelte|sdqviz)/.*"
    r"|/gradio_api/(user|login_check|token|app_id|info|startup-events|theme\.css|openapi\.json)/?"
    r"|/gradio_api/heartbeat/.*"
    r"|/gradio_api/(queue/(data|status)|file=.*)"
)
# What a visitor who has not logged in needs to be able to log in.
_BEFORE_LOGIN = re.compile(
    r"/(theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon(/\d+)?)?"
    r"|/login/?|/(assets|static|svelte)/.*"
    r"|/gradio_api/(user|login_check|token|app_id|startup-events|theme\.css)/?"
)


_MCP = re.compile(r"/gradio_api/mcp(/http)?/?")


def is_served(method: str, path: str, mcp: bool = False) -> bool:
    """Whether the app has a route of this method and path; `mcp`: whether it has an MCP server."""
    if mcp and _MCP.fullmatch(path):
        return method in ("GET", "POST")
    if any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in path.split("/")):
        return False
    if method in ("GET", "HEAD", "OPTIONS"):
        return bool(_READS.fullmatch(path))
    return method == "POST" and bool(_WRITES.fullmatch(path))


def needs_login(path: str) -> bool:
    """Whether only those who have logged in may ask for it, where there is a password."""
    return not _BEFORE_LOGIN.fullmatch(path)


def path_of(scope: Scope) -> str:
    """The request's path below the app's own root."""
    return get_route_path(scope) or "/"


class OnlyOurs:
    """ASGI middleware: refuses every other route."""

    def __init__(self, app: ASGIApp, mcp: bool = False) -> None:
        self._app = app
        self._mcp = mcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_served(scope["method"], path_of(scope), self._mcp):
            answer = refusal(ABSENT, f"this app has no {scope['method']} {path_of(scope)[:80]}")
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)
