"""A class's phone that takes a blind test, made of HTTP requests alone."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.load.connections import Connections, RefusedError
from tests.load.opening import JOIN

_SESSION, _TRIAL = -2, -1  # places among the outputs (`ui.tabs.blind.tab`)


@dataclass(frozen=True)
class Buttons:
    """The numbers of the events behind the test's buttons, by the buttons' ids in the page."""

    by_id: dict[str, int]

    @staticmethod
    def of(config: dict[str, Any]) -> "Buttons":
        """config: the app's own, as any page gets it."""
        names = {c["id"]: c["props"].get("elem_id") for c in config["components"]}
        return Buttons(
            {
                names[target]: event["id"]
                for event in config["dependencies"]
                for target, kind in event["targets"]
                if kind == "click" and (names.get(target) or "").startswith("blind-")
            }
        )


class Phone:
    """One visitor with a session of its own."""

    def __init__(self, url: str, buttons: Buttons) -> None:
        self._connections = Connections(url)
        self._buttons = buttons
        self._session = secrets.token_hex(6)

    async def open(self, path: str) -> None:
        await self._connections.get(path)

    async def take(
        self, run: str, kind: str, length: int, answer: Callable[[int], str]
    ) -> list[str]:
        """A whole test; the pages of its trials. answer: trial -> id of the button pressed."""
        told = await self.press("blind-start", [run, kind, length])
        pages = []
        while told[_SESSION]:
            pages.append(str(told[2]))
            number = told[_TRIAL]
            told = await self.press(answer(int(number)), [told[_SESSION], number])
        return pages

    def close(self) -> None:
        self._connections.close()

    async def press(self, button: str, values: list[Any]) -> list[Any]:
        """What the event sets. Raises RefusedError where it is refused."""
        body = {
            "fn_index": self._buttons.by_id[button],
            "data": values,
            "session_hash": self._session,
        }
        joined = json.loads(await self._connections.post(JOIN, body))["event_id"]
        stream = f"/gradio_api/queue/data?session_hash={self._session}"
        async with self._connections.lines(stream) as lines:
            async for line in lines:
                if line.startswith(b"data:"):
                    message = json.loads(line.removeprefix(b"data:"))
                    if message["msg"] == "process_completed" and message["event_id"] == joined:
                        if not message["success"]:
                            raise RefusedError(str(message["output"])[:200])
                        return message["output"]["data"]
        raise RefusedError("the stream ended")
