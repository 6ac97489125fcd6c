"""The middlewares in front of the page, in their order."""

from collections.abc import Callable, Sequence

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import Scope

from sdqviz.server.blobs import BlobRoute
from sdqviz.server.bodies import BodyLimit
from sdqviz.server.hosts import Hosts, KnownHost
from sdqviz.server.login import LoginFirst
from sdqviz.server.policy import ContentPolicy
from sdqviz.server.routes import OnlyOurs
from sdqviz.server.visitors import KnowsVisitor, Visitors
from sdqviz.store.blobs import Blobs


def middlewares(
    hosts: Hosts,
    visitors: Visitors,
    blobs: Blobs,
    scripts: Sequence[str] = (),
    frames: Sequence[str] = (),
    signed_in: Callable[[Scope], bool] | None = None,
) -> list[Middleware]:
    """The outermost first. scripts: what the page adds to itself, as its head; frames: who may
    embed the page; signed_in: given where there is a password.
    """
    guard = [Middleware(LoginFirst, signed_in=signed_in)] if signed_in else []
    return [
        Middleware(ContentPolicy, own=scripts, frames=frames),
        Middleware(KnownHost, hosts=hosts),
        Middleware(OnlyOurs),
        *guard,
        Middleware(BodyLimit),
        Middleware(BlobRoute, blobs=blobs, is_public=signed_in is None),
        Middleware(KnowsVisitor, visitors=visitors),
    ]


def has_gradio_login(scope: Scope) -> bool:
    """Whether a request carries the cookie that gradio's own login gave."""
    app, cookies = scope["app"], HTTPConnection(scope).cookies
    names = (f"access-token{kind}-{app.cookie_id}" for kind in ("", "-unsecure"))
    return any(cookies.get(name) in app.tokens for name in names)
