"""What a run is estimated to need, of models of the published sizes whose files are headers."""

import json
import os
from pathlib import Path

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import quantize_request
from sdqviz.families.published import PUBLISHED
from sdqviz.runner import estimate
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.estimate import call_seconds, estimate_quantize, refuse_if_over
from sdqviz.training.footprint import micro_batch

GPU = {"device": "cuda", "dtype": "float16"}
OTHERS = {"vae": 84_000_000, "text_encoder": 123_000_000, "safety_checker": 304_000_000}


@pytest.fixture(scope="module")
def catalog():
    return static_catalog()


def header(file: Path, count: int) -> None:
    """A file that says what it holds, and takes no disk: all zeros."""
    text = json.dumps({"x": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}})
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(len(text).to_bytes(8, "little") + text.encode())
    os.truncate(file, 8 + len(text) + 4 * count)


def published(folder: Path, family: str) -> Path:
    model = next(p for p in PUBLISHED if p.family == family)
    network = "transformer" if family == "sd3" else "unet"
    header(folder / network / "diffusion_pytorch_model.safetensors", model.parameters)
    (folder / network / "config.json").write_text(json.dumps(model.config))
    index = {"_class_name": "X", network: ["diffusers", model.network_class]}
    for name, count in OTHERS.items():
        header(folder / name / "model.safetensors", count)
        index[name] = ["transformers", "X"]
    (folder / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [128] * 4}))
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def estimated(catalog, folder, preset="balanced", seconds=None, out=False, **values):
    given = {**GPU, **{k: values.pop(k) for k in ("device", "dtype") if k in values}}
    spec = quantize_request(catalog, str(folder), "fidelity", preset, values, **given)
    return estimate_quantize(spec, catalog, seconds, out)


@pytest.mark.parametrize(
    ("family", "values", "limit"),
    [
        ("sd1", {"trainable": "all"}, 12e9),
        ("sdxl", {"trainable": "lora"}, 24e9),
        ("sd3", {"trainable": "all"}, 24e9),
    ],
)
def test_the_published_sizes_fit_the_cards_they_should(catalog, tmp_path, family, values, limit):
    found = estimated(catalog, published(tmp_path, family), **values)
    assert 0.4 * limit < found.device_bytes < limit
    assert found.memory_bytes < 64e9
    refuse_if_over(found, tmp_path, int(limit), force=True)


def test_memory_of_host_and_gpu_are_counted_apart(catalog, tmp_path):
    folder = published(tmp_path, "sd1")
    gpu, cpu = estimated(catalog, folder), estimated(catalog, folder, device="cpu")
    assert cpu.device_bytes == 0
    on_gpu = estimated(catalog, folder, optimizer_on="device")
    state = 16 * 859e6  # moments, average, gradient
    assert on_gpu.device_bytes - gpu.device_bytes == pytest.approx(state, rel=0.01)
    assert gpu.memory_bytes - on_gpu.memory_bytes > state
    lora = estimated(catalog, folder, trainable="lora")
    assert gpu.device_bytes - lora.device_bytes == pytest.approx(4 * 859e6, rel=0.01)


def test_a_micro_batch_is_what_fits(catalog, tmp_path):
    folder = published(tmp_path, "sd1")
    spec = quantize_request(catalog, str(folder), config={"batch": 16})
    settings = spec["config"]
    assert micro_batch(settings, 859_520_964, 64) == 2
    assert micro_batch(settings, 5_000_000, 16) == 16  # a mini's whole batch
    assert micro_batch({**settings, "gradient_checkpointing": True}, 859_520_964, 64) == 7
    assert micro_batch({**settings, "micro_batch": 3}, 859_520_964, 64) == 3


def test_a_refusal_names_every_way_out_and_force_says_what_it_overrode(
    catalog, tmp_path, monkeypatch
):
    folder = published(tmp_path, "sdxl")
    found = estimated(catalog, folder, dtype="float32", optimizer_on="device")
    monkeypatch.setattr(estimate.machine, "available_bytes", lambda: 10**12)
    with pytest.raises(SdqvizError, match=r"about \d+\.\d GB of GPU memory, 24\.0 GB is free") as e:
        refuse_if_over(found, tmp_path, 24 * 10**9)
    ways = ("micro_batch: 8", "gradient_checkpointing: true", "optimizer_on: cpu", "lora")
    for way in (*ways, "--dtype float16", "--force"):
        assert way in e.value.hint
    monkeypatch.setattr(estimate, "free_bytes", lambda folder: 1000)
    overridden = refuse_if_over(found, tmp_path, 24 * 10**9, force=True)
    assert ["GPU memory" in overridden[0], "of disk" in overridden[1]] == [True, True]
    assert refuse_if_over(estimated(catalog, folder), tmp_path, 10**12, force=True) != []


def test_without_guidance_a_call_is_half_and_a_training_the_same(catalog, tmp_path):
    folder = published(tmp_path, "sd1")
    untrained = {"training_steps": 0, "seconds": 1.0}
    guided, plain = (
        estimated(catalog, folder, guidance=guidance, **untrained) for guidance in (7.5, 1.0)
    )
    assert plain.seconds - 15 == pytest.approx((guided.seconds - 15) / 2)
    trained = {"training_steps": 10_000, "seconds": 1.0, "rounds": 1, "weighting": "uniform"}
    guided, plain = (
        estimated(catalog, folder, guidance=guidance, **trained) for guidance in (7.5, 1.0)
    )
    assert plain.seconds > 0.95 * guided.seconds


def test_seconds_come_from_a_call_that_was_timed(catalog, tmp_path, store):
    folder = published(tmp_path / "model", "sd1")
    assert not estimated(catalog, folder).timed
    slow, fast = (estimated(catalog, folder, seconds=s) for s in (2.0, 1.0))
    assert slow.timed and slow.seconds - 15 == pytest.approx(2 * (fast.seconds - 15))
    assert "guess" in estimated(catalog, folder).words() and "guess" not in slow.words()
    spec = quantize_request(catalog, str(folder), **GPU)
    assert call_seconds(store.runs.list(), spec) is None
    store.runs.add_made("quantize", spec, {"call_seconds": 0.25})
    assert call_seconds(store.runs.list(), spec) == 0.25
    assert call_seconds(store.runs.list(), {**spec, "dtype": "float32"}) is None


def test_the_exported_model_and_variants_are_counted(catalog, tmp_path):
    folder = published(tmp_path, "sd1")
    plain, out = estimated(catalog, folder), estimated(catalog, folder, out=True)
    assert out.out_bytes == 859_520_964 + 4 * sum(OTHERS.values())
    assert plain.as_row()["out_bytes"] == 0
    for name in ("diffusion_pytorch_model.fp16", "diffusion_pytorch_model.non_ema"):
        header(folder / "unet" / f"{name}.safetensors", 859_520_964)
    header(folder / "v1-5-pruned.safetensors", 2_000_000_000)
    assert estimated(catalog, folder).memory_bytes == plain.memory_bytes
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet" / "diffusion_pytorch_model.non_ema.safetensors").unlink()
    assert estimated(catalog, folder).memory_bytes == plain.memory_bytes


def test_sixteen_latent_channels_take_sixteen_channels_of_disk(catalog, tmp_path):
    v1, v3 = (published(tmp_path / family, family) for family in ("sd1", "sd3"))
    small = {"training_steps": 0, "calibration_scenes": 100}
    found = estimated(catalog, v3, **small).disk_bytes - 2_028_328_000
    other = estimated(catalog, v1, **small).disk_bytes - 859_520_964
    assert found > 8 * other  # four times the channels, four times the pixels, less the pictures
