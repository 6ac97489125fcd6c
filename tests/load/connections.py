"""A visitor's connections, as a browser's: six at most, kept open, compressed answers not unpacked.

Made of sockets alone: two hundred visitors share the machine with the app that they measure.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

AT_ONCE = 6
_BUFFER_BYTES = 1 << 20


class RefusedError(RuntimeError):
    """An answer that is no success."""


class Connections:
    """Those of one visitor to one address, http://HOST:PORT/."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._address = (parts.hostname, parts.port)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._head = (
            f"Host: {parts.netloc}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br\r\n"
            f"Origin: http://{parts.netloc}\r\nSec-Fetch-Site: same-origin\r\n"
        )
        self.received_bytes = 0

    async def get(self, path: str) -> bytes:
        return await self._ask(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())

    async def post(self, path: str, body: dict[str, Any]) -> bytes:
        data = json.dumps(body).encode()
        head = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        return await self._ask(f"POST {path} HTTP/1.1\r\n{self._head}{head}".encode() + data)

    def close(self) -> None:
        for _, writer in self._free:
            writer.close()

    @asynccontextmanager
    async def lines(self, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of a stream, on a connection of its own."""
        reader, writer = await asyncio.open_connection(*self._address, limit=_BUFFER_BYTES)
        try:
            head = self._head.replace("gzip, deflate, br", "identity")
            writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
            status, _ = await _headers(reader)
            if status != 200:
                raise RefusedError(f"{status} {path[:60]}")
            yield aiter(reader)
        finally:
            writer.close()

    async def _ask(self, request: bytes) -> bytes:
        async with self._turn:
            status, body = await self._on_a_connection(request)
        self.received_bytes += len(body)
        if status >= 400:
            what = request[:70].split(b" HTTP", 1)[0].decode()
            raise RefusedError(f"{status} {what}: {body[:80].decode(errors='replace')}")
        return body

    async def _on_a_connection(self, request: bytes) -> tuple[int, bytes]:
        while True:
            is_used = bool(self._free)
            if is_used:
                reader, writer = self._free.pop()
            else:
                reader, writer = await asyncio.open_connection(*self._address, limit=_BUFFER_BYTES)
            writer.write(request)
            try:
                status, headers = await _headers(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                if not is_used:
                    raise
                continue  # the server closed it while nothing was asked: as a browser, once more
            body = await _body(reader, headers)
            self._free.append((reader, writer))
            return status, body


async def _headers(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest if line)
    return int(first.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    assert headers.get("transfer-encoding") == "chunked", headers
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)
