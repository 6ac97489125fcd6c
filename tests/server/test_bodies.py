"""The largest request that is read."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sdqviz.server.bodies import BodyLimit


@pytest.fixture
def client():
    async def count(request):
        return PlainTextResponse(str(len(await request.body())))

    routes = [Route("/x", count, methods=["POST", "PUT"])]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(BodyLimit, most_bytes=1000)]))


def chunks(count: int):
    for _ in range(count):
        yield b"x" * 100


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_small_body_arrives_whole(client, size):
    assert client.post("/x", content=b"x" * size).text == str(size)
    assert client.post("/x", content=chunks(size // 100)).text == str(size // 100 * 100)


def test_a_large_body_is_refused_by_its_header_and_by_its_bytes(client):
    for method in ("POST", "PUT"):
        for content in (b"x" * 1001, chunks(11)):
            answer = client.request(method, "/x", content=content)
            assert answer.status_code == 413
            assert "over 0.001 MB" in answer.json()["error"]


def test_a_length_that_is_no_number_is_refused(client):
    for length in ("-1", "1e3", "x"):
        answer = client.post("/x", content=b"x", headers={"content-length": length})
        assert answer.status_code == 413
