"""A run that comes from elsewhere: nothing is written before all of it is checked."""

import json
import shutil

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.publish.bundle import export_run, import_run
from sdqviz.store.blobs import is_blob_name

DEMO = assets_folder() / "demo" / "mini-sd1-round-nearest"
BLOB = "a" * 64


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(DEMO, tmp_path / "bundle")


def change(bundle, **fields):
    file = bundle / "run.json"
    row = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**row, **fields}), encoding="utf-8")


def files(folder):
    return {path for path in folder.rglob("*") if "sqlite" not in path.name}


def refused(store, bundle, match):
    before = files(store.folder.parent) - files(bundle)
    with pytest.raises(SdqvizError, match=match) as caught:
        import_run(store, bundle)
    assert "\n" not in str(caught.value)
    assert files(store.folder.parent) - files(bundle) == before
    assert store.runs.list() == []


def test_a_bundle_comes_back_as_it_went(store, bundle, tmp_path):
    run = store.runs.get(import_run(store, bundle))
    assert import_run(store, bundle) == run.id
    again = export_run(store, run, tmp_path / "again")
    names = {path.name for path in DEMO.iterdir() if is_blob_name(path.name)}
    assert {path.name for path in again.iterdir()} - {"run.json"} == names


@pytest.mark.parametrize("name", ["../../evil", "..", "", "a" * 11, "A" * 12, "0" * 12 + "\n", 7])
def test_an_id_that_is_none_is_refused(store, bundle, name):
    change(bundle, id=name)
    refused(store, bundle, "names a run|has no id")


@pytest.mark.parametrize(
    "fields",
    [
        *({"kind": "evil"}, {"spec": []}, {"result": None}, {"events": {}}, {"created": "now"}),
        *({"events": [["Evil", {}]]}, {"events": [["Log", {"x": 1}]]}, {"ended": None}),
        *({"result": {"format": "x"}}, {"result": {"format": []}}),
    ],
)
def test_a_field_of_another_type_is_refused(store, bundle, fields):
    change(bundle, **fields)
    refused(store, bundle, "right type|of a kind|like no other|has a format")


def test_what_is_no_object_is_refused(store, bundle):
    for text in ("[]", "null", "{", ""):
        (bundle / "run.json").write_text(text, encoding="utf-8")
        refused(store, bundle, "right type|cannot be read")
    (bundle / "run.json").unlink()
    refused(store, bundle, "cannot be read")


def test_one_wrong_blob_keeps_all_out(store, bundle):
    last = max(path for path in bundle.iterdir() if is_blob_name(path.name))
    data = last.read_bytes()
    last.write_bytes(data[:-1])
    refused(store, bundle, "is damaged")
    last.unlink()
    refused(store, bundle, "missing or no plain file")
    (bundle.parent / "outside").write_bytes(data)
    last.symlink_to(bundle.parent / "outside")
    refused(store, bundle, "missing or no plain file")


@pytest.mark.parametrize(
    "name",
    [
        *(f"{BLOB}.png/../../x", f"{BLOB}.", f"{BLOB}.p/g", f"{BLOB}", f"{BLOB}.png\n"),
        *(f"{'A' * 64}.png", f"../{BLOB[3:]}.png", f"{BLOB}.PNG", f"{'/' * 64}.png", ""),
    ],
)
def test_only_a_whole_name_is_a_blob(store, name):
    assert not is_blob_name(name)
    with pytest.raises(SdqvizError, match="no name of a blob"):
        store.blobs.path(name)
