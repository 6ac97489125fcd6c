"""Pictures by a route that a browser asks once."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from sdqviz.server.blobs import BlobRoute

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def client(store):
    return TestClient(Starlette(middleware=[Middleware(BlobRoute, blobs=store.blobs)]))


def test_a_picture_comes_exactly_and_is_kept(client, store):
    name = store.blobs.put(PNG, "png")
    answer = client.get(f"/sdqviz/blob/{name}")
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert "immutable" in answer.headers["cache-control"]
    again = client.get(f"/sdqviz/blob/{name}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(f"/sdqviz/blob/{name}", headers={"if-none-match": '"x"'})
    assert other.content == PNG


@pytest.mark.parametrize(
    "name", ["", "x.png", "a" * 64 + ".png", "../store.sqlite", "%2e%2e/store.sqlite", "a/b.png"]
)
def test_nothing_else_is_there(client, store, name):
    assert client.get(f"/sdqviz/blob/{name}").status_code == 404


def test_a_network_is_no_picture(client, store):
    name = store.blobs.put(b"weights", "safetensors")
    assert client.get(f"/sdqviz/blob/{name}").status_code == 404
