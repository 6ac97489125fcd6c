"""The routes that the served page has, and those of gradio that it has not."""

import re

import pytest
from starlette.routing import Route

from sdqviz.server.routes import is_served, needs_login

# What gradio brings and this app has no use for.
REFUSED = (
    *("upload", "process_recording", "component_server", "stream/x", "stream/x/close"),
    *("vibe-edit", "undo-vibe-edit", "vibe-code", "vibe-starter-queries", "run-history/connect"),
    *("profiling/clear", "mcp/sse"),
)


def test_only_listed_routes_change_anything(client):
    """Whatever gradio has or gets: a route that takes another method than GET is refused unless
    it is one of these.
    """
    paths = writing_paths(client.app.routes)
    assert "/gradio_api/upload" in paths
    assert {path.rstrip("/") for path in paths if is_served("POST", path)} == {
        *("/login", "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset"),
        *("/gradio_api/run/x", "/gradio_api/api/x"),
    }


def writing_paths(routes, prefix="") -> set[str]:
    """The paths of all routes that take another method than GET, their parameters filled in."""
    found = set()
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found |= writing_paths(inner.routes, prefix)
        elif isinstance(route, Route) and (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            found.add(prefix + re.sub(r"\{[^}]*\}", "x", route.path))
    return found


@pytest.mark.parametrize("path", REFUSED)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_the_app_has_no_use_for_is_refused(client, method, path):
    answer = client.request(method, f"/gradio_api/{path}", files={"files": ("a.txt", b"a")})
    assert answer.status_code == 404
    assert "this app has no" in answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/proxy=https://x.hf.space/", "/gradio_api/deep_link", "/monitoring"),
        *("/gradio_api/upload_progress", "/gradio_api/vibe-code", "/gradio_api/runs"),
        *("/gradio_api/dev/reload", "/gradio_api/run-history/records", "/docs", "/redoc"),
        *("/openapi.json", "/gradio_api/file/x", "/assetsx", "/x", "/gradio_api/stream/x"),
        *("/gradio_api/call/draw/x", "/assets/" + "x" * 300),
    ],
)
def test_what_it_does_not_read_is_refused(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/config", "/gradio_api/info", "/theme.css", "/manifest.json", "/robots.txt"]
)
def test_what_a_page_and_a_client_read_is_there(client, path):
    assert client.get(path).status_code == 200


def test_no_upload_is_kept(client, page):
    page.queue()
    for headers in ({}, {"origin": "http://evil.example"}):
        answer = client.post(
            "/gradio_api/upload", files={"files": ("a.txt", b"a" * 100)}, headers=headers
        )
        assert answer.status_code in (403, 404)


def test_a_call_over_a_megabyte_is_refused(client):
    body = {"data": ["x" * 1_100_000], "fn_index": 0, "session_hash": "s"}
    assert client.post("/gradio_api/queue/join", json=body).status_code == 413


def test_nothing_is_answered_without_the_password(guarded_client):
    client = guarded_client
    assert client.get("/").status_code == 200  # the page that asks for it
    assert "mini-sd1" not in client.get("/").text
    cancel = {"session_hash": "a", "fn_index": 1, "event_id": "b"}
    for path, body in (("cancel", cancel), ("reset", {"event_id": "b"}), ("queue/join", {})):
        assert client.post(f"/gradio_api/{path}", json=body).status_code == 401
    for path in ("/config", "/gradio_api/info", "/gradio_api/heartbeat/x", "/gradio_api/file=/etc"):
        assert client.get(path).status_code == 401
    wrong = client.post("/login", data={"username": "teacher", "password": "wrong"})
    assert wrong.status_code == 400
    right = client.post("/login", data={"username": "teacher", "password": "right"})
    assert right.status_code == 200
    assert client.get("/config").status_code == 200
    assert client.post("/gradio_api/reset", json={"event_id": "b"}).status_code == 200
    assert "mini-sd1" in client.get("/").text


def test_static_files_need_no_password():
    assert not any(map(needs_login, ("/", "/assets/x.js", "/theme.css", "/login")))
    assert all(map(needs_login, ("/config", "/gradio_api/cancel", "/sdqviz/blob/x", "/x")))
