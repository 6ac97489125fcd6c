"""Model folders, packed folders and single files with anything in them damaged."""

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdqviz
from sdqviz.base.errors import SdqvizError
from sdqviz.families import loading, sources
from sdqviz.layers.checkpoint import build_student, read_config
from tests.fuzz.odd import damaged, damaged_bytes, fuzzed

SMALL = {"calibration_scenes": 1, "held_out_scenes": 1, "steps": 2, "time_rows": "sampler"}


@pytest.fixture(scope="module")
def packed_folder(tiny_folder, tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDQVIZ_HOME", str(tmp_path_factory.mktemp("home")))
        out = tmp_path_factory.mktemp("packed") / "model"
        sdqviz.quantize(str(tiny_folder), out=out, recipe="round_nearest", config=SMALL)
    return out


def copy_of(folder: Path, parent: Path) -> Path:
    """The folder with links for its files: what is damaged is replaced, not written through."""
    copy = parent / "model"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, copy_function=os.link)
    return copy


def replaced(file: Path, data: bytes) -> None:
    file.unlink()
    file.write_bytes(data)


def reads(folder: Path) -> None:
    """Whatever opens a model: each gives it, or one SdqvizError."""
    for read in (sources.find, loading.family_named, sources.is_packed, loading.load):
        try:
            read(Path(folder) if read is sources.is_packed else str(folder))  # type: ignore[operator]
        except SdqvizError as error:
            assert "\n" not in error.message and len(error.message) < 1000


def texts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


@fuzzed
@given(st.data())
def test_configs_of_a_model(tiny_folder, tmp_path_factory, data):
    folder = copy_of(tiny_folder, tmp_path_factory.getbasetemp() / "configs")
    file = data.draw(st.sampled_from(texts(folder)))
    replaced(file, json.dumps(data.draw(damaged(json.loads(file.read_text())))).encode())
    reads(folder)


@fuzzed
@given(st.data())
def test_configs_of_a_packed_model(packed_folder, tmp_path_factory, data):
    folder = copy_of(packed_folder, tmp_path_factory.getbasetemp() / "packed-configs")
    file = data.draw(st.sampled_from([folder / "unet/config.json", folder / "model_index.json"]))
    replaced(file, json.dumps(data.draw(damaged(json.loads(file.read_text())))).encode())
    reads(folder)


@fuzzed
@given(st.data())
def test_files_of_a_model(tiny_folder, packed_folder, tmp_path_factory, data):
    whole = data.draw(st.sampled_from([tiny_folder, packed_folder]))
    folder = copy_of(whole, tmp_path_factory.getbasetemp() / "files")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    file = data.draw(st.sampled_from(files))
    how = data.draw(st.sampled_from(["bytes", "gone", "folder", "link", "pipe"]))
    if how == "bytes":
        replaced(file, data.draw(damaged_bytes(file.read_bytes())))
    else:
        file.unlink()
        {
            "gone": lambda: None,
            "folder": file.mkdir,
            "link": lambda: file.symlink_to("/dev/zero"),
            "pipe": lambda: os.mkfifo(file),
        }[how]()
    reads(folder)


@fuzzed
@given(st.data())
def test_packed_files(tiny_folder, packed_folder, tmp_path_factory, data):
    (whole,) = (packed_folder / "unet").glob("*.safetensors")
    file = tmp_path_factory.getbasetemp() / "packed.safetensors"
    file.write_bytes(data.draw(damaged_bytes(whole.read_bytes())))
    network = loading.load(str(tiny_folder)).network
    for read in (read_config, lambda file: build_student(network, file)):
        try:
            read(file)
        except SdqvizError:
            continue


@fuzzed
@given(st.data())
def test_single_files_and_names(tiny_folder, tmp_path_factory, data):
    whole = (tiny_folder / "unet/diffusion_pytorch_model.safetensors").read_bytes()
    file = tmp_path_factory.getbasetemp() / "model.safetensors"
    file.write_bytes(data.draw(damaged_bytes(whole)))
    name = data.draw(
        st.sampled_from([str(file), f"{file}/", "a/b", "~nobody/x", "\x00", "a" * 300])
    )
    for config in (None, str(tiny_folder), str(file)):
        for read in (sources.find, loading.family_named, loading.load):
            try:
                read(name, config)
            except SdqvizError:
                continue


def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(tiny_folder, tmp_path):
    folder = copy_of(tiny_folder, tmp_path)
    (folder / "unet/config.json").unlink()
    os.mkfifo(folder / "unet/config.json")
    with pytest.raises(SdqvizError, match="no ordinary file"):
        loading.load(str(folder))
