"""The ledger's peaks against the cards that a training is to fit, and against the estimate."""

import diffusers
import pytest
import torch

from sdqviz.base.config import to_dict
from sdqviz.base.formula import evaluate
from sdqviz.base.registry import named
from sdqviz.families.contract import PACKAGE
from sdqviz.families.published import PUBLISHED
from sdqviz.training.footprint import DEVICE_BYTES, micro_batch
from sdqviz.training.ledger import training_held
from sdqviz.training.options import TrainingOptions

# CUDA's context, its libraries' work space and what lies unused between tensors; the autoencoder.
BESIDE = 1.2e9


def held(family, options, samples, config=None, dtype=torch.float16, side=None):
    published = next(p for p in PUBLISHED if p.family == family)
    config = config or published.config
    build = getattr(diffusers, published.network_class)
    return training_held(
        lambda: build(**config),
        named(PACKAGE, "FAMILY", family),
        options,
        dtype=dtype,
        side=side or config["sample_size"],
        micro_batch=samples,
        tokens=154 if family == "sd3" else 77,
    )


def fits(family, limit, **values):
    published = next(p for p in PUBLISHED if p.family == family)
    options, side = TrainingOptions(**values), published.config["sample_size"]
    samples = micro_batch(to_dict(options), published.parameters, side)
    found = held(family, options, samples)
    print(f"\n{family}, {samples} at a time: {found}")
    assert found.device + BESIDE < limit
    known = {"parameters": published.parameters, "side": side, "gpu": 1, **to_dict(options)}
    estimated = evaluate(DEVICE_BYTES, known)
    assert estimated == pytest.approx(found.device - found.teacher, rel=0.25)


def test_v1_balanced_trains_all_within_12_gb():
    fits("sd1", 12e9, trainable="all")


def test_v1_with_an_8_bit_optimiser_on_the_gpu_trains_all_within_20_gb():
    """Nothing of it lies in the host's memory then; in float32 its moments take 5 GB more."""
    fits("sd1", 20e9, trainable="all", optimizer_on="device", optimizer_bits=8)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_xl_with_lora_trains_within_24_gb():
    fits("sdxl", 24e9, trainable="lora")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_v3_medium_without_t5_trains_within_24_gb():
    fits("sd3", 24e9, trainable="all")


SMALL = {
    "sample_size": 16,
    "block_out_channels": (64, 128),
    "layers_per_block": 1,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "cross_attention_dim": 64,
    "attention_head_dim": 8,
}


def small(samples=1, dtype=torch.float16, **values):
    return held("sd1", TrainingOptions(**values), samples, SMALL, dtype)


@pytest.mark.slow
def test_every_choice_shows_in_the_ledger():
    usual = small()
    weights = usual.student  # float32
    assert usual.teacher == pytest.approx(weights / 2, rel=0.1)
    assert small(dtype=torch.float32).teacher == 2 * usual.teacher
    beside = small(optimizer_on="device")
    assert beside.host == 0
    # Average and two moments lie there, and the gradients stay.
    assert beside.device - usual.device > 3 * weights
    assert usual.host >= 4 * weights  # masters, average, two moments
    saved = beside.device - small(optimizer_on="device", optimizer_bits=8).device
    assert saved == pytest.approx(1.5 * weights, rel=0.03)  # 6 of 8 bytes a weight
    assert usual.host - small(optimizer_bits=8).host == pytest.approx(1.5 * weights, rel=0.03)
    lora = small(trainable="lora", lora_rank=4)
    assert lora.student < 0.2 * weights
    assert lora.device < usual.device - 0.5 * weights
    two, four = small(samples=2).device, small(samples=4).device
    assert four - two == pytest.approx(2 * (two - usual.device), rel=0.1)
    assert small(samples=4, gradient_checkpointing=True).device < four
