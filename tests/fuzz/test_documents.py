"""Whatever JSON a user's file or request holds: a value, or one SdqvizError."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import generate_request, quantize_request
from sdqviz.base.scene import Scene
from sdqviz.cli.overrides import overrides
from sdqviz.publish.bundle import import_run
from sdqviz.results.outcome import read_outcome
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.prompt_files import all_prompts, read_prompts
from sdqviz.store.store import Store
from tests.fuzz.odd import ODD, TEXT, damaged, damaged_bytes, fuzzed, many

SCENE = Scene(prompt="a key", seed=3, width=64).as_dict()
RUN = json.loads((assets_folder() / "demo" / "mini-sd1-ablation" / "run.json").read_text())
CATALOG = static_catalog()
OPTIONS = sorted({entry["name"] for recipe in CATALOG["recipes"] for entry in recipe["schema"]})


def small(value, most: int = 2):
    """The same document with short lists."""
    if isinstance(value, dict):
        return {key: small(inner, most) for key, inner in value.items()}
    return [small(inner, most) for inner in value[:most]] if isinstance(value, list) else value


@many
@given(damaged(SCENE))
def test_scenes(values):
    try:
        scene = Scene.from_dict(values)
    except SdqvizError:
        return
    assert 0 <= scene.seed < 2**32 and scene.prompt.strip() and scene.id


@many
@given(st.sampled_from(["fidelity", "round_nearest"]), st.sampled_from(OPTIONS), ODD)
def test_settings_of_a_recipe(recipe, name, value):
    try:
        spec = quantize_request(CATALOG, "mini-sd1", recipe, "quick", {name: value})
    except SdqvizError:
        return
    json.dumps(spec, allow_nan=False)


@many
@given(damaged({"training_steps": 8, "weight_bits": 4}), TEXT, TEXT, TEXT)
def test_requests(config, model, recipe, preset):
    for how in ((recipe, "quick"), ("fidelity", preset), ("fidelity", "quick")):
        try:
            quantize_request(CATALOG, model, *how, config)
        except SdqvizError:
            continue


@many
@given(st.lists(TEXT | TEXT.map(lambda text: f"key={text}"), max_size=4))
def test_overrides_of_the_command_line(pairs):
    try:
        json.dumps(overrides(pairs))
    except SdqvizError:
        return


@many
@given(TEXT, TEXT, TEXT)
def test_generate_requests(run, only, engine):
    try:
        generate_request(run, Scene(prompt="a key"), only, engine)
    except SdqvizError:
        return


@fuzzed
@given(damaged(small(RUN)))
def test_bundles(tmp_path_factory, row):
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "run.json").write_text(json.dumps(row))
    store = Store(folder / "home")
    try:
        run = store.runs.get(import_run(store, folder))
        run.outcome  # noqa: B018
    except SdqvizError:
        return
    assert store.runs.list()


@fuzzed
@given(damaged_bytes((assets_folder() / "demo/mini-sd1-ablation/run.json").read_bytes()[:3000]))
def test_damaged_bundles(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "run.json").write_bytes(data)
    with pytest.raises(SdqvizError):
        import_run(Store(folder / "home"), folder)


@many
@given(
    st.sampled_from(["quantize", "ablate", "compare", "generate", "ladder"]),
    damaged(small(RUN["result"])),
)
def test_results(kind, row):
    try:
        read_outcome(kind, row)
    except SdqvizError:
        return


@many
@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-16")))
def test_prompt_files(tmp_path_factory, data):
    file: Path = tmp_path_factory.getbasetemp() / "prompts.txt"
    file.write_bytes(data)
    for read in (all_prompts, read_prompts):
        try:
            assert read(file)
        except SdqvizError:
            continue


@many
@given(damaged({"calibrate": ["a key", "a car"], "tune": ["a bell"], "held_out": ["a fox"]}))
def test_prompt_files_of_json(tmp_path_factory, document):
    file: Path = tmp_path_factory.getbasetemp() / "prompts.json"
    file.write_text(json.dumps(document))
    for read in (all_prompts, read_prompts):
        try:
            assert read(file)
        except SdqvizError:
            continue
