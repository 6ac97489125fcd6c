"""An app of its own for each test file, and a page that must show no error."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.conftest import NO_CHROMIUM, chromium

ROOT = Path(__file__).parents[2]
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def serving(home: Path, *options: str) -> Iterator[str]:
    """The address of an app of its own over `home`, started with further options."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "app.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--port", str(port), *options],
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "SDQVIZ_HOME": str(home)},
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(url, timeout=5)
                break
            except OSError:
                assert process.poll() is None, (home / "app.log").read_text()
                assert time.monotonic() < until, (home / "app.log").read_text()
                time.sleep(0.3)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("app-home")
    with serving(home) as url:
        yield url, home


def browser_file() -> str:
    found = chromium()
    assert found, NO_CHROMIUM
    return found


@contextmanager
def opened(
    url: str, width: int, height: int, ready: str = ".sdqv canvas", **options: Any
) -> Iterator[Page]:
    """The app, or a report, in a browser of its own of this size; no error may come up in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_file(), args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        page.errors = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.set_default_timeout(60_000)
        page.goto(url)
        page.wait_for_selector(ready)
        yield page
        assert page.errors == []
        browser.close()


@pytest.fixture
def page(server):
    with opened(server[0], 1280, 1000) as page:
        yield page


def picture(page: Page, who: str) -> Image.Image:
    """The served picture's pixels, fetched from where the viewer has it."""
    source = page.get_attribute(f"#viewer a[data-who='{who}']", "href")
    with urllib.request.urlopen(urljoin(page.url, source)) as answer:
        data = answer.read()
    return Image.open(io.BytesIO(data))
