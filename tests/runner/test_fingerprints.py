"""A model's files are read whole once; how far is told, and a changed file is noticed."""

import os

import pytest

from sdqviz.base.events import Log, Progress
from sdqviz.families.sources import Source
from sdqviz.runner import fingerprints
from sdqviz.runner.fingerprints import Fingerprints, Read
from sdqviz.runner.models import Loaded, ModelCache

MEGA = 1 << 20


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes((2).to_bytes(8, "little") + b"{}" + b"\1" * (9 * MEGA))
    return path


def read(steps) -> tuple[list[Read], str]:
    *reads, digest = steps
    return reads, digest


def test_a_file_is_read_once(file, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    reads, digest = read(Fingerprints(home).digest(file))
    size = file.stat().st_size
    assert [step.done for step in reads] == sorted({step.done for step in reads})
    assert len(reads) == 3 and reads[-1] == Read(size, size)
    assert read(Fingerprints(home).digest(file)) == ([], digest)
    assert read(Fingerprints().digest(file)) == (reads, digest)
    (home / "fingerprints.json").write_text("{")  # as a killed process of old would leave it
    assert read(Fingerprints(home).digest(file)) == (reads, digest)


def test_a_change_that_hides_its_time_and_size_is_seen(file, tmp_path):
    _, before = read(Fingerprints(tmp_path).digest(file))
    stat = file.stat()
    with file.open("r+b") as opened:
        opened.seek(5 * MEGA)
        opened.write(b"\2")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file.stat().st_mtime_ns == stat.st_mtime_ns and file.stat().st_size == stat.st_size
    reads, after = read(Fingerprints(tmp_path).digest(file))
    assert reads and after != before


def test_small_files_are_always_read(tiny_folder, tmp_path):
    _, digest = read(Fingerprints(tmp_path).digest(tiny_folder))
    reads, again = read(Fingerprints(tmp_path).digest(tiny_folder))
    sizes = [file.stat().st_size for file in fingerprints.model_files(tiny_folder)]
    assert reads[-1].total == sum(size for size in sizes if size < MEGA) > 0
    assert again == digest


def test_a_single_file_and_its_configs_are_read_as_one(file, tiny_folder):
    models = ModelCache()
    *reads, key = models.fingerprint(Source("one", file, tiny_folder))
    done = [step.done for step in reads]
    both = [*fingerprints.model_files(file), *fingerprints.model_files(tiny_folder)]
    total = sum(part.stat().st_size for part in both)
    assert done == sorted(set(done)) and done[-1] == total
    assert {step.total for step in reads} == {total}
    assert key == ModelCache.key(Source("one", file, tiny_folder))


def test_reading_and_loading_are_told(tiny_folder):
    models = ModelCache()
    *told, loaded = models.loading(str(tiny_folder))
    assert isinstance(loaded, Loaded)
    progress = [step for step in told if isinstance(step, Progress)]
    total = sum(file.stat().st_size for file in fingerprints.model_files(tiny_folder))
    assert {step.total for step in progress} == {total} and progress[-1].done == total
    done = [step.done for step in progress]
    assert done == sorted(done) and progress[-1].place.startswith("loading ")
    (line,) = [step.message for step in told if isinstance(step, Log)]
    assert line.startswith(f"loading {tiny_folder}")
    *again, same = models.loading(str(tiny_folder))
    assert same is loaded
    assert not [step for step in again if isinstance(step, Log)]
