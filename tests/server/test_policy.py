"""The policy that each answer carries."""

import re

import pytest

from sdqviz.server.policy import content_policy, inline_scripts, script_hash
from sdqviz.ui.app import HEAD_SCRIPT
from tests.server.conftest import served


def rules(answer) -> dict[str, list[str]]:
    parts = (rule.split() for rule in answer.headers["content-security-policy"].split(";"))
    return {part[0]: part[1:] for part in parts}


def test_the_page_runs_its_own_scripts_and_no_other(client):
    answer = client.get("/")
    scripts = rules(answer)["script-src"]
    assert "'unsafe-inline'" not in scripts
    assert "*" not in " ".join(scripts)
    found = inline_scripts(answer.text)
    assert len(found) >= 4
    assert found[0].startswith("window.gradio_config = ")
    for text in (*found, HEAD_SCRIPT):
        assert script_hash(text) in scripts
    assert script_hash("alert(1)") not in scripts
    assert len([s for s in scripts if s.startswith("'sha256-")]) == len(found) + 1


def test_every_answer_says_what_it_is(client):
    missing = client.get("/gradio_api/upload")
    for answer in (client.get("/"), client.get("/theme.css"), client.get("/config"), missing):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        own = rules(answer)
        assert own["object-src"] == own["frame-src"] == ["'none'"]
        assert own["default-src"] == own["base-uri"] == own["form-action"] == ["'self'"]


def test_only_those_named_may_embed_the_page(client, page):
    assert rules(client.get("/"))["frame-ancestors"] == ["'self'"]
    space = served(page, frames=("https:",))
    assert rules(space.get("/"))["frame-ancestors"] == ["'self'", "https:"]
    assert "x-frame-options" not in space.get("/").headers


@pytest.mark.parametrize(
    ("document", "scripts"),
    [
        ("<script>a < b && '</b>'</script>", ["a < b && '</b>'"]),
        ("<SCRIPT type=module>x</SCRIPT><script src=y>z</script>", ["x"]),
        ("<p>no &lt;script&gt;x&lt;/script&gt;</p>", []),
        ("<script>a</script\n><script>\nb\n</script>", ["a", "\nb\n"]),
        ("<!-- <script>a</script> --><script></script>", [""]),
    ],
)
def test_inline_scripts_are_found_as_a_browser_does(document, scripts):
    assert inline_scripts(document) == scripts


def test_hashes_are_those_of_the_standard():
    # From the example of the CSP specification (level 2, section 7.18.3).
    assert script_hash("alert('Hello, world.');") == (
        "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    )
    assert re.search(
        r"script-src 'self' 'unsafe-eval' 'sha256-a='", content_policy(["'sha256-a='"], [])
    )
