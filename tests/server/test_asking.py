"""An event's answer is for whoever asks: no visitor is told of another's runs, also from memory."""

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from sdqviz.serve import app_context, asker_now
from sdqviz.server.visitors import ADMIN, COOKIE, KEY_HEADER, OPERATOR_COOKIE, Visitors
from sdqviz.store.asker import ALONE, NOBODY, OPERATOR, Asker
from sdqviz.store.runs import DONE
from sdqviz.store.store import Store
from sdqviz.ui.handlers import handlers
from tests.results.made import drawn_result
from tests.server.conftest import Idle, built, served

ADMIN_KEY = "k3y-of-the-operator"
WHO = Visitors(b"k" * 32, ADMIN_KEY)
RUN = "/gradio_api/run/predict"
TAB_KEY = "0123456789abcdef" * 2


def request(cookie: str = "", operator: str = "", key: str = "") -> Request:
    cookies = f"{COOKIE}={cookie}; {OPERATOR_COOKIE}={operator}"
    headers = [(b"cookie", cookies.encode()), (KEY_HEADER.encode(), key.encode())]
    return Request({"type": "http", "headers": headers})


def test_a_visitor_is_known_by_cookie_then_by_the_tabs_key_then_by_the_session():
    value = WHO.new()
    name = value.split(".")[0]
    assert WHO.asker(request(value, key=TAB_KEY), "s") == Asker(visitor=name)
    assert WHO.asker(request("forged", key=TAB_KEY), "s") == Asker(visitor=f"tab {TAB_KEY}")
    # Nobody is taken for a visitor whose name they know.
    assert WHO.asker(request(key=name), "s") == Asker(visitor=f"tab {name}")
    for odd in ("", "x", TAB_KEY.upper(), TAB_KEY + "0"):
        assert WHO.asker(request(key=odd), "s") == Asker(visitor="session s")
    assert WHO.asker(request(), None) == NOBODY


def test_the_operator_is_known_by_a_cookie_of_the_very_key():
    value = WHO.operator()
    assert WHO.asker(request(operator=value), "s") == OPERATOR
    for other in (Visitors(b"k" * 32, "another-key-of-16"), Visitors(b"k" * 32)):
        assert other.asker(request(operator=value), "s") == Asker(visitor="session s")
    for wrong in ("", "x", value[:-1], "é"):
        assert not WHO.asker(request(operator=wrong), "s").is_operator
    assert not Visitors(b"k" * 32).opens("")
    assert Visitors(b"k" * 32, alone=True).asker(request(), None) == ALONE


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("asking-home"))


@pytest.fixture(scope="module")
def page(store):
    return built(app_context(store.folder, Idle(), any_model=False, asker=asker_now))


class Visitor:
    """A browser of its own on the page."""

    def __init__(self, page, store, path: str = "/", **headers: str) -> None:
        self.client: TestClient = served(page, store=store, visitors=WHO)
        self.client.headers.update(headers)
        self._numbers = {row.name: index for index, row in handlers(page).items()}
        if path:
            self.client.get(path)

    @property
    def name(self) -> str:
        return WHO.name(self.client.cookies.get(COOKIE)) or ""

    def ask(self, name: str, *data):
        body = {"fn_index": self._numbers[name], "data": list(data), "session_hash": "s"}
        answer = self.client.post(RUN, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


def share(*visitors: Visitor) -> None:
    """Puts them behind the same server, with one memory of answers."""
    for visitor in visitors[1:]:
        visitor.client.app = visitors[0].client.app
        visitor.client._transport = visitors[0].client._transport


def drawn(store, base, job: str) -> str:
    """Finishes a generate run; returns its prompt."""
    prompt = f"a key of {job[:4]}"
    store.runs.finish(job, DONE, drawn_result(base, prompt, seed=7))
    return prompt


def test_two_visitors_get_different_answers_in_any_order(page, store):
    anna, ben, carl = (Visitor(page, store) for _ in range(3))
    key = Visitor(page, store, path="", **{KEY_HEADER: TAB_KEY})
    operator = Visitor(page, store, path=f"/?{ADMIN}={ADMIN_KEY}")
    share(anna, ben, carl, key, operator)
    run = next(r for r in store.runs.list("quantize") if r.spec["recipe"] == "fidelity")
    jobs = {
        visitor: store.runs.add("generate", {"run": run.id}, visitor=name)
        for visitor, name in ((anna, anna.name), (ben, ben.name), (key, f"tab {TAB_KEY}"))
    }
    for _ in range(2):
        assert [visitor.ask("show_job")[-1] for visitor in (*jobs, carl)] == [*jobs.values(), ""]
    prompts = {visitor: drawn(store, run, job) for visitor, job in jobs.items()}
    for _ in range(2):
        for visitor, own in prompts.items():
            listed = visitor.ask("list_scenes", run.id, None, "", "")[0]["choices"]
            marked = {label for label, _ in listed if label.startswith("yours: ")}
            assert marked == {f"yours: {own} · seed 7"}
        listed = carl.ask("list_scenes", run.id, None, "", "")[0]["choices"]
        assert len(listed) == len(run.scenes)
        listed = operator.ask("list_scenes", run.id, None, "", "")[0]["choices"]
        assert {f"a visitor's: {own} · seed 7" for own in prompts.values()} < {x for x, _ in listed}
    assert anna.ask("tick", "", "") == ben.ask("tick", "", "")


def test_the_operators_key_leaves_the_address(page, store):
    client = served(page, store=store, visitors=WHO)
    answer = client.get(f"/?tab=runs&{ADMIN}={ADMIN_KEY}", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == "?tab=runs"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert client.cookies[OPERATOR_COOKIE] == WHO.operator()
    wrong = served(page, store=store, visitors=WHO).get(f"/?{ADMIN}=wrong", follow_redirects=False)
    assert wrong.status_code == 200 and OPERATOR_COOKIE not in wrong.headers["set-cookie"]
