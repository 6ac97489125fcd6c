"""Which names this server answers to, and from which pages it takes requests.

A page elsewhere can point a name of its own at this machine (DNS rebinding): the browser then
holds that page and this server for one. Only the name in the request tells, so an unknown name is
refused. An address in digits needs no name, so nobody can rebind it.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sdqviz.base.errors import SdqvizError
from sdqviz.server.refusal import BAD, FORBIDDEN, refusal

LOCAL = ("localhost", "127.0.0.1", "::1")
SHARED = "*.gradio.live"  # where gradio's public links lead
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9_.-]*[a-z0-9])?", re.IGNORECASE)
_USUAL_PORTS = {"http": 80, "https": 443}
_OWN_SITE = ("same-origin", "none")  # of the header Sec-Fetch-Site


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The names in lower case; "*.NAME" stands for all below NAME. `addresses`: any address in
    digits too, as on a server that a local network reaches.
    """

    names: frozenset[str]
    addresses: bool = False

    def knows(self, host: str) -> bool:
        """Whether a name (without its port) is one of ours."""
        name = host.lower().rstrip(".")
        if name in self.names or (self.addresses and _is_address(name)):
            return True
        return any(name.endswith(known[1:]) for known in self.names if known.startswith("*."))


def hosts(public: bool, share: bool = False, given: Sequence[str] = (), space: str = "") -> Hosts:
    """What a server answers to: this machine's local names always; off localhost its addresses and
    its own name; a public link's; those `given`; and `space`, what a Space calls itself
    (SPACE_HOST, names with commas between them). Raises SdqvizError for what is no name.
    """
    names = [name.strip().lower() for name in (*given, *space.split(",")) if name.strip()]
    for name in names:
        if not _NAME.fullmatch(name) and not _is_address(name):
            raise SdqvizError(
                f"--allowed-host {name!r} is no name of a host",
                "write it without scheme and port, such as demo.example.org or *.example.org",
            )
    own = [socket.gethostname().lower()] if public else []
    shared = [SHARED] if share else []
    return Hosts(names=frozenset((*LOCAL, *own, *shared, *names)), addresses=public)


class KnownHost:
    """ASGI middleware: refuses names that are not ours, and requests that another page makes."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] in ("http", "websocket"):
            answer = self._refused(Headers(scope=scope), scope.get("method", "GET"))
        if answer is None:
            await self._app(scope, receive, send)
        else:
            await answer(scope, receive, send)

    def _refused(self, headers: Headers, method: str):
        asked = headers.getlist("host")
        host = _netloc(f"//{asked[0]}") if len(asked) == 1 else None
        if host is None or not self._hosts.knows(host[0]):
            known = "localhost" if not self._hosts.addresses else "its own names and addresses"
            return refusal(
                BAD,
                f"this server answers to {known}, not to {', '.join(asked)[:80] or 'no host'!r}",
                "start it with --allowed-host NAME if that is its name",
            )
        for name, before in (("x-forwarded-host", "//"), ("x-gradio-server", "")):
            told = headers.get(name, "").split(",")[0].strip()
            netloc = _netloc(before + told) if told else None
            # gradio makes an address of it and fails where it is none.
            if told and not (netloc and (_NAME.fullmatch(netloc[0]) or _is_address(netloc[0]))):
                return refusal(BAD, f"{name} is no host: {told[:80]!r}", "mend the proxy in front")
        origin = headers.get("origin")
        if origin is not None and not self._own_origin(origin, asked[0]):
            return refusal(FORBIDDEN, f"pages of {origin[:80]!r} may not use this app")
        site = headers.get("sec-fetch-site", "none")
        if origin is None and method not in SAFE_METHODS and site not in _OWN_SITE:
            return refusal(FORBIDDEN, "another site's page may not use this app")
        return None

    def _own_origin(self, origin: str, host: str) -> bool:
        """The very server that is asked, or one that was named: a proxy may hide the port and
        turn https into http.
        """
        scheme = origin.partition("://")[0].lower()
        theirs = _netloc(origin)
        ours = _netloc(f"{scheme}://{host}")
        if scheme not in _USUAL_PORTS or theirs is None or ours is None:
            return False  # "null", that of a sandboxed page, among them
        if theirs == ours:
            return True
        named = theirs[0] not in LOCAL and not _is_address(theirs[0])
        return named and self._hosts.knows(theirs[0])


def _netloc(address: str) -> tuple[str, int | None] | None:
    """Host in lower case and port (the scheme's usual one where none is written); None of what is
    no address of a host.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None or parts.path.strip("/") or parts.query:
        return None
    return parts.hostname.lower(), port or _USUAL_PORTS.get(parts.scheme)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
