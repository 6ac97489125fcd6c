"""The whole page as it is served, with nothing listening and no worker."""

import tempfile
from pathlib import Path

import gradio as gr
import pytest
from gradio.routes import App
from starlette.testclient import TestClient

from sdqviz.serve import app_context, known_handlers
from sdqviz.server.hosts import hosts
from sdqviz.server.pulse import Pulse
from sdqviz.server.stack import has_gradio_login, middlewares
from sdqviz.server.visitors import Visitors
from sdqviz.store.store import Store
from sdqviz.ui.app import CSS, HEAD, HEAD_SCRIPT, build_app
from sdqviz.ui.theme import THEME


class Idle:
    """A supervisor that starts no worker."""

    def ensure_worker(self) -> None:
        pass


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    home = tmp_path_factory.mktemp("server-home")
    return built(app_context(home, Idle()))


def built(context) -> gr.Blocks:
    """The page over a context, as it is once it was launched."""
    page = build_app(context).queue()
    # Launching gives it its theme.
    looks = {"theme": THEME, "css": CSS, "head": HEAD}
    page.launch(**looks, prevent_thread_lock=True, quiet=True, _frontend=False)
    page.close(verbose=False)
    return page


def served(page, **options) -> TestClient:
    """The page behind the middlewares; with `auth` behind a password. `store` and `visitors` are
    those of an app of its own.
    """
    page.auth = options.pop("auth", None)
    signed_in = has_gradio_login if page.auth else None
    visitors = options.pop("visitors", None) or Visitors(b"k" * 32)
    known = hosts(public=False)
    store = options.pop("store", None) or Store(Path(tempfile.mkdtemp()))
    guards = middlewares(
        known,
        visitors,
        store.blobs,
        known_handlers(page),
        Pulse(store, Idle().ensure_worker),
        [HEAD_SCRIPT],
        signed_in=signed_in,
        **options,
    )
    page.config = page.get_config_file()
    app = App.create_app(page, app_kwargs={"middleware": guards})
    return TestClient(app, base_url="http://localhost:7860")


@pytest.fixture
def client(page):
    return served(page)


@pytest.fixture
def guarded_client(page):
    client = served(page, auth=[("teacher", "right")])
    yield client
    page.auth = None
