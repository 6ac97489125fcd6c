"""The middlewares in front of the page, in their order."""

from collections.abc import Callable, Mapping, Sequence

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import Scope

from sdqviz.server.asking import KnowsAsker
from sdqviz.server.blobs import BlobRoute
from sdqviz.server.bodies import BodyLimit
from sdqviz.server.events import Events, Handler
from sdqviz.server.hosts import Hosts, KnownHost
from sdqviz.server.kept import Kept
from sdqviz.server.login import LoginFirst
from sdqviz.server.policy import ContentPolicy
from sdqviz.server.pulse import Pulse
from sdqviz.server.reads import Reads
from sdqviz.server.routes import OnlyOurs
from sdqviz.server.visitors import KnowsVisitor, Visitors
from sdqviz.store.blobs import Blobs


def middlewares(
    hosts: Hosts,
    visitors: Visitors,
    blobs: Blobs,
    handlers: Mapping[int, Handler],
    pulse: Pulse,
    scripts: Sequence[str] = (),
    frames: Sequence[str] = (),
    signed_in: Callable[[Scope], bool] | None = None,
    mcp: bool = False,
) -> list[Middleware]:
    """The outermost first. scripts: what the page adds to itself, as its head; frames: who may
    embed the page; signed_in: given where there is a password; handlers: of the page's events;
    pulse: tells whenever anything was written to the store; mcp: whether there is an MCP server.
    """
    policy = Middleware(ContentPolicy, own=scripts, frames=frames)
    guard = [Middleware(LoginFirst, signed_in=signed_in)] if signed_in else []
    return [
        policy,
        Middleware(KnownHost, hosts=hosts),
        Middleware(OnlyOurs, mcp=mcp),
        *guard,
        Middleware(BodyLimit),
        Middleware(BlobRoute, blobs=blobs, is_public=signed_in is None),
        Middleware(KnowsVisitor, visitors=visitors),
        Middleware(Events, handlers=handlers),
        Middleware(KnowsAsker, visitors=visitors),
        Middleware(Reads, version=pulse.version, visitors=pulse.visitors),
        Middleware(Kept, signed_in=signed_in),
        policy,  # a document that is kept is looked through once
    ]


def has_gradio_login(scope: Scope) -> bool:
    """Whether a request carries the cookie that gradio's own login gave."""
    app, cookies = scope["app"], HTTPConnection(scope).cookies
    names = (f"access-token{kind}-{app.cookie_id}" for kind in ("", "-unsecure"))
    return any(cookies.get(name) in app.tokens for name in names)
