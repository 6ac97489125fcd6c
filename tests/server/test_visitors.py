"""Visitors are told apart by a cookie that nobody else can make, and have a share of the queue."""

import threading

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.server.visitors import COOKIE, Visitors, visitors
from sdqviz.store.limits import Limits
from sdqviz.store.runs import DONE
from tests.server.conftest import served

WHO = Visitors(b"k" * 32)


def test_a_name_is_known_only_with_its_own_signature():
    value = WHO.new()
    name, signature = value.split(".")
    assert WHO.name(value) == name
    other = WHO.new().split(".")[0]
    for wrong in (None, "", name, f"{other}.{signature}", value + "\n", value.upper(), "é" * 97):
        assert WHO.name(wrong) is None
    assert Visitors(b"K" * 32).name(value) is None


def test_the_key_stays_and_is_nobody_elses(tmp_path):
    value = visitors(tmp_path).new()
    assert visitors(tmp_path).name(value)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(b"cut")
    assert visitors(tmp_path).name(value) is None


def test_the_page_gives_a_cookie_once(client):
    first = client.get("/")
    cookie = first.headers["set-cookie"]
    assert WHO.name(client.cookies[COOKIE])
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    assert "set-cookie" not in client.get("/").headers
    assert "set-cookie" not in client.get("/theme.css").headers
    client.cookies.clear()
    client.cookies[COOKIE] = "forged"
    assert "set-cookie" in client.get("/").headers


def test_by_https_it_works_in_a_frame_of_another_page(page):
    client = served(page)
    client.base_url = "https://localhost"
    cookie = client.get("/").headers["set-cookie"]
    assert all(word in cookie for word in ("SameSite=None", "Secure", "Partitioned", "HttpOnly"))


def test_one_visitor_has_a_share_and_all_have_a_limit(store):
    limits = Limits(in_all=5, each=2)
    ids = [store.runs.add("generate", {}, visitor="a", limits=limits) for _ in range(2)]
    with pytest.raises(SdqvizError, match="2 of your jobs are not finished, and 2 is the most"):
        store.runs.add("generate", {}, visitor="a", limits=limits)
    for visitor in "bbc":
        store.runs.add("generate", {}, visitor=visitor, limits=limits)
    with pytest.raises(SdqvizError, match="5 jobs are waiting or worked, and 5 is the most"):
        store.runs.add("generate", {}, visitor="d", limits=limits)
    store.runs.claim(ids[0])  # a job that is worked counts
    with pytest.raises(SdqvizError, match="of your jobs"):
        store.runs.add("generate", {}, visitor="a", limits=limits)
    store.runs.finish(ids[0], DONE, result={})
    store.runs.add("generate", {}, visitor="a", limits=limits)
    stopped = ids[1]
    store.runs.request_cancel(stopped)
    store.runs.add("generate", {}, visitor="a", limits=limits)
    with pytest.raises(SdqvizError, match="of your jobs"):
        store.runs.resume(stopped, limits)
    store.runs.add("quantize", {})  # the command line's are not limited


def test_many_at_once_are_not_more_than_the_limit(store):
    limits, kept = Limits(in_all=8, each=8), []

    def ask(number: int) -> None:
        try:
            kept.append(store.runs.add("generate", {}, visitor=str(number), limits=limits))
        except SdqvizError:
            return

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == len(store.runs.list()) == 8
