"""Names that the server answers to, and pages whose requests it takes."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sdqviz.base.errors import SdqvizError
from sdqviz.server.hosts import KnownHost, hosts


def client(known):
    def work(request):
        return PlainTextResponse("done")

    route = Route("/x", work, methods=["GET", "POST"])
    app = Starlette(routes=[route], middleware=[Middleware(KnownHost, hosts=known)])
    return TestClient(app)


LOCAL = hosts(public=False)
PUBLIC = hosts(public=True, given=["demo.example.org", "*.class.example.org"])


@pytest.mark.parametrize(
    "host",
    ["localhost:7860", "LOCALHOST", "localhost.", "127.0.0.1:80", "[::1]:7860", "[::1]"],
)
def test_a_local_server_answers_to_localhost(host):
    assert client(LOCAL).get("/x", headers={"host": host}).text == "done"


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example:7860", "localhost.evil.example", "192.168.1.5"),
        *("", "localhost@evil.example", "localhost/x", "localhost:x", "[::1", "0.0.0.0"),
        *("demo.example.org", "127.0.0.2"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_local_server_answers_to_no_other_name(host, method):
    answer = getattr(client(LOCAL), method)("/x", headers={"host": host})
    assert answer.status_code == 400
    assert "localhost" in answer.json()["error"]


@pytest.mark.parametrize(
    "host",
    [
        *("demo.example.org", "Demo.Example.org:443", "a.class.example.org", "192.168.1.5:7860"),
        *("[fe80::1]:7860", "localhost:7860"),
    ],
)
def test_a_public_server_answers_to_its_addresses_and_given_names(host):
    assert client(PUBLIC).get("/x", headers={"host": host}).text == "done"


@pytest.mark.parametrize(
    "host", ["evil.example", "class.example.org.evil.example", "class.example.org", "x.gradio.live"]
)
def test_a_public_server_answers_to_no_other_name(host):
    assert client(PUBLIC).get("/x", headers={"host": host}).status_code == 400


def test_a_space_and_a_public_link_have_names_of_their_own():
    space = hosts(public=True, space="owner-name.hf.space,name.example.org")
    for host in ("owner-name.hf.space", "name.example.org"):
        assert client(space).get("/x", headers={"host": host}).text == "done"
    shared = client(hosts(public=True, share=True))
    assert shared.get("/x", headers={"host": "0123456789.gradio.live"}).text == "done"


@pytest.mark.parametrize("name", ["http://a.example", "a.example:80", "*", "a b", "*.*.example"])
def test_what_is_no_name_is_refused_at_the_start(name):
    with pytest.raises(SdqvizError, match="no name of a host"):
        hosts(public=True, given=[name])


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:7860", "http://localhost:7860"),
        ("[::1]:7860", "http://[::1]:7860"),
        ("demo.example.org", "https://demo.example.org"),
        ("demo.example.org:443", "https://demo.example.org"),
        ("127.0.0.1:7860", "https://demo.example.org"),  # a proxy that turns the name into its own
        ("192.168.1.5:7860", "http://192.168.1.5:7860"),
    ],
)
def test_its_own_page_may_do_all(host, origin):
    for method in ("get", "post"):
        headers = {"host": host, "origin": origin}
        assert getattr(client(PUBLIC), method)("/x", headers=headers).text == "done"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:7860", "http://evil.example"),
        ("localhost:7860", "http://localhost:8888"),  # another program of this machine
        ("localhost:7860", "https://localhost"),
        ("localhost:7860", "null"),
        ("localhost:7860", ""),
        ("localhost:7860", "file://"),
        ("localhost:7860", "http://localhost:7860.evil.example"),
        ("localhost:7860", "http://localhost:7860@evil.example"),
        ("192.168.1.5:7860", "http://192.168.1.6:7860"),
    ],
)
def test_other_pages_may_do_nothing(host, origin):
    for method in ("get", "post"):
        headers = {"host": host, "origin": origin}
        assert getattr(client(PUBLIC), method)("/x", headers=headers).status_code == 403


def test_a_form_of_another_site_is_refused_without_an_origin_too():
    for site in ("cross-site", "same-site"):
        headers = {"host": "localhost", "sec-fetch-site": site}
        assert client(LOCAL).post("/x", headers=headers).status_code == 403
        assert client(LOCAL).get("/x", headers=headers).text == "done"  # a link to the page
    # No browser: gradio_client, curl.
    assert client(LOCAL).post("/x", headers={"host": "localhost"}).text == "done"
