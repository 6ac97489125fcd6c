"""Visitors of one app: each finds own prompts alone, also where a frame keeps no cookie."""

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Page, sync_playwright

from sdqviz.server.visitors import COOKIE, KEY_HEADER
from sdqviz.store.store import Store
from tests.browser.conftest import FLAGS, browser_file, serving
from tests.results.made import drawn_result

ADMIN = "the-operators-key"
READY = "#viewer canvas"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A demo that draws one scene for each visitor a day."""
    home = tmp_path_factory.mktemp("visitors-home")
    limits = ("--demo", "generate", "--demo-session", "1")
    with serving(home, *limits, "--admin", ADMIN) as url:
        yield url, Store(home)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_file(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def framing(server):
    """The address of another site's page that has the app in a frame."""

    class Embedding(BaseHTTPRequestHandler):
        def do_GET(self):
            address = server[0].replace("127.0.0.1", "localhost")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{address}" width=1200 height=900>'.encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Embedding) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()


@pytest.fixture
def visit(browser):
    """Opens a page as a new visitor; pages that are left open would take a core from the next."""
    contexts = []

    def opened(url: str, ready: str = READY) -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(120_000)
        page.goto(url)
        if ready:
            page.wait_for_selector(ready)
        return page

    yield opened
    for context in contexts:
        context.close()


def visitor_of(page: Page) -> str:
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    return cookies[COOKIE].split(".")[0]


def draw_for(store: Store, visitor: str) -> str:
    """A prompt of this visitor's, drawn with the run that a first visit shows. No worker sees it
    wait.
    """
    run = next(r for r in store.runs.list("quantize") if r.spec["recipe"] == "fidelity")
    prompt = f"a key of {visitor[-4:]}"
    spec = {"run": run.id, "scene": {"prompt": prompt, "seed": 7}}
    made = store.runs.add_made("generate", spec, drawn_result(run, prompt, seed=7))
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET visitor = ? WHERE id = ?", (visitor, made))
    return prompt


def scenes(page) -> set[str]:
    """The prompts in Compare's list, the held-out ones left out."""
    page.click("#scene input")
    page.wait_for_selector("[data-testid=dropdown-option]")
    listed = page.get_by_test_id("dropdown-option").all_inner_texts()
    page.keyboard.press("Escape")
    return {found[1] for text in listed if (found := re.search(r": (a key of \w+) ·", text))}


@pytest.mark.slow  # `tests/server/test_asking.py` asks the same without a browser
def test_visitors_find_own_prompts_alone_and_the_operator_all(server, visit):
    url, store = server
    anna, ben = visit(url), visit(url)
    own = {page: draw_for(store, visitor_of(page)) for page in (anna, ben)}
    for page, prompt in own.items():
        page.reload()
        page.wait_for_selector(READY)
        assert scenes(page) == {prompt}
    operator = visit(f"{url}?admin={ADMIN}&tab=compare")
    assert ADMIN not in operator.url and "tab=compare" in operator.url
    assert scenes(operator) >= set(own.values())


@pytest.mark.slow
def test_a_visitor_names_and_deletes_a_run_and_takes_it_back(server, visit):
    url, store = server
    page = visit(url)
    prompt = draw_for(store, visitor_of(page))
    (run,) = [r for r in store.runs.list("generate") if r.visitor == visitor_of(page)]
    page.get_by_role("tab", name="Runs").click()
    page.wait_for_function(
        f"document.querySelector('#tended input')?.value.startsWith('generate: {prompt}')"
    )
    page.fill("#tended-name textarea, #tended-name input", "my key")
    page.fill("#tended-tags textarea, #tended-tags input", "lecture, two")
    page.click("#tended-save")
    page.wait_for_selector("#tended-told >> text=Saved: generate: my key")
    named = store.runs.get(run.id)
    assert (named.name, named.tags) == ("my key", ("lecture", "two"))
    page.click("#tended-delete")
    page.wait_for_selector("#tended-told >> text=Deleted: generate: my key")
    assert [r.id for r in store.runs.bin()] == [run.id]
    page.click("#tended-undo")
    page.wait_for_selector("#tended-told >> text=as it was before")
    assert store.runs.has(run.id)


def test_a_limit_is_one_line_above_the_pictures(server, visit):
    url, store = server
    page = visit(url)
    told = "This demo quantizes nothing. To quantize, run sdqviz on your own machine"
    page.wait_for_selector(f"#quantize-limit >> text={told}")
    assert page.is_disabled("#quantize") and not page.is_visible("#limit")
    draw_for(store, visitor_of(page))
    page.click("#generate")
    page.wait_for_selector("#limit >> text=You started 1 of the 1 jobs that this demo gives")
    assert "Next: come again in 24 h" in page.inner_text("#limit")
    assert not page.locator(".toast-body").count()
    line, viewer = (page.locator(at).bounding_box() for at in ("#limit", "#viewer canvas"))
    assert line and viewer and line["y"] < viewer["y"] and line["height"] < 80
    operator = visit(f"{url}?admin={ADMIN}")
    operator.wait_for_function("!document.querySelector('#quantize').disabled")
    assert not operator.is_visible("#quantize-limit")


@pytest.mark.slow
def test_a_frame_without_cookies_is_a_visitor_too(server, visit, framing):
    """This browser denies the frame its storage as well: the key lasts as long as the page."""
    store = server[1]
    page = visit("about:blank", ready="")
    keys: set[str] = set()
    page.on("request", lambda request: keys.add(request.headers.get(KEY_HEADER, "")))
    page.goto(framing)
    inside = page.frame_locator("iframe")
    inside.locator(READY).wait_for()
    assert page.context.cookies() == []
    (key,) = keys - {""}
    answers = []
    page.on("response", lambda answer: answers.append(answer) if "/run/" in answer.url else None)
    prompt = draw_for(store, f"tab {key}")
    for _ in range(240):  # the frame hears of it within a second, on a busy machine later
        page.wait_for_timeout(500)
        if any(f"yours: {prompt}" in answer.text() for answer in answers):
            return
        answers.clear()
    raise AssertionError(f"the frame was never told of {prompt}")


@pytest.mark.slow
def test_the_viewer_stands_alone_in_a_frame(server, visit):
    page = visit(server[0])
    page.click("#viewer >> text=Embed")
    page.wait_for_function("/Copied|<iframe/.test(document.querySelector('#viewer').innerText)")
    frame = page.evaluate("window.sdqviz.address.frame()")
    source = re.search('src="([^"]+)"', frame)
    assert source and "embed=1" in source[1] and "tab=" not in source[1]
    alone = visit(source[1].replace("&amp;", "&"))
    for hidden in ("#prompt", "#run", "#timeline", "[role=tab]", "footer"):
        assert not alone.locator(hidden).first.is_visible(), hidden
    box = alone.locator("#viewer canvas").first.bounding_box()
    assert box and box["x"] < 60 and box["y"] < 300 and box["width"] > 900
    assert "embed" not in alone.evaluate("window.sdqviz.address.link()")


@pytest.mark.slow
def test_the_tabs_key_outlives_a_reload(server, visit):
    page = visit(server[0])
    kept = "sessionStorage.getItem('sdqviz-visitor')"
    key = page.evaluate(kept)
    assert re.fullmatch("[0-9a-f]{32}", key)
    page.reload()
    page.wait_for_selector(READY)
    assert page.evaluate(kept) == key
