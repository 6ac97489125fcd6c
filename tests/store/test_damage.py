"""Damage is noticed when it is read and mended by the next write; nothing in use is collected."""

import json
import os
import time

import pytest

from sdqviz.base.errors import SdqvizError

DATA = b"a picture's bytes" * 100
DAMAGES = {
    "empty": lambda data: b"",
    "halved": lambda data: data[: len(data) // 2],
    "zeroed": lambda data: bytes(len(data)),
    "one bit flipped": lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_blob_is_noticed_and_mended(store, damage):
    name = store.blobs.put(DATA, "png")
    assert store.blobs.get(name) == DATA
    store.blobs.path(name).write_bytes(DAMAGES[damage](DATA))
    with pytest.raises(SdqvizError, match="is damaged"):
        store.blobs.get(name)
    assert store.blobs.put(DATA, "png") == name
    assert store.blobs.get(name) == DATA


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_product_is_made_anew(store, damage):
    run_id, made = store.runs.add("quantize", {}), []

    def make() -> bytes:
        made.append(1)
        return DATA

    for _ in range(2):
        assert store.records.product(run_id, "key", "bin", make) == DATA
    assert len(made) == 1
    store.blobs.path(store.records.find("key")).write_bytes(DAMAGES[damage](DATA))
    assert store.records.find("key") is None
    assert store.records.product(run_id, "key", "bin", make) == DATA
    assert len(made) == 2


def aged(store, name, seconds=7200):
    then = time.time() - seconds
    os.utime(store.blobs.path(name), (then, then))
    return name


def test_what_a_run_in_progress_found_again_is_not_collected(store):
    """Written two hours ago by a run that is gone, found again by one that works on."""
    old, gone = (aged(store, store.blobs.put(data, "png")) for data in (b"again", b"gone"))
    run_id = store.runs.add("quantize", {})
    store.runs.claim()
    assert store.blobs.put(b"again", "png") == old
    written = aged(store, store.blobs.put(b"written", "png"), -1)
    assert store.records.collect_garbage(older_than_seconds=0) == (1, len(b"gone"))
    there = store.blobs.names(-10)  # the second is from the future
    assert there >= {old, written} and gone not in there
    store.runs.finish(run_id, "done", result={"images": {"fp": old}})


def test_nothing_is_collected_while_a_run_works_that_started_in_the_future(store):
    """The clock was set back since: what looks old may be what the run has just written."""
    store.runs.claim(store.runs.add("quantize", {}))
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET started = started + 86400")
    aged(store, store.blobs.put(b"written", "png"))
    assert store.records.collect_garbage(older_than_seconds=0) == (0, 0)


def test_what_a_kept_product_mentions_is_not_collected(store):
    """A scene's row is a product; its pictures are named in it alone until the run is done."""
    run_id = store.runs.add("quantize", {})
    picture = aged(store, store.blobs.put(b"picture", "png"))
    row = json.dumps({"images": {"fp": picture}}).encode()
    store.records.product(run_id, "scene", "json", lambda: row)
    assert store.records.collect_garbage(older_than_seconds=0) == (0, 0)
    assert store.blobs.get(picture) == b"picture"
