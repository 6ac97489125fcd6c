"""What is the same for all is made once, and given compressed to whoever takes it so."""

import asyncio
import gzip

import brotli
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sdqviz.server.answer import Answer
from sdqviz.server.kept import Kept
from sdqviz.server.shelf import Shelf

SCRIPT = "let x = 1;\n" * 500
HASHED = "/assets/index-DphvyggB.js"


@pytest.fixture
def asked():
    return []


@pytest.fixture
def client(asked, tmp_path):
    (tmp_path / "x.js").write_text(SCRIPT)

    def file(request: Request):
        asked.append(request.url.path)
        if request.url.path.endswith("absent.js"):
            return PlainTextResponse("no", 404)
        return FileResponse(tmp_path / "x.js", media_type="application/javascript")

    def page(request: Request):
        asked.append(str(request.url))
        answer = HTMLResponse(f"<p>{request.headers['host']} {request.cookies}</p>")
        answer.set_cookie("own", "secret")
        return answer

    routes = [Route("/", page), Route("/assets/{name:path}", file), Route("/config", page)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Kept)]))


@pytest.mark.parametrize(
    ("taken", "given", "unpack"),
    [
        ("br", "br", brotli.decompress),
        ("gzip, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("identity", None, bytes),
    ],
)
def test_a_file_comes_as_it_is_taken_and_is_read_once(client, asked, taken, given, unpack):
    for _ in range(3):
        with client.stream("GET", HASHED, headers={"accept-encoding": taken}) as answer:
            body = b"".join(answer.iter_raw())
            assert answer.headers.get("content-encoding") == given
            assert int(answer.headers["content-length"]) == len(body)
            assert answer.headers["vary"] == "accept-encoding"
            assert unpack(body).decode() == SCRIPT
            assert "immutable" in answer.headers["cache-control"]
    assert asked == [HASHED]


def test_a_browser_that_has_it_is_told_so(client):
    first = client.get(HASHED)
    again = client.get(HASHED, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(HASHED, headers={"if-none-match": 'W/"x"'}).status_code == 200


def test_what_is_not_there_is_asked_for_again(client, asked):
    for _ in range(2):
        answer = client.get("/assets/absent.js")
        assert answer.status_code == 404 and "cache-control" not in answer.headers
    assert len(asked) == 2


def test_a_page_is_kept_for_each_address_and_without_what_is_one_visitors(client, asked):
    for _ in range(2):
        for host in ("a.example", "b.example"):
            answer = client.get("/?run=x", headers={"host": host})
            assert host in answer.text and "set-cookie" not in answer.headers
            assert answer.headers["cache-control"] == "private, no-cache"
    assert [url.removeprefix("http://") for url in asked] == ["a.example/", "b.example/"]


def test_other_routes_and_methods_pass(client, asked):
    for _ in range(2):
        client.get("/config")
    assert len(asked) == 2
    assert client.post("/").status_code == 405


def test_what_many_ask_for_at_once_is_made_once():
    made = []

    async def app(scope, receive, send):
        made.append(scope["path"])
        await asyncio.sleep(0.01)
        await PlainTextResponse("x" * 1000)(scope, receive, send)

    async def ask(kept):
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": HASHED, "headers": [], "root_path": ""}
        await kept(scope, None, send)
        return sent[1]["body"]

    async def all_of_them():
        kept = Kept(app)
        return await asyncio.gather(*(ask(kept) for _ in range(30)))

    assert set(asyncio.run(all_of_them())) == {b"x" * 1000}
    assert made == [HASHED]


def test_a_shelf_forgets_what_was_not_asked_for_the_longest():
    shelf: Shelf[Answer] = Shelf(3 * Answer(200, [], b"x" * 1000).size_bytes)
    for key in "abc":
        shelf.put(key, Answer(200, [], key.encode() * 1000))
    shelf.get("a")
    shelf.put("d", Answer(200, [], b"d" * 1000))
    assert shelf.get("b") is None and len(shelf) == 3
    shelf.put("e", Answer(200, [], b"e" * 1_000_000))  # larger than the shelf
    assert len(shelf) == 0
    shelf.put("a", Answer(200, [], b"a"))
    assert len(shelf) == 1


def test_the_page_itself_is_kept_with_its_policy(page):
    from tests.server.conftest import served

    client = served(page)
    answers = [client.get("/") for _ in range(2)]
    assert answers[0].text == answers[1].text and "gradio_config" in answers[0].text
    policies = [answer.headers["content-security-policy"] for answer in answers]
    assert policies[0] == policies[1] and "'sha256-" in policies[0]
    assert answers[0].cookies.get("sdqviz_visitor") and not answers[1].headers.get("set-cookie")
    tag = answers[0].headers["etag"]
    assert client.get("/", headers={"if-none-match": tag}).status_code == 304
    assert client.get("/assets/../../../../etc/passwd").status_code == 404


def test_behind_a_password_the_page_is_not_given_to_others(guarded_client):
    before = guarded_client.get("/").text
    assert "auth_required" in before
    guarded_client.post("/login", data={"username": "teacher", "password": "right"})
    assert "auth_required" not in guarded_client.get("/").text
    guarded_client.cookies.clear()
    assert guarded_client.get("/").text == before
