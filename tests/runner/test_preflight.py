"""What is refused before a run works, from the model's configs alone."""

import json
import shutil

import pytest

import sdqviz
from sdqviz import api
from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Progress
from sdqviz.families import sources
from sdqviz.families.loading import family_named
from sdqviz.families.saving import save_quantized
from sdqviz.layers.checkpoint import read_config
from sdqviz.runner.estimate import stored_parameters
from sdqviz.runner.models import ModelCache
from sdqviz.runner.prompt_files import all_prompts
from sdqviz.runner.prompts import is_mini, prompt_set, usual_guidance
from tests.conftest import QUICK
from tests.families.test_pipelines_pictures import SD, edit, use_scheduler
from tests.tiny import save_tiny_model

MINIS = assets_folder() / "models"
ALL_ROWS = {**QUICK, "time_rows": "all"}


@pytest.fixture
def copied(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "model")


@pytest.fixture(scope="session")
def packed_mini(tmp_path_factory):
    """The bundled quantized mini as a diffusers folder."""
    packed = next((assets_folder() / "demo" / "mini-sd1-round-nearest").glob("*.safetensors"))
    out = tmp_path_factory.mktemp("packed") / "mini"
    return save_quantized(sources.find("mini-sd1"), packed, read_config(packed), "", out)


def stages_until_refused(folder, match, **config):
    """The stages that told of progress before the refusal."""
    seen = []

    def see(event):
        if isinstance(event, Progress):
            seen.append(event.stage)

    with pytest.raises(SdqvizError, match=match):
        config = {**QUICK, **config}
        sdqviz.quantize(str(folder), recipe="round_nearest", see=see, config=config)
    return seen


@pytest.mark.parametrize(
    "values", [{"use_karras_sigmas": True}, {"timestep_spacing": "linspace", "steps_offset": 0}]
)
def test_fractional_timesteps_need_all_rows(home, copied, values):
    use_scheduler(copied, "EulerDiscreteScheduler", **SD, **values)
    said = r"(use_karras_sigmas|linspace).*time table"
    assert stages_until_refused(copied, said, steps=5) == []
    assert api.open_store().runs.list() == []
    report = sdqviz.quantize(str(copied), recipe="round_nearest", config={**ALL_ROWS, "steps": 5})
    drawn = api.open_store().runs.get(report["run"]).scenes[0]
    assert any(t != round(t) for t in drawn.timesteps)


def test_steps_that_the_scheduler_cannot_take_are_refused(home, copied):
    assert stages_until_refused(copied, "1000 steps", steps=1000, scheduler="ddim") == []


def test_a_key_that_nobody_knows_is_refused_before_the_run(home, copied):
    edit(copied / "scheduler" / "scheduler_config.json", noise_colour="pink")
    assert stages_until_refused(copied, "noise_colour") == []


def test_a_guidance_distilled_network_is_quantized_with_its_guidance(home, copied):
    from tests.families.test_pipelines_pictures import distil

    distil(copied)
    report = sdqviz.quantize(str(copied), recipe="round_nearest", config=QUICK)
    run = api.open_store().runs.get(report["run"])
    assert run.state == "done"
    assert {layer.role for layer in run.quantized.layers} >= {"embedder", "modulation"}
    assert not run.quantized.size.has_time_table


def test_a_quantized_folder_is_no_fp_model(home, packed_mini):
    with pytest.raises(SdqvizError, match="quantized already"):
        sdqviz.quantize(str(packed_mini), recipe="round_nearest", config=QUICK)
    with pytest.raises(SdqvizError, match="quantized already"):
        sdqviz.compare(str(packed_mini), str(packed_mini), steps=2)


def test_a_text_encoder_that_is_quantized_is_named(home, copied):
    edit(copied / "text_encoder" / "config.json", quantization_config={"quant_method": "x"})
    assert stages_until_refused(copied, "text_encoder/config.json") == []


def test_a_mini_is_known_by_its_network(tmp_path, tiny_folder):
    copy = shutil.copytree(MINIS / "mini-sd1", tmp_path / "another name")
    false = shutil.copytree(tiny_folder, tmp_path / "mini-sd1")
    for model, mini in ((str(copy), True), ("mini-sd1", True), (str(false), False)):
        family = family_named(model)
        assert is_mini(model) == mini
        assert prompt_set(model) == ("emoji" if mini else "general")
        assert usual_guidance(model, family) == (2.0 if mini else 7.5)


def test_a_second_variant_and_a_root_checkpoint_are_not_counted(copied):
    before = stored_parameters(copied)
    for file in list(copied.rglob("*.safetensors")):
        shutil.copy(file, file.with_name(file.name.replace(".safetensors", ".fp16.safetensors")))
    shutil.copy(next((copied / "unet").glob("*.safetensors")), copied / "all.safetensors")
    assert stored_parameters(copied) == before


def test_prompts_may_begin_with_a_byte_order_mark(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("a red apple\na bell\n", encoding="utf-8-sig")
    assert all_prompts(file) == ["a red apple", "a bell"]


def test_a_size_of_the_run_that_the_model_cannot_draw_is_refused(home, tmp_path):
    folder = save_tiny_model(tmp_path / "sd3", "sd3")
    assert stages_until_refused(folder, "multiples of 16", width=72, height=64) in ([], ["read"])
    assert stages_until_refused(folder, "at most 192", width=1024, height=64) in ([], ["read"])


def test_what_older_versions_read_otherwise_has_another_key(copied, tiny_folder):
    before = ModelCache.key(sources.find(str(tiny_folder)))
    assert ModelCache.key(sources.find(str(copied))) == before
    file = copied / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "timestep_spacing": "trailing"}))
    assert ModelCache.key(sources.find(str(copied))) != before
