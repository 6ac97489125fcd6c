"""Of a folder as the hub has them only the pipeline's own files are read, hashed and copied."""

import copy
import json
import shutil
from pathlib import Path

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file

from sdqviz.base.errors import SdqvizError
from sdqviz.families.components import component_files, variant_of, weight_files
from sdqviz.families.loading import load
from sdqviz.families.saving import save_quantized
from sdqviz.families.sources import find
from sdqviz.layers.checkpoint import read_config, serialise
from sdqviz.layers.convert import pack_network
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.runner.estimate import stored_parameters
from sdqviz.runner.models import ModelCache


def halve(file: Path, name: str) -> None:
    """The file's tensors in float16 under another name beside it."""
    halves = {k: v.half() if v.is_floating_point() else v for k, v in load_file(file).items()}
    save_file(halves, file.with_name(name), {"format": "pt"})


@pytest.fixture
def hub(tiny_folder, tmp_path) -> Path:
    """The tiny model with all that the hub's folders have beside a pipeline."""
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "hub"))
    for file in list(folder.rglob("*.safetensors")):
        halve(file, file.name.replace(".safetensors", ".fp16.safetensors"))
    save_file({"x": torch.zeros(100)}, folder / "v1-5-pruned.safetensors")
    (folder / "v1-5-pruned.ckpt").write_bytes(b"x" * 1000)
    unet = folder / "unet"
    shutil.copy(unet / "diffusion_pytorch_model.safetensors", unet / "x.non_ema.safetensors")
    for name in ("diffusion_flax_model.msgpack", "model.onnx", "openvino_model.bin"):
        (unet / name).write_bytes(b"x" * 1000)
    (folder / "vae_1_0").mkdir()
    shutil.copy(folder / "vae" / "diffusion_pytorch_model.safetensors", folder / "vae_1_0")
    (folder / "LICENSE.md").write_text("a licence")
    (folder / ".gitattributes").write_text("x")
    return folder


@pytest.fixture
def packed_run(tiny, tmp_path):
    """(the packed network's file, its config)."""
    network = copy.deepcopy(tiny.network)
    pack_network(network, make_plan(network, tiny.family.roles(network), PlanConfig()), {})
    serialise(network, tmp_path / "packed.safetensors")
    return tmp_path / "packed.safetensors", read_config(tmp_path / "packed.safetensors")


def names(folder: Path, files) -> set[str]:
    return {str(file.relative_to(folder)) for file in files}


def test_a_folders_components_are_those_of_the_plain_one(hub, tiny_folder):
    plain = (file for file in tiny_folder.rglob("*") if file.is_file())
    assert names(hub, component_files(hub)) == names(tiny_folder, plain)


def test_nothing_else_counts(hub, tiny_folder):
    one, other = find(str(hub)), find(str(tiny_folder))
    assert ModelCache.key(one) == ModelCache.key(other)
    assert stored_parameters(hub) == stored_parameters(tiny_folder)
    (hub / "v1-5-pruned.safetensors").write_bytes(b"torn")  # nobody asked for it
    find(str(hub))


def export(folder: Path, packed_run, out: Path) -> Path:
    packed, config = packed_run
    return save_quantized(find(str(folder)), packed, config, "card", out)


def test_an_export_holds_the_components_alone(hub, packed_run, tmp_path):
    out = export(hub, packed_run, tmp_path / "out")
    assert names(out, (f for f in out.rglob("*") if f.is_file())) == {
        *names(hub, component_files(hub)),
        "LICENSE.md",
        "README.md",
    }


def fp16_only(hub: Path) -> Path:
    for file in list(hub.rglob("*.fp16.safetensors")):
        file.with_name(file.name.replace(".fp16", "")).unlink()
    return hub


def test_a_folder_of_one_variant_loads_and_is_exported_as_a_plain_one(hub, packed_run, tmp_path):
    assert variant_of(hub) is None
    assert variant_of(fp16_only(hub)) == "fp16"
    model = load(str(hub))
    halves = load_file(hub / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert torch.equal(model.network.conv_in.weight, halves["conv_in.weight"].float())
    out = export(hub, packed_run, tmp_path / "out")
    assert not list(out.rglob("*fp16*"))
    encoder = load(str(out)).pipeline.text_encoder.state_dict()
    for name, tensor in model.pipeline.text_encoder.state_dict().items():
        assert torch.equal(encoder[name], tensor)


def test_a_variants_shards_are_found_and_renamed(hub, packed_run, tmp_path):
    encoder = fp16_only(hub) / "text_encoder"
    tensors = load_file(encoder / "model.fp16.safetensors")
    (encoder / "model.fp16.safetensors").unlink()
    places = {}
    for number, name in enumerate(sorted(tensors)):
        shard = f"model.fp16-0000{1 + number % 2}-of-00002.safetensors"
        places[name] = shard
    for shard in set(places.values()):
        own = {name: tensors[name] for name, place in places.items() if place == shard}
        save_file(own, encoder / shard, {"format": "pt"})
    index = encoder / "model.safetensors.index.fp16.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    assert len(weight_files(encoder, "fp16")) == 3
    model = load(str(hub))
    out = export(hub, packed_run, tmp_path / "out")
    again = load(str(out)).pipeline.text_encoder.state_dict()
    assert all(
        torch.equal(again[name], tensor)
        for name, tensor in model.pipeline.text_encoder.state_dict().items()
    )
    (encoder / "model.fp16-00002-of-00002.safetensors").unlink()
    with pytest.raises(SdqvizError, match="1 of 2 files are missing"):
        find(str(hub))


def test_parts_of_no_common_variant_are_refused(hub):
    fp16_only(hub)
    vae = hub / "vae" / "diffusion_pytorch_model.fp16.safetensors"
    vae.rename(vae.with_name("diffusion_pytorch_model.ema.safetensors"))
    with pytest.raises(SdqvizError, match="alone, and other parts have not") as caught:
        find(str(hub))
    assert "one variant" in caught.value.hint


def test_what_is_read_is_what_diffusers_reads(hub, monkeypatch):
    """Whatever it opens of weights is a component, and every component's weights are opened."""
    from diffusers.models import modeling_utils

    opened = []
    own = modeling_utils.load_state_dict
    monkeypatch.setattr(
        modeling_utils, "load_state_dict", lambda f, *a, **k: (opened.append(f), own(f, *a, **k))[1]
    )
    diffusers.StableDiffusionPipeline.from_pretrained(hub, use_safetensors=True)
    of_diffusers = {str(f) for part in ("unet", "vae") for f in weight_files(hub / part)}
    assert {str(file) for file in opened} == of_diffusers
