import json
import sqlite3
import threading

import pytest

from sdqviz.base.blind import ABX, FIRST, SECOND, UNSURE, WHICH, Session, Tally
from sdqviz.base.errors import SdqvizError
from sdqviz.store.db import MIGRATIONS
from sdqviz.store.store import Store


@pytest.fixture
def run_id(store):
    return store.runs.add_made("quantize", {"model": "m"}, {"scenes": []})


def take(store: Store, session: Session, right: int, wrong: int) -> None:
    """Answers every trial: first the right ones, then the wrong, then not sure."""
    for trial in session.trials:
        other = SECOND if trial.truth == FIRST else FIRST
        at = trial.number
        answer = trial.truth if at < right else other if at < right + wrong else UNSURE
        store.answers.answer(session.id, at, answer)


def test_a_session_comes_back_as_it_was_drawn(store, run_id):
    session = store.answers.start(run_id, ABX, ["a", "b"], 8)
    again = Store(store.folder).answers.session(session.id)
    assert again == session
    assert (again.run, again.kind, len(again.trials)) == (run_id, ABX, 8)
    assert again.current == again.trials[0]
    assert store.answers.start(run_id, ABX, ["a", "b"], 8).id != session.id


def test_the_first_answer_stays(store, run_id):
    session = store.answers.start(run_id, WHICH, ["a"], 8)
    after = store.answers.answer(session.id, 0, UNSURE)
    assert after.current.number == 1
    threads = [
        threading.Thread(target=store.answers.answer, args=(session.id, 0, answer))
        for answer in (FIRST, SECOND)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trials = store.answers.session(session.id).trials
    assert [t.answer for t in trials] == [UNSURE, *[None] * 7]


def test_tests_under_way_are_those_answered_of_late(store, run_id, monkeypatch):
    begun, ended = (store.answers.start(run_id, WHICH, ["a"], 2) for _ in range(2))
    assert store.answers.under_way(run_id, WHICH) == 0  # looked at, not answered
    store.answers.answer(begun.id, 0, UNSURE)
    take(store, ended, right=2, wrong=0)
    assert store.answers.under_way(run_id, WHICH) == 1
    assert store.answers.under_way(run_id, ABX) == 0
    monkeypatch.setattr("sdqviz.store.answers.LATE_SECONDS", -1.0)
    assert store.answers.under_way(run_id, WHICH) == 0  # given up


def test_right_and_wrong_are_written_with_the_time(store, run_id):
    session = store.answers.start(run_id, WHICH, ["a"], 8)
    take(store, session, right=3, wrong=4)
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        rows = connection.execute(
            "SELECT is_right, at FROM answers WHERE session = ? ORDER BY trial", (session.id,)
        ).fetchall()
    assert [right for right, _ in rows] == [1, 1, 1, 0, 0, 0, 0, None]
    times = [at for _, at in rows]
    assert times == sorted(times)
    assert store.answers.session(session.id).current is None


def test_only_finished_tests_of_the_run_and_kind_count(store, run_id):
    other_run = store.runs.add_made("quantize", {"model": "m"}, {"scenes": []})
    first = store.answers.start(run_id, WHICH, ["a"], 12)
    second = store.answers.start(run_id, WHICH, ["a", "b"], 8)
    broken_off = store.answers.start(run_id, WHICH, ["a"], 8)
    store.answers.answer(broken_off.id, 0, broken_off.trials[0].truth)
    assert store.answers.finished(run_id, WHICH) == []
    take(store, second, right=8, wrong=0)
    take(store, first, right=5, wrong=4)
    take(store, store.answers.start(run_id, ABX, ["a"], 8), right=1, wrong=1)
    take(store, store.answers.start(other_run, WHICH, ["a"], 8), right=2, wrong=2)
    assert store.answers.finished(run_id, WHICH) == [
        Tally(right=8, sure=8, unsure=0),
        Tally(right=5, sure=9, unsure=3),
    ]
    assert store.answers.finished(run_id, ABX) == [Tally(right=1, sure=2, unsure=6)]


def test_a_runs_answers_go_with_it(store, run_id):
    kept = store.runs.add_made("quantize", {"model": "m"}, {"scenes": []})
    gone = store.answers.start(run_id, WHICH, ["a"], 8)
    stays = store.answers.start(kept, WHICH, ["a"], 8)
    take(store, gone, right=8, wrong=0)
    store.runs.forget(run_id)
    assert store.answers.finished(run_id, WHICH) == []
    with pytest.raises(SdqvizError, match="gone"):
        store.answers.answer(gone.id, 0, FIRST)
    with pytest.raises(SdqvizError, match="is gone"):
        store.answers.start(run_id, WHICH, ["a"], 8)
    assert store.answers.session(stays.id) == stays


def test_what_is_no_answer_is_refused(store, run_id):
    session = store.answers.start(run_id, WHICH, ["a"], 8)
    with pytest.raises(SdqvizError, match="no answer 'left'"):
        store.answers.answer(session.id, 0, "left")
    with pytest.raises(SdqvizError, match="no trial 8"):
        store.answers.answer(session.id, 8, FIRST)
    assert store.answers.session(session.id) == session


def test_a_store_of_the_first_version_opens_with_its_runs(tmp_path):
    result = json.dumps({"format": 1, "seconds": 2.0})
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
        connection.execute(
            "INSERT INTO runs (id, kind, spec, state, result, created)"
            """ VALUES ('a', 'quantize', '{"model": "m"}', 'done', ?, 1.0)""",
            (result,),
        )
    opened = Store(tmp_path)
    run = opened.runs.get("a")
    assert (run.spec, run.seconds, run.result) == ({"model": "m"}, 2.0, json.loads(result))
    assert [run.id for run in opened.runs.list()] == ["a"]
    session = opened.answers.start("a", ABX, ["a"], 8)
    assert Store(tmp_path).answers.session(session.id) == session
    assert len(list(tmp_path.glob("store.sqlite.v1-*.backup"))) == 1
