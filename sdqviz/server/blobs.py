"""Pictures by a plain route: a blob's name is the hash of its bytes, so a browser keeps it for
ever and asks again for nothing.
"""

from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.base.errors import SdqvizError
from sdqviz.server.refusal import ABSENT, refusal
from sdqviz.server.routes import path_of
from sdqviz.store.blobs import Blobs

ROUTE = "/sdqviz/blob/"
_LARGE_BYTES = 500_000
_KINDS = {"png": "image/png", "webp": "image/webp", "json": "application/json"}
_FOR_EVER = "public, max-age=31536000, immutable"
_PRIVATE = _FOR_EVER.replace("public", "private")  # where there is a password, no proxy keeps it


class BlobRoute:
    """ASGI middleware: answers what is below `ROUTE` from the store."""

    def __init__(self, app: ASGIApp, blobs: Blobs, is_public: bool = True) -> None:
        self._app = app
        self._blobs = blobs
        self._caching = _FOR_EVER if is_public else _PRIVATE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" else ""
        if not path.startswith(ROUTE):
            await self._app(scope, receive, send)
            return
        await self._answer(scope, path.removeprefix(ROUTE))(scope, receive, send)

    def _answer(self, scope: Scope, name: str) -> Response:
        kind = _KINDS.get(name.rpartition(".")[2])
        file = self._file(name) if kind else None
        if file is None:
            return refusal(ABSENT, f"there is no picture {name[:80]!r}")
        headers = {"Cache-Control": self._caching, "ETag": f'"{name}"'}
        if _asks_for(scope, name):
            return Response(status_code=304, headers=headers)
        if file.stat().st_size > _LARGE_BYTES:
            return FileResponse(file, media_type=kind, headers=headers)
        # A small file is read sooner than a thread is found that would.
        return Response(file.read_bytes(), media_type=kind, headers=headers)

    def _file(self, name: str) -> Path | None:
        try:
            return self._blobs.file(name)
        except SdqvizError:
            return None


def _asks_for(scope: Scope, name: str) -> bool:
    """Whether the browser has it already."""
    asked = [value for key, value in scope["headers"] if key == b"if-none-match"]
    return any(f'"{name}"'.encode() in value for value in asked)
