"""Where there is a password: nothing without it, and wrong ones take longer and longer."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sdqviz.server.refusal import LOGIN, TOO_MANY, refusal
from sdqviz.server.routes import needs_login, path_of

FREE = 3  # wrong passwords that cost no wait
LONGEST_SECONDS = 60.0
FORGOTTEN_SECONDS = 900.0  # after the last wrong one
_CLIENTS = 4096  # addresses that are remembered
_ALL = ""  # the pace of all addresses together
_FREE_IN_ALL = 40
_LONGEST_IN_ALL = 4.0


@dataclass
class _Tries:
    wrong: int = 0
    last: float = 0.0
    waits: bool = False  # one try of this address is being held back


class Pace:
    """How long a try must wait: after `FREE` wrong ones 1 s, then twice as long each time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def tries(self, client: str) -> _Tries:
        found = self._tries.setdefault(client, _Tries())
        if found.wrong and self._now() - found.last > FORGOTTEN_SECONDS:
            found.wrong = 0
        self._tries.move_to_end(client)
        while len(self._tries) > _CLIENTS:
            self._tries.popitem(last=False)
        return found

    def wait_seconds(self, client: str) -> float:
        """From now until this client's next try may be looked at."""
        own = self._left(self.tries(client), FREE, LONGEST_SECONDS)
        return max(own, self._left(self.tries(_ALL), _FREE_IN_ALL, _LONGEST_IN_ALL))

    def _left(self, tries: _Tries, free: int, longest: float) -> float:
        if tries.wrong < free:
            return 0.0
        wait = min(longest, 2.0 ** min(tries.wrong - free, 16))
        return max(0.0, tries.last + wait - self._now())

    def note(self, client: str, right: bool) -> None:
        for name in (client, _ALL):
            tries = self.tries(name)
            if not right:
                tries.wrong, tries.last = tries.wrong + 1, self._now()
            elif name == client:
                tries.wrong = 0


class LoginFirst:
    """ASGI middleware for a server with a password. `signed_in` tells of a request whether it comes
    from someone who gave it.
    """

    def __init__(
        self, app: ASGIApp, signed_in: Callable[[Scope], bool], pace: Pace | None = None
    ) -> None:
        self._app = app
        self._signed_in = signed_in
        self._pace = pace or Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = path_of(scope)
        if path.rstrip("/") == "/login" and scope["method"] == "POST":
            await self._try(scope, receive, send)
        elif needs_login(path) and not self._signed_in(scope):
            answer = refusal(LOGIN, "this app asks for a password", "log in on its page first")
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _try(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One try at a time of each address; the next one waits, more are refused unread."""
        client = (scope.get("client") or ("unknown",))[0]
        tries = self._pace.tries(client)
        seconds = self._pace.wait_seconds(client)
        if tries.waits:
            answer = refusal(
                TOO_MANY,
                "too many passwords at once",
                f"wait {seconds:.0f} s",
                retry_after=f"{seconds + 1:.0f}",
            )
            await answer(scope, receive, send)
            return
        tries.waits = True
        try:
            await asyncio.sleep(seconds)

            async def seen(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self._pace.note(client, right=message["status"] < 400)
                await send(message)

            await self._app(scope, receive, seen)
        finally:
            tries.waits = False
