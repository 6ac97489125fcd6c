import errno
import json
import shutil

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.publish.bundle import import_demos
from sdqviz.views.report import report
from sdqviz.views.report.report import export_report


@pytest.fixture
def run(store):
    import_demos(store, assets_folder() / "demo")
    return next(r for r in store.runs.list() if r.spec["recipe"] == "round_nearest")


def test_a_report_has_every_scene_and_the_very_pictures(store, run, tmp_path):
    page = export_report(store, run, tmp_path / "report")
    folder = page.parent
    scenes = run.result["scenes"]
    for row in scenes:
        text = (folder / "data" / f"{row['id']}.js").read_text()
        value = json.loads(text[text.index(", ") + 2 : text.rindex(")")].replace("<\\/", "</"))
        assert set(value) == {"viewer", "timeline", "facts"}
        for who in ("fp", "student"):
            blob = row["images"][who]
            assert (folder / "pictures" / blob).read_bytes() == store.blobs.get(blob)
    html = page.read_text()
    assert "http" not in html and "<script>" not in html  # nothing from outside, nothing inline
    assert "http://" not in (folder / "sdqviz.css").read_text()


def test_a_taken_folder_and_an_unfinished_run_are_refused(store, run, tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(SdqvizError, match="already holds something"):
        export_report(store, run, tmp_path)
    waiting = store.runs.get(store.runs.add("quantize", run.spec))
    with pytest.raises(SdqvizError, match="is queued"):
        export_report(store, waiting, tmp_path / "new")


def test_a_full_disk_leaves_nothing_and_says_so(store, run, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(report.shutil, "copyfile", full)
    with pytest.raises(SdqvizError, match="No space left on device"):
        export_report(store, run, tmp_path / "report")
    assert not (tmp_path / "report").exists()
    monkeypatch.setattr(report.shutil, "copyfile", shutil.copyfile)


def test_a_missing_picture_is_named(store, run, tmp_path):
    blob = run.result["scenes"][0]["images"]["fp"]
    store.blobs.path(blob).unlink()
    with pytest.raises(SdqvizError, match=blob[:12]):
        export_report(store, run, tmp_path / "report")
    assert not (tmp_path / "report").exists()
