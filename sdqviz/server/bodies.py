"""No request carries more than this app ever asks for."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sdqviz.server.refusal import TOO_LARGE, refusal

MOST_BYTES = 1_000_000


class BodyLimit:
    """ASGI middleware: refuses a body over `most_bytes`, told by its header or by its bytes.

    A body is read before anything works on it, so a refused one leaves nothing behind.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        too_large = not told.isdecimal() or int(told) > self._most
        kept: list[Message] = []
        read = 0
        while not too_large:
            message = await receive()
            kept.append(message)
            read += len(message.get("body", b""))
            too_large = read > self._most
            if message["type"] != "http.request" or not message.get("more_body"):
                break
        if too_large:
            limit = f"{self._most / 1e6:g} MB"
            answer = refusal(
                TOO_LARGE, f"the request is over {limit}", "send less", connection="close"
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, _again(kept, receive), send)


def _again(kept: list[Message], receive: Receive) -> Receive:
    """What was read, once more, then what comes."""
    left = iter(kept)

    async def read() -> Message:
        return next(left, None) or await receive()

    return read
