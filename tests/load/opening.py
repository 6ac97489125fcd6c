"""What a browser asks for when it opens the page: recorded once, then asked again by others."""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Request, sync_playwright

from tests.browser.conftest import FLAGS, browser_file
from tests.load.connections import Connections, RefusedError

REST_SECONDS = 3.0  # without a request: the page is open
MOST_SECONDS = 120.0
_STREAMS = ("/gradio_api/heartbeat/", "/gradio_api/queue/data")
JOIN = "/gradio_api/queue/join"


@dataclass(frozen=True)
class Ask:
    """One request: its path with the query, and its JSON body (of a POST)."""

    path: str
    body: dict[str, Any] | None = None

    @property
    def is_queued(self) -> bool:
        return self.path.startswith(JOIN)


def record(url: str) -> list[Ask]:
    """The requests of a new browser from the first to the last before the page rests, in order;
    the ticks of its timer are left out.
    """
    asked: list[Ask] = []
    config = httpx.get(f"{url}config").raise_for_status().json()
    ticks = {
        event["id"]
        for event in config["dependencies"]
        if any(target[1] == "tick" for target in event["targets"])
    }
    last = time.monotonic()

    def note(request: Request) -> None:
        nonlocal last
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if parts.scheme not in ("http", "https") or path.startswith(_STREAMS):
            return
        body = json.loads(request.post_data) if request.post_data else None
        if body is None or body["fn_index"] not in ticks:
            asked.append(Ask(path, body))
            last = time.monotonic()

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_file(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.on("request", note)
        started = time.monotonic()
        page.goto(url)
        page.wait_for_selector(".sdqv canvas", timeout=MOST_SECONDS * 1000)
        while time.monotonic() - last < REST_SECONDS and time.monotonic() - started < MOST_SECONDS:
            page.wait_for_timeout(200)
        browser.close()
    return asked


async def replay(visitor: Connections, asks: list[Ask]) -> float:
    """Asks all of it as one visitor, the reads that a page makes at once at once; returns the
    seconds until the last answer. Raises RefusedError where one is no success.
    """
    session, started = secrets.token_hex(6), time.monotonic()
    page, rest = asks[0], asks[1:]
    await visitor.get(page.path)
    await asyncio.gather(*(visitor.get(ask.path) for ask in rest if ask.body is None))
    posts = [ask for ask in rest if ask.body is not None]
    queued = [ask for ask in posts if ask.is_queued]
    for ask in queued:  # first, and in order: what follows hangs on what they set
        await _queue(visitor, ask, session)
    reads = [ask for ask in posts if not ask.is_queued]
    for ask in reads[:1]:  # the opening itself
        await _post(visitor, ask, session)
    await asyncio.gather(*(_post(visitor, ask, session) for ask in reads[1:]))
    return time.monotonic() - started


async def _post(visitor: Connections, ask: Ask, session: str) -> bytes:
    return await visitor.post(ask.path, {**(ask.body or {}), "session_hash": session})


async def _queue(visitor: Connections, ask: Ask, session: str) -> None:
    """A queued event: joined, then waited for on the session's stream."""
    joined = json.loads(await _post(visitor, ask, session))["event_id"]
    async with visitor.lines(f"/gradio_api/queue/data?session_hash={session}") as lines:
        async for line in lines:
            if not line.startswith(b"data:"):
                continue
            message = json.loads(line.removeprefix(b"data:"))
            if message["msg"] == "process_completed" and message["event_id"] == joined:
                if not message["success"]:
                    raise RefusedError(str(message["output"])[:200])
                return
