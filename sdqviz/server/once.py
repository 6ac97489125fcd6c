"""What many ask for at the same moment is made once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Once(Generic[Item]):
    """Whoever asks while the same is being made waits for it. For one event loop."""

    def __init__(self) -> None:
        self._making: dict[Hashable, asyncio.Future[Item]] = {}

    async def made(self, key: Hashable, make: Callable[[], Awaitable[Item]]) -> Item:
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.ensure_future(make())
            making.add_done_callback(lambda _: self._making.pop(key, None))
        # Who goes away in the meantime takes nothing from the others.
        return await asyncio.shield(making)
