"""Bad models: each refused in one line with the next step."""

import json
import shutil
from pathlib import Path

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.families.loading import load
from sdqviz.families.published import PUBLISHED
from sdqviz.families.sources import find
from tests.tiny import FAMILIES, save_tiny_model


@pytest.fixture
def copy(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def refusal(name: str, config: str | None = None) -> SdqvizError:
    with pytest.raises(SdqvizError) as caught:
        load(name, config)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


def test_unknown_names():
    assert "unknown model" in refusal("mini-nothing").message
    assert "sdqviz fetch owner/name" in refusal("owner/name").hint
    gated = next(model for model in PUBLISHED if model.gated)
    assert "accept its licence" in refusal(gated.hub_id).hint


def test_a_folder_that_is_not_a_pipeline(tmp_path):
    assert "model_index.json" in refusal(str(tmp_path)).message


def test_pickles_are_refused(copy, tmp_path):
    pickle = tmp_path / "model.ckpt"
    pickle.write_bytes(b"\x80\x04")
    assert "pickle" in refusal(str(pickle)).message
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    assert "only pickle weights" in refusal(str(copy)).message


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_truncated_files_are_named(copy, part):
    file = next((copy / part).glob("*.safetensors"))
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    assert "truncated" in refusal(str(copy)).message
    file.write_bytes(b"not a model")
    assert "not a whole safetensors file" in refusal(str(copy)).message


def test_a_missing_or_damaged_config_is_named(copy):
    (copy / "unet" / "config.json").write_text("{")
    assert "not valid JSON" in refusal(str(copy)).message
    (copy / "unet" / "config.json").unlink()
    assert "missing" in refusal(str(copy)).message


@pytest.mark.parametrize(
    ("change", "part"),
    [({"in_channels": 9}, "9 channels"), ({"addition_embed_type": "text_time"}, "as XL has")],
)
def test_another_family_is_named(copy, change, part):
    file = copy / "unet" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert part in refusal(str(copy)).message


def test_another_pipeline_is_named(copy):
    file = copy / "model_index.json"
    file.write_text(file.read_text().replace('"StableDiffusionPipeline"', '"FluxPipeline"'))
    assert "FluxPipeline is not supported" in refusal(str(copy)).message


def test_a_single_file_needs_its_configs(copy):
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    assert "--config" in refusal(str(weights)).hint
    assert find(str(weights), str(copy)).config == copy


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_file_checkpoint_loads(family, tmp_path):
    """A checkpoint in its original layout, written from diffusers' own."""
    import torch
    from safetensors.torch import save_file

    from tests.original_layout import original_state

    folder = save_tiny_model(tmp_path / family, family)
    model = load(str(folder))
    file = tmp_path / "one.safetensors"
    save_file(original_state(model.pipeline, family), file)
    again = load(str(file), str(folder))
    parts = ["network", "vae", "text_encoder"]
    # v3's single files come without the small encoder's projection.
    parts += ["text_encoder_2"] if family in ("sdxl", "sd3") else []
    for part in parts:
        one, other = (
            m.network if part == "network" else getattr(m.pipeline, part) for m in (model, again)
        )
        for name, tensor in one.state_dict().items():
            if (family, part, name) != ("sd3", "text_encoder", "text_projection.weight"):
                assert torch.equal(other.state_dict()[name], tensor), (part, name)
    other = next(f for f in FAMILIES if f != family)
    wrong = save_tiny_model(tmp_path / other, other)
    assert f"one.safetensors is a {family} model" in refusal(str(file), str(wrong)).message


def test_a_single_files_configs_are_part_of_its_key(copy, tmp_path):
    """Its noise schedule is theirs: with another one its pictures are others."""
    from sdqviz.runner.models import ModelCache

    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    other = tmp_path / "other"
    shutil.copytree(copy, other)
    scheduler = other / "scheduler" / "scheduler_config.json"
    scheduler.write_text(scheduler.read_text().replace('"beta_end": 0.012', '"beta_end": 0.02'))
    assert ModelCache.key(find(str(weights), str(copy))) == ModelCache.key(
        find(str(weights), str(copy))
    )
    assert ModelCache.key(find(str(weights), str(copy))) != ModelCache.key(
        find(str(weights), str(other))
    )


def test_a_single_file_without_its_text_encoder_says_so(copy, tmp_path):
    from safetensors.torch import save_file

    from tests.original_layout import original_state

    state = original_state(load(str(copy)).pipeline, "sd1")
    file = tmp_path / "bare.safetensors"
    save_file({k: v for k, v in state.items() if not k.startswith("cond_stage_model")}, file)
    (copy / "text_encoder" / "model.safetensors").unlink()
    refused = refusal(str(file), str(copy))
    assert "bare.safetensors holds no CLIPTextModel" in refused.message
    assert "put its weights into" in refused.hint


def test_an_adapter_is_not_a_model(tmp_path, copy):
    import torch
    from safetensors.torch import save_file

    for name in ("lora_unet_mid_block.lora_down.weight", "unet.mid_block.to_q.lora_A.weight"):
        file = tmp_path / "style.safetensors"
        save_file({name: torch.ones(2)}, file)
        assert "holds an adapter (LoRA)" in refusal(str(file), str(copy)).message


def test_a_missing_shard_is_named(copy):
    part = copy / "unet"
    weights = part / "diffusion_pytorch_model.safetensors"
    weights.rename(part / "diffusion_pytorch_model-00001-of-00002.safetensors")
    names = {f"w{i}": f"diffusion_pytorch_model-0000{i}-of-00002.safetensors" for i in (1, 2)}
    index = part / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))
    message = refusal(str(copy)).message
    assert "1 of 2 files are missing, first diffusion_pytorch_model-00002" in message


def test_a_named_but_absent_t5_says_how_to_go_without(tmp_path):
    folder = save_tiny_model(tmp_path / "sd3", "sd3")
    index = folder / "model_index.json"
    values = json.loads(index.read_text())
    values["text_encoder_3"] = ["transformers", "T5EncoderModel"]
    index.write_text(json.dumps(values))
    caught = refusal(str(folder))
    assert "names a T5 encoder" in caught.message
    assert "[null, null]" in caught.hint


def test_a_folder_of_one_variant_loads(copy, tiny):
    import torch

    for file in list(copy.rglob("*.safetensors")):
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    again = load(str(copy)).network.state_dict()
    for name, tensor in tiny.network.state_dict().items():
        assert torch.equal(again[name], tensor), name


@pytest.mark.parametrize("kind", ["absent", "only a pickle"])
def test_a_safety_checker_that_is_never_run_is_not_asked_for(copy, kind):
    from transformers import CLIPConfig, CLIPImageProcessor

    file = copy / "model_index.json"
    parts = {
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
    }
    file.write_text(json.dumps({**json.loads(file.read_text()), **parts}))
    if kind == "only a pickle":
        CLIPConfig().save_pretrained(copy / "safety_checker")
        (copy / "safety_checker" / "pytorch_model.bin").write_bytes(b"0")
        CLIPImageProcessor().save_pretrained(copy / "feature_extractor")
    assert load(str(copy)).pipeline.safety_checker is None


def test_a_config_with_a_byte_order_mark_is_named(copy):
    file = copy / "unet" / "config.json"
    file.write_text(file.read_text(), encoding="utf-8-sig")
    assert "byte-order mark" in refusal(str(copy)).message


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [("text_encoder", "num_hidden_layers", 3), ("vae", "layers_per_block", 2)],
)
def test_a_part_that_its_files_do_not_fill_is_refused(tiny_folder, tmp_path, part, key, value):
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    config = folder / part / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), key: value}))
    with pytest.raises(SdqvizError, match=rf"{part} lacks \d+ tensors that its config.json asks"):
        load(str(folder))
