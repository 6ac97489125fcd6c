"""What `fetch` would download of a repository on the hub, by its listing alone."""

import json
from types import SimpleNamespace

import diffusers.pipelines.pipeline_utils as hub
import huggingface_hub
import pytest
from huggingface_hub.utils import filter_repo_objects

from sdqviz.base.errors import SdqvizError
from sdqviz.runner.fetch import fetch_model

# As v1-5's: whole checkpoints in the root, each part's weights in four kinds.
PARTS = {
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    **PARTS,
}
STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
LISTING = [
    *(".gitattributes", "README.md", "LICENSE", "model_index.json", "v1-inference.yaml"),
    *("v1-5-pruned.ckpt", "v1-5-pruned.safetensors", "v1-5-pruned-emaonly.safetensors"),
    *("feature_extractor/preprocessor_config.json", "scheduler/scheduler_config.json"),
    *("tokenizer/merges.txt", "tokenizer/vocab.json", "tokenizer/tokenizer_config.json"),
    *(f"{part}/config.json" for part in PARTS),
    *(
        f"{part}/{stem}{variant}.{suffix}"
        for part in PARTS
        for stem, suffix in (
            (STEMS.get(part, "model"), "safetensors"),
            (STEMS.get(part, "pytorch_model"), "bin"),
        )
        for variant in ("", ".fp16")
    ),
    *("unet/diffusion_pytorch_model.non_ema.safetensors", "unet/model.onnx"),
]


@pytest.fixture
def downloaded(monkeypatch, tmp_path):
    """The files that were asked for, of the hub's listing above."""
    index = tmp_path / "cache" / "model_index.json"
    index.parent.mkdir()
    index.write_text(json.dumps(INDEX))
    asked: set[str] = set()

    def snapshot(name, allow_patterns=None, ignore_patterns=None, **kwargs):
        asked.update(
            filter_repo_objects(
                LISTING, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns
            )
        )
        return str(index.parent)

    siblings = [SimpleNamespace(rfilename=name) for name in LISTING]
    monkeypatch.setattr(hub, "_resolve_revision", lambda name, revision=None, **kwargs: revision)
    monkeypatch.setattr(hub, "model_info", lambda *a, **k: SimpleNamespace(siblings=siblings))
    monkeypatch.setattr(hub, "hf_hub_download", lambda *a, **k: str(index))
    monkeypatch.setattr(hub, "snapshot_download", snapshot)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    return asked


@pytest.mark.parametrize("variant", ["", "fp16"])
def test_only_what_the_pipeline_names_in_one_variant(downloaded, variant):
    fetch_model("owner/name", variant)
    weights = {name for name in downloaded if name.endswith((".safetensors", ".bin", ".ckpt"))}
    middle = f".{variant}" if variant else ""
    assert weights == {f"{p}/{STEMS.get(p, 'model')}{middle}.safetensors" for p in PARTS}
    rest = {name for name in LISTING if not name.startswith(("v1-", "."))}
    rest = {name for name in rest if not name.endswith((".safetensors", ".bin", ".onnx"))}
    assert downloaded - weights == rest


def test_a_variant_that_there_is_not_is_one_line(downloaded):
    with pytest.raises(SdqvizError, match=r"cannot fetch owner/name: .*variant=bf16") as caught:
        fetch_model("owner/name", "bf16")
    assert "\n" not in caught.value.message
    with pytest.raises(SdqvizError, match="not a hub id"):
        fetch_model("name")
