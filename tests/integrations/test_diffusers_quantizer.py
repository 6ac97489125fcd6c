"""diffusers itself loads and saves what sdqviz packed."""

import json

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file

import sdqviz
from sdqviz.base.errors import SdqvizError
from sdqviz.families.loading import load
from sdqviz.layers.convert import packed_layers
from tests.conftest import QUICK
from tests.tiny import FAMILIES, save_tiny_model

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module", params=FAMILIES)
def packed(request, tmp_path_factory):
    """(family, FP folder, packed folder)"""
    root = tmp_path_factory.mktemp(request.param)
    folder = save_tiny_model(root / "fp", request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDQVIZ_HOME", str(root / "home"))
        sdqviz.quantize(str(folder), recipe="round_nearest", config=QUICK, out=root / "w4a8")
    sdqviz.register()
    return request.param, folder, root / "w4a8"


def network_of(folder, family, **options):
    part = "transformer" if family == "sd3" else "unet"
    kind = diffusers.SD3Transformer2DModel if family == "sd3" else diffusers.UNet2DConditionModel
    return kind.from_pretrained(folder, subfolder=part, **options), folder / part


def draw(pipeline, seed=3):
    return pipeline(
        "a red apple on a blue background",
        num_inference_steps=3,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(seed),
        output_type="latent",
    ).images[0]


def absent(family):
    return {"text_encoder_3": None, "tokenizer_3": None} if family == "sd3" else {}


def test_a_plain_pipeline_draws_what_our_own_loading_draws(packed):
    family, _, folder = packed
    theirs = diffusers.DiffusionPipeline.from_pretrained(folder, **absent(family))
    assert torch.equal(draw(theirs), draw(load(str(folder)).pipeline))


def test_saving_gives_back_the_same_files(packed, tmp_path):
    family, _, folder = packed
    network, part = network_of(folder, family)
    network.save_pretrained(tmp_path)
    assert (tmp_path / WEIGHTS).read_bytes() == (part / WEIGHTS).read_bytes()
    before, after = (json.loads((p / "config.json").read_text()) for p in (part, tmp_path))
    changed = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
    assert changed <= {"_name_or_path", "_diffusers_version"}


def test_a_half_network_keeps_its_scales(packed):
    family, _, folder = packed
    full, _ = network_of(folder, family)
    half, _ = network_of(folder, family, torch_dtype=torch.bfloat16)
    assert next(half.parameters()).dtype == torch.bfloat16
    for name, layer in packed_layers(half).items():
        other = packed_layers(full)[name]
        assert layer.scale.dtype == torch.float32
        assert torch.equal(layer.scale, other.scale)
    scales = {name: layer.scale.clone() for name, layer in packed_layers(full).items()}
    full.to(torch.float16)
    for name, layer in packed_layers(full).items():
        assert layer.scale.dtype == torch.float32 and torch.equal(layer.scale, scales[name])


def test_shards_are_read_by_diffusers_and_by_us(packed, tmp_path):
    family, _, folder = packed
    network, part = network_of(folder, family)
    import shutil

    copy = tmp_path / "sharded"
    shutil.copytree(folder, copy)
    (copy / part.name / WEIGHTS).unlink()
    network.save_pretrained(copy / part.name, max_shard_size="30KB")
    assert len(list((copy / part.name).glob("*.safetensors"))) > 1
    whole = draw(load(str(folder)).pipeline)
    assert torch.equal(draw(load(str(copy)).pipeline), whole)
    theirs = diffusers.DiffusionPipeline.from_pretrained(copy, **absent(family))
    assert torch.equal(draw(theirs), whole)


def test_four_bit_weights_at_load(packed, tmp_path):
    family, folder, _ = packed
    network, _ = network_of(folder, family, quantization_config=sdqviz.SdqvizConfig(group=16))
    layers = packed_layers(network)
    assert layers
    assert all(layer.activations is None for layer in layers.values())
    assert {layer.weight_spec.group for layer in layers.values()} >= {16}
    network.save_pretrained(tmp_path)
    again = type(network).from_pretrained(tmp_path)
    for name, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
    with pytest.raises(SdqvizError, match="activation ranges need a calibration"):
        sdqviz.SdqvizConfig(activation_bits=8)


def test_a_lora_is_refused_in_one_line(packed):
    family, _, folder = packed
    network, _ = network_of(folder, family)
    for own in (network, getattr(load(str(folder)).pipeline, "unet", network)):
        for put in (own.load_lora_adapter, own.add_adapter):
            with pytest.raises(SdqvizError, match="takes no LoRA"):
                put({})


def test_casting_leaves_the_codes_and_scales(packed):
    family, _, folder = packed
    network, _ = network_of(folder, family)
    before = {n: t.clone() for n, t in network.state_dict().items()}
    network.to(torch.bfloat16)
    kept = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    layers = packed_layers(network)
    for name, tensor in before.items():
        own = any(name.startswith(f"{layer}.") for layer in layers) or "time_proj" in name
        floating = tensor.is_floating_point()
        assert kept[name] == (tensor.dtype if own or not floating else torch.bfloat16), name


def test_gradients_are_refused_not_wrong(packed):
    family, _, folder = packed
    network, _ = network_of(folder, family)
    channels = network.config.in_channels
    x = torch.zeros(1, channels, 8, 8, requires_grad=True)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    for given, timestep in ((x, 5), (x.detach(), torch.tensor(5.0, requires_grad=True))):
        with pytest.raises(SdqvizError, match="gives no gradients"):
            network(given, timestep=timestep, encoder_hidden_states=torch.zeros(1, 77, 24))


def image_prompt(network):
    """An IP-Adapter's weights as its files hold them, for a UNet: random."""
    draw = torch.Generator().manual_seed(5)
    width = network.config.cross_attention_dim
    shapes = {
        **{"proj.weight": (4 * width, 16), "proj.bias": (4 * width,)},
        **{"norm.weight": (width,), "norm.bias": (width,)},
    }
    state = {"image_proj": {n: torch.randn(s, generator=draw) for n, s in shapes.items()}}
    crossing = [name for name in network.attn_processors if "attn2" in name]
    state["ip_adapter"] = {
        f"{2 * place + 1}.{kind}.weight": torch.randn(
            network.get_submodule(name.removesuffix(".processor")).inner_dim, width, generator=draw
        )
        for place, name in enumerate(crossing)
        for kind in ("to_k_ip", "to_v_ip")
    }
    return state


@pytest.mark.parametrize("packed", ["sd1", "sd2", "sdxl"], indirect=True)
def test_an_image_prompt_steers_a_packed_unet(packed):
    """IP-Adapter's projections stand in floating point beside the packed layers."""
    _, _, folder = packed
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder)
    plain = draw(pipeline)
    count = len(packed_layers(pipeline.unet))
    pipeline.load_ip_adapter(
        image_prompt(pipeline.unet), subfolder="", weight_name="", image_encoder_folder=None
    )
    picture = torch.randn(2, 1, 16, generator=torch.Generator().manual_seed(1))

    def steered(scale):
        pipeline.set_ip_adapter_scale(scale)
        return pipeline(
            "a red apple on a blue background",
            num_inference_steps=3,
            guidance_scale=3.0,
            generator=torch.Generator().manual_seed(3),
            ip_adapter_image_embeds=[picture],
            output_type="latent",
        ).images[0]

    assert len(packed_layers(pipeline.unet)) == count
    assert torch.equal(steered(0.0), plain)
    assert not torch.allclose(steered(1.0), plain, atol=1e-3)


@pytest.mark.parametrize(
    ("suffix", "spoil", "message"),
    [
        (".scale", lambda t: t * float("nan"), "scale is not a positive number"),
        (".multipliers", torch.zeros_like, "group multiplier is 0"),
        (".inverse_scale", lambda t: t * 1.5, "inverse scale is not its scale's"),
        (".zero_point", lambda t: t + 300, "zero point lies outside 0 to 255"),
        (".activations.timesteps", lambda t: t.flip(0), "timesteps are not in order"),
    ],
)
def test_a_tampered_file_is_refused(packed, tmp_path, suffix, spoil, message):
    import shutil

    family, _, folder = packed
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    _, part = network_of(copy, family)
    tensors = load_file(part / WEIGHTS)
    name = next(
        n
        for n in sorted(tensors)
        if n.endswith(suffix) and (suffix != ".activations.timesteps" or len(tensors[n]) > 1)
    )
    save_file({**tensors, name: spoil(tensors[name]).contiguous()}, part / WEIGHTS)
    for open_it in (lambda: load(str(copy)), lambda: network_of(copy, family)):
        with pytest.raises(SdqvizError, match=message):
            open_it()


def test_a_newer_format_and_a_missing_tensor_are_refused(packed, tmp_path):
    import shutil

    family, _, folder = packed
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    _, part = network_of(copy, family)
    tensors = load_file(part / WEIGHTS)
    gone = next(name for name in sorted(tensors) if name.endswith(".codes"))
    save_file({k: v for k, v in tensors.items() if k != gone}, part / WEIGHTS)
    with pytest.raises(SdqvizError, match="the packed file lacks"):
        network_of(copy, family)
    config = json.loads((part / "config.json").read_text())
    config["quantization_config"]["format_version"] = 99
    (part / "config.json").write_text(json.dumps(config))
    with pytest.raises(SdqvizError, match="version 99"):
        network_of(copy, family)


def test_a_packed_network_compiles_whole(packed):
    """No graph break: fullgraph refuses any. The values are those of the plain call."""
    family, _, folder = packed
    pipeline = load(str(folder)).pipeline
    plain = draw(pipeline)
    part = "transformer" if family == "sd3" else "unet"
    torch.compiler.reset()
    compiled = torch.compile(getattr(pipeline, part), backend="aot_eager", fullgraph=True)
    setattr(pipeline, part, compiled)
    assert torch.equal(draw(pipeline), plain)


def test_what_our_loading_gives_saves_as_what_it_is(packed, tmp_path):
    """One loading: what is saved is the same quantized folder, for us and for diffusers."""
    family, _, folder = packed
    pipeline = sdqviz.load(str(folder))
    part = "transformer" if family == "sd3" else "unet"
    pipeline.save_pretrained(tmp_path / "again")
    written = json.loads((tmp_path / "again" / part / "config.json").read_text())
    assert written["quantization_config"]["quant_method"] == "sdqviz"
    for again in (
        sdqviz.load(str(tmp_path / "again")),
        diffusers.DiffusionPipeline.from_pretrained(tmp_path / "again", **absent(family)),
    ):
        assert torch.equal(draw(again), draw(pipeline))


def test_what_packed_layers_cannot_do_is_one_line(packed):
    """By either loading, and the network stays usable."""
    family, _, folder = packed
    pipeline = sdqviz.load(str(folder))
    network = pipeline.transformer if family == "sd3" else pipeline.unet
    before = draw(pipeline)
    with pytest.raises(SdqvizError, match="not fused"):
        network.fuse_qkv_projections()
    with pytest.raises(SdqvizError, match="no LoRA"):
        network.load_lora_adapter({})
    makers = [diffusers.SD3ControlNetModel.from_transformer]
    if family != "sd3":
        makers = [diffusers.ControlNetModel.from_unet, diffusers.UNetMotionModel.from_unet2d]
    for make in makers:
        with pytest.raises(SdqvizError, match="takes its layers from an FP network"):
            make(network)
    assert torch.equal(draw(pipeline), before)


def test_an_fp_network_still_makes_a_controlnet(packed):
    family, folder, _ = packed
    if family in ("sd1", "sd2"):
        unet, _ = network_of(folder, family)
        controlnet = diffusers.ControlNetModel.from_unet(unet)
        assert torch.equal(controlnet.conv_in.weight, unet.conv_in.weight)
