"""Scores of whole sets. Backbones are random here: what is tested is everything around them."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

from sdqviz.metrics.sets.clip_score import ClipCosines, ClipScore
from sdqviz.metrics.sets.contract import set_metrics, too_few
from sdqviz.metrics.sets.inception import POOLED, InceptionFeatures, frechet_distance
from sdqviz.minis.words import word_tokenizer


def pictures(count: int, seed: int = 0, size: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), generator=generator, dtype=torch.uint8)


@pytest.fixture(scope="module")
def inception(tmp_path_factory) -> InceptionFeatures:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.manual_seed(0)
    bare = FeatureExtractorInceptionV3.__new__(FeatureExtractorInceptionV3)
    file = tmp_path_factory.mktemp("weights") / "random.pth"
    saved = torch.load
    # The class only reads a whole state: a random one comes from the same class, its reading off.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        patch.setattr(torch, "load", lambda *args, **kwargs: {})
        bare.__init__("random", [POOLED], str(file))
    assert torch.load is saved
    return InceptionFeatures(bare, "cpu")


def test_a_gaussian_is_at_distance_zero_from_itself_and_known_ones_apart():
    rows = np.random.default_rng(0).normal(size=(40_000, 3)).astype(np.float32)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-6)
    # |m|^2 + tr(S1 + S2 - 2 sqrt(S1 S2)): 3 * 4 + 3 * (1 + 9 - 2 * 3)
    assert frechet_distance(rows, 3 * rows + 2) == pytest.approx(24, rel=0.02)


def test_spatial_features_are_the_first_seven_channels_of_mixed_6d(inception):
    seen = []
    hook = inception.network.Mixed_6d.branch1x1.register_forward_hook(
        lambda module, given, output: seen.append(output)
    )
    found = inception(pictures(2), ["", ""])
    hook.remove()
    assert found["fid"].shape == (2, 2048) and found["sfid"].shape == (2, 7 * 17 * 17)
    assert seen[0].shape == (2, 192, 17, 17)
    assert sorted(found["sfid"][1]) == sorted(seen[0][1, :7].flatten().tolist())


def test_features_belong_to_a_picture_not_to_its_batch(inception):
    shown = pictures(3)
    together, alone = inception(shown, [""] * 3), inception(shown[1:2], [""])
    for name in ("fid", "sfid"):
        assert np.allclose(together[name][1], alone[name][0], atol=1e-4)


@pytest.fixture(scope="module")
def clip() -> ClipCosines:
    torch.manual_seed(0)
    tokenizer = word_tokenizer()
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **small,
            **heads,
            "vocab_size": len(tokenizer),
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={**small, **heads, "image_size": 32, "patch_size": 16},
        projection_dim=8,
    )
    crop = {"height": 32, "width": 32}
    pictures_ = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=crop)
    return ClipCosines(CLIPModel(config), CLIPProcessor(pictures_, tokenizer), "cpu")


def test_clip_cosines_are_the_models_own(clip):
    shown, prompts = pictures(4), ["a cat", "a red apple", "a car", "a cat and a car"]
    found = clip(shown, prompts)["clip_score"]
    given = clip.processor(text=prompts, images=list(shown), return_tensors="pt", padding=True)
    with torch.no_grad():
        own = clip.network(**given).logits_per_image.diagonal() / clip.network.logit_scale.exp()
    assert found.shape == (4, 1)
    assert np.allclose(found[:, 0], 100 * own.clamp(min=0).numpy(), atol=1e-4)


def test_clip_takes_pictures_as_pil_gives_them(clip):
    shown = pictures(1)
    pil = Image.fromarray(shown[0].permute(1, 2, 0).numpy())
    given = clip.processor(text=["a cat"], images=[pil], return_tensors="pt", padding=True)
    ours = clip.processor(text=["a cat"], images=list(shown), return_tensors="pt", padding=True)
    assert torch.allclose(given.pixel_values, ours.pixel_values, atol=1e-5)


def test_the_clip_scores_difference_is_paired():
    generator = np.random.default_rng(0)
    fp = generator.normal(30, 5, (500, 1)).astype(np.float32)
    found = ClipScore().score(fp, fp - 0.1)
    low, high = found["interval"]
    assert found["difference"] == pytest.approx(-0.1, abs=1e-4)
    assert high - low < 1e-3 and low <= found["difference"] <= high
    assert found["fp"] - found["value"] == pytest.approx(0.1, abs=1e-4)


@pytest.mark.parametrize("name", ["fid", "sfid"])
def test_too_few_pictures_are_refused_with_the_count(name):
    metric = set_metrics()[name]
    assert too_few(metric, 2048) is None
    assert too_few(metric, 2047) == "needs at least 2048 pictures, there are 2047"


def test_without_weights_the_command_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    reasons = {name: metric.unavailable() for name, metric in set_metrics().items()}
    assert "sdqviz fetch metrics --net inception" in (reasons["fid"] or "")
    assert reasons["sfid"] == reasons["fid"]
    assert "sdqviz fetch metrics --net clip" in (reasons["clip_score"] or "")
