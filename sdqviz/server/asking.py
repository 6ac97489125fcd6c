"""Who an event is for, told to whatever answers it, and noted whether the answer looked at that."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.server.events import EVENT, Event
from sdqviz.server.visitors import Visitors
from sdqviz.store.asker import Asker

ASKING = "sdqviz.asking"  # where the scope holds it


@dataclass
class Asking:
    """Of one request. An answer for which `tell` was not called is anybody's."""

    asker: Asker
    is_told: bool = False

    def tell(self) -> Asker:
        self.is_told = True
        return self.asker


class KnowsAsker:
    """ASGI middleware behind `Events`: by the cookie or the page's own key; without either, as a
    client that is no browser, by gradio's session.
    """

    def __init__(self, app: ASGIApp, visitors: Visitors) -> None:
        self._app = app
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            event: Event | None = scope.get(EVENT)
            session = event.body.get("session_hash") if event else None
            asker = self._visitors.asker(HTTPConnection(scope), session)
            scope = {**scope, ASKING: Asking(asker)}
        await self._app(scope, receive, send)
