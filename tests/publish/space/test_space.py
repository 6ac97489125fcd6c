"""The folders of Spaces: what the hub reads, and that each starts as the host would start it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found
from sdqviz.publish.bundle import import_demos
from sdqviz.publish.space.contract import PACKAGE
from sdqviz.publish.space.write import write_space


@pytest.fixture
def runs(store):
    import_demos(store, assets_folder() / "demo")
    return [r for r in store.runs.list() if r.kind == "quantize"]


def front_matter(folder: Path) -> dict:
    text = (folder / "README.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    assert body.strip()
    return {k: json.loads(v) for k, _, v in (line.partition(": ") for line in front.splitlines())}


@pytest.mark.parametrize("kind", sorted(found(PACKAGE, "KIND")))
def test_the_hub_finds_what_it_asks_for(store, runs, tmp_path, kind):
    out = write_space(store, runs, kind, tmp_path / "space", "Two ways", "someone/w4a8")
    front = front_matter(out)
    assert front["title"] == "Two ways"
    assert front["sdk"] in ("static", "docker", "gradio")
    assert len(front["short_description"]) <= 60
    assert front["thumbnail"].endswith("/someone/w4a8/resolve/main/thumbnail.png")
    assert "models" not in front  # a mini is not on the hub
    assert (out / "thumbnail.png").stat().st_size > 10_000
    assert "FLIP" in (out / "README.md").read_text(encoding="utf-8")
    here = str(assets_folder().parent).encode()
    texts = [f for f in out.rglob("*") if f.suffix in (".md", ".html", ".js", ".txt", ".json")]
    assert not [file for file in texts if here in file.read_bytes()]  # no path of this machine


def test_a_static_space_has_the_reports(store, runs, tmp_path):
    one = write_space(store, runs[:1], "static", tmp_path / "one")
    assert "<main>" in (one / "index.html").read_text() and (one / "data/run.js").is_file()
    both = write_space(store, runs, "static", tmp_path / "both")
    links = re.findall(r'href="([^"]+/index.html)"', (both / "index.html").read_text())
    assert len(links) == len(runs) and all((both / link).is_file() for link in links)


def test_a_docker_space_runs_from_its_folder_alone(store, runs, tmp_path):
    out = write_space(store, runs, "docker", tmp_path / "space")
    lines = (out / "Dockerfile").read_text().replace("\\\n", "")
    assert "useradd --create-home --uid 1000" in lines
    pins = (out / "requirements.txt").read_text() + (out / "requirements-torch.txt").read_text()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", line) for line in pins.split())
    assert "torch==" in pins and "gradio==" in pins
    # The command of the image, its ENV and nothing else of sdqviz on the path.
    command = json.loads(lines[lines.index("CMD ") + 4 :])
    said = subprocess.run(
        [sys.executable, "-I", "-c", _ASKS.format(folder=str(out))],
        env={**os.environ, "SDQVIZ_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert said == [str(out / "sdqviz"), str(out / "sdqviz/_assets")]
    assert command[:4] == ["python", "-m", "sdqviz", "app"]


_ASKS = """
import sys
sys.path.insert(0, {folder!r})
import sdqviz, pathlib
from sdqviz.base.assets import assets_folder
print(pathlib.Path(sdqviz.__file__).parent, assets_folder())
"""


def test_what_is_no_finished_run_and_a_taken_folder_are_refused(store, runs, tmp_path):
    queued = store.runs.get(store.runs.add("quantize", runs[0].spec))
    with pytest.raises(SdqvizError, match="is queued"):
        write_space(store, [queued], "static", tmp_path / "a")
    with pytest.raises(SdqvizError, match="unknown kind 'cloud'"):
        write_space(store, runs, "cloud", tmp_path / "a")
    with pytest.raises(SdqvizError, match="no OWNER/NAME"):
        write_space(store, runs, "static", tmp_path / "a", repo="x")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/file").touch()
    with pytest.raises(SdqvizError, match="already holds something"):
        write_space(store, runs, "static", tmp_path / "taken")
    assert not (tmp_path / "a").exists()
