"""Bad models: each refused in one line with the next step."""

import json
import shutil
from pathlib import Path

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.families.loading import load
from sdqviz.families.sources import find


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
    [({"in_channels": 9}, "9 channels"), ({"use_linear_projection": True}, "v2")],
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


def test_a_single_file_checkpoint_loads(copy, tmp_path):
    """A v1 checkpoint in its original layout, written from diffusers' own layout."""
    import torch
    from safetensors.torch import save_file

    from tests.original_layout import original_state

    model = load(str(copy))
    file = tmp_path / "one.safetensors"
    save_file(original_state(model.pipeline), file)
    again = load(str(file), str(copy))
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name
