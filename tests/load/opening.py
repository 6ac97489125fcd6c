"""What a browser asks for when it opens the page: recorded once, then asked again by others."""

import asyncio
import contextlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Request, sync_playwright

from tests.browser.conftest import FLAGS, browser_file

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


async def replay(client: httpx.AsyncClient, asks: list[Ask]) -> float:
    """Asks all of it as one visitor, the reads that a page makes at once at once; returns the
    seconds until the last answer. Raises where one is no success.
    """
    session, started = secrets.token_hex(6), time.monotonic()
    page, rest = asks[0], asks[1:]
    (await client.get(page.path)).raise_for_status()
    gets = [ask for ask in rest if ask.body is None]
    await asyncio.gather(*(_get(client, ask) for ask in gets))
    posts = [ask for ask in rest if ask.body is not None]
    queued = [ask for ask in posts if ask.is_queued]
    for ask in queued:  # first, and in order: what follows hangs on what they set
        await _queue(client, [ask], session)
    await asyncio.gather(*(_post(client, ask, session) for ask in posts if not ask.is_queued))
    return time.monotonic() - started


async def _get(client: httpx.AsyncClient, ask: Ask) -> None:
    (await client.get(ask.path)).raise_for_status()


async def _post(client: httpx.AsyncClient, ask: Ask, session: str) -> dict[str, Any]:
    answer = await client.post(ask.path, json={**(ask.body or {}), "session_hash": session})
    answer.raise_for_status()
    return answer.json()


async def _queue(client: httpx.AsyncClient, asks: list[Ask], session: str) -> None:
    """Queued events: joined, then waited for on the session's stream."""
    if not asks:
        return
    joined = [(await _post(client, ask, session))["event_id"] for ask in asks]
    waiting = set(joined)
    stream = f"/gradio_api/queue/data?session_hash={session}"
    async with client.stream("GET", stream) as answer:
        answer.raise_for_status()
        async with contextlib.aclosing(answer.aiter_lines()) as lines:
            async for line in lines:
                if not line.startswith("data:"):
                    continue
                message = json.loads(line.removeprefix("data:"))
                if message["msg"] == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(str(message["output"])[:200])
                    waiting.discard(message["event_id"])
                if not waiting:
                    return
