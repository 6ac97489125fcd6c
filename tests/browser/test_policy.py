"""The page's policy in a browser: it stops an injected script, and nothing of the page's own."""

import pytest

from tests.browser.conftest import opened

POLICY = "Content Security Policy"
# Each would set window.hit if it ran.
INJECTED = {
    "handler": """<img src="data:," onerror="window.hit = 1">""",
    "svg": """<svg onload="window.hit = 1"></svg>""",
    "document": """<iframe srcdoc="<script>parent.hit = 1</script>"></iframe>""",
    "frame": """<iframe src="https://example.org/"></iframe>""",
    "link": """<a id="injected-link" href="javascript:window.hit = 1">here</a>""",
}
INSERT = """markup => {
  const place = document.createElement('div');
  document.body.append(place);
  place.innerHTML = markup;
  document.getElementById('injected-link')?.click();
}"""
ADD_SCRIPT = """source => {
  const script = document.createElement('script');
  if (source) script.src = source; else script.textContent = 'window.hit = 1';
  document.head.append(script);
}"""


@pytest.fixture(scope="module")
def watched(server):
    """The page; whatever the browser says of its policy is in `page.told`."""
    with opened("about:blank", 1280, 1000, ready="body") as page:
        page.told = []
        page.on("console", lambda seen: page.told.append(seen.text) if POLICY in seen.text else 0)
        page.goto(server[0])
        page.wait_for_selector(".sdqv canvas")
        yield page


def stopped(page) -> None:
    """Waits until the browser says that it stopped something."""
    for _ in range(100):
        if page.told:
            break
        page.wait_for_timeout(100)
    assert page.told
    assert page.evaluate("window.hit") is None
    page.told.clear()


def test_the_page_itself_breaks_no_rule(watched):
    for tab in ("Held-out scenes", "Layers", "Training", "Runs", "Blind test", "Compare"):
        watched.get_by_role("tab", name=tab, exact=True).click()
        watched.wait_for_timeout(700)
    assert watched.told == []


@pytest.mark.parametrize("kind", INJECTED)
def test_injected_markup_runs_nothing(watched, kind):
    watched.evaluate(INSERT, INJECTED[kind])
    stopped(watched)


@pytest.mark.parametrize("source", ["", "data:text/javascript,window.hit=1", "http://localhost:9/"])
def test_an_injected_script_element_runs_nothing(watched, source):
    watched.evaluate(ADD_SCRIPT, source)
    stopped(watched)
