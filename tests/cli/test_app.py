"""What `sdqviz app` serves on."""

import sys
from typing import Any

import pytest

from sdqviz.cli.main import main


@pytest.fixture
def served(monkeypatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr("sdqviz.serve.serve", lambda **given: calls.append(given))
    return calls


@pytest.mark.parametrize(
    ("words", "environment", "host"),
    [
        ([], None, "127.0.0.1"),
        (["--class"], None, "0.0.0.0"),  # phones are other machines
        (["--class", "--host", "127.0.0.1"], None, "127.0.0.1"),  # behind a proxy of one's own
        (["--class"], "10.0.0.5", "10.0.0.5"),
    ],
)
def test_a_class_reaches_it_unless_told_otherwise(monkeypatch, served, words, environment, host):
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    if environment:
        monkeypatch.setenv("GRADIO_SERVER_NAME", environment)
    monkeypatch.setattr(sys, "argv", ["sdqviz", "app", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert (served[0]["host"], served[0]["is_class"]) == (host, "--class" in words)
