"""What holds for every family: the loop is the pipeline's, a packed student is itself again."""

import copy
import json

import pytest
import torch
from safetensors.torch import load_file

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found
from sdqviz.base.request import QUANTIZE, quantize_request
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import record
from sdqviz.families.conditioning import number_format
from sdqviz.families.contract import PACKAGE, sampler_of
from sdqviz.families.loading import load
from sdqviz.families.predictor import predictor
from sdqviz.layers.checkpoint import build_student
from sdqviz.layers.convert import pack_network, packed_layers
from sdqviz.layers.packed import REMEMBERED
from sdqviz.layers.plan import MODULATION, PlanConfig, make_plan
from sdqviz.metrics.steps import relative_error
from sdqviz.products.scenes import HeldOutScenes
from sdqviz.products.students import Learned, Student
from sdqviz.products.trajectories import CalibrationTrajectories
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import DONE
from tests.conftest import QUICK
from tests.harness import context_of, run_until, stage_of
from tests.tiny import FAMILIES, save_tiny_model

TRAIN = {"training_steps": 2, "training_scenes": 1, "rounds": 1, "batch": 2, "previews": 0}


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request, tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("families") / request.param, request.param)


@pytest.fixture(scope="module")
def model(folder):
    return load(str(folder))


def scene_for(model, **values) -> Scene:
    given = {"prompt": "a red apple on a blue background", "steps": 3, "seed": 5, **values}
    return Scene(**{"scheduler": model.family.samplers[0], **given})


def latents(model, scene, network=None):
    shape = model.family.latent_shape(model, scene)
    return record(scene, predictor(model, scene, network), shape, model.scheduler_config)


def test_every_family_has_a_tiny_model():
    assert set(found(PACKAGE, "FAMILY")) == set(FAMILIES)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_the_loop_is_the_plain_pipelines(model, folder, guidance):
    assert model.family.name == folder.name
    scene = scene_for(model, guidance=guidance)
    own = latents(model, scene).latents[-1]
    theirs = model.pipeline(
        scene.prompt,
        num_inference_steps=scene.steps,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(scene.seed),
        output_type="latent",
    ).images[0]
    assert torch.equal(own, theirs)
    picture = model.family.decode(model, own)
    assert picture.shape == (64, 64, 3)
    assert picture.std() > 0


def test_ranges_are_of_the_recorded_calls(store, folder, monkeypatch):
    """To the last digit: flow matching's timesteps are fractions."""
    values = {**QUICK, "steps": 4}
    spec = quantize_request(static_catalog(), str(folder), "round_nearest", "quick", values)
    context = context_of(store, spec, ModelCache())
    run_until(context, spec, "plan")
    asked = []

    def see(module, args, kwargs):
        asked.append(float(torch.as_tensor(kwargs["timestep"]).flatten()[0]))

    with context.model.network.register_forward_pre_hook(see, with_kwargs=True):
        list(stage_of(spec, "calibrate").run(context))
    (trajectory,) = context.take(CalibrationTrajectories).by_scene.values()
    assert asked == trajectory.timesteps.tolist()
    fractions = [t for t in asked if t != round(t)]
    assert bool(fractions) == (context.model.family.name == "sd3")


def test_the_plan_covers_every_layer(model):
    plan = make_plan(model.network, model.family.roles(model.network), PlanConfig())
    layers = {
        name
        for name, module in model.network.named_modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
    }
    assert set(plan) == layers
    for layer in plan.values():
        assert layer.weight is not None or layer.reason
    assert any(layer.role == "first" for layer in plan.values())
    assert any(layer.role == "last" for layer in plan.values())


@pytest.mark.parametrize(
    ("recipe", "config", "dtype"),
    [
        ("round_nearest", {}, "float32"),
        ("round_nearest", {}, "float16"),
        ("fidelity", TRAIN, "float32"),
        ("fidelity", TRAIN, "bfloat16"),
    ],
)
def test_a_packed_student_is_itself_again(folder, store, recipe, config, dtype):
    config = {**QUICK, **config}
    spec = quantize_request(static_catalog(), str(folder), recipe, "quick", config, dtype=dtype)
    model = load(str(folder), dtype=dtype)
    assert number_format(model.network) == getattr(torch, dtype)
    store.runs.add(QUANTIZE, spec)
    assert execute(store, store.runs.claim(), ModelCache()) == DONE, store.runs.list()[0].error
    done = store.runs.list()[0]
    assert done.result["family"] == model.family.name
    scene = Scene.from_dict(done.result["scenes"][0]["scene"])
    file = store.blobs.file(done.result["packed"])
    pictures = []
    for _ in range(2):
        student = build_student(model.network, file)
        drawn = latents(model, scene, student).latents[-1]
        assert torch.equal(drawn, latents(model, scene, student).latents[-1])  # also from memory
        pictures.append(model.family.decode(model, drawn))
    assert (pictures[0] == pictures[1]).all()
    stored = store.blobs.get(done.result["scenes"][0]["images"]["student"])
    from io import BytesIO

    import numpy as np
    from PIL import Image

    assert (np.asarray(Image.open(BytesIO(stored))) == pictures[0]).all()
    # The noise floor compares two arithmetics, whichever the model's own is.
    assert done.result["metrics"]["flip"]["floor"] > 0


def test_the_packed_student_draws_what_was_trained(folder, store):
    """Training simulates in real numbers what packing makes integers of. The codes are equal, the
    sums round differently, and here and there a value on the edge rounds to the next code: in a
    call 2 % of the error against the FP model at most, over a whole picture 30 %.
    """
    spec = quantize_request(
        static_catalog(), str(folder), "fidelity", "quick", {**QUICK, **TRAIN}, dtype="float32"
    )
    context = context_of(store, spec, ModelCache())
    run_until(context, spec, "distill")
    model, scene = context.model, context.take(HeldOutScenes).scenes[0]
    trained = latents(model, scene, context.take(Learned).network)  # packing frees it
    list(stage_of(spec, "pack").run(context))
    packed, teacher = (latents(model, scene, n) for n in (context.take(Student).network, None))
    in_a_call = relative_error(packed.outputs[0], teacher.outputs[0])
    assert relative_error(packed.outputs[0], trained.outputs[0]) < 0.02 * in_a_call
    in_all = relative_error(packed.latents[-1], teacher.latents[-1])
    assert relative_error(packed.latents[-1], trained.latents[-1]) < 0.3 * in_all


def test_remembered_layers_compute_once_for_each_timestep_and_text(model):
    network = model.network
    plan = make_plan(network, model.family.roles(network), PlanConfig(activation_bits=0))
    remembered = [name for name, layer in plan.items() if layer.role == MODULATION]
    if model.family.name in ("sd1", "sd2"):
        assert not remembered  # their time vectors are a table
        return
    student = copy.deepcopy(network)
    pack_network(student, plan, {})
    alone = copy.deepcopy(network)
    pack_network(alone, plan, {})
    layers = packed_layers(student)
    computed, expanded = dict.fromkeys(remembered, 0), dict.fromkeys(remembered, 0)
    for name in remembered:
        assert layers[name].remembered

        def times(x, weight, name=name, own=layers[name]._times_weight):
            computed[name] += 1
            return own(x, weight)

        def real(name=name, own=layers[name]._real_weight):
            expanded[name] += 1
            return own()

        layers[name]._times_weight, layers[name]._real_weight = times, real
    scene = scene_for(model)
    first = latents(model, scene, student).latents
    steps = len(first) - 1
    assert set(computed.values()) == {steps} and set(expanded.values()) == {1}
    assert torch.equal(latents(model, scene, student).latents, first)
    assert set(computed.values()) == {steps} and set(expanded.values()) == {1}
    latents(model, scene_for(model, prompt="a rocket on a green background"), student)
    assert set(computed.values()) == {2 * steps} and set(expanded.values()) == {2}
    # Moment by moment, as in a plain pipeline, that tells no timesteps before: the same bits.
    for layer in packed_layers(alone).values():
        layer.remember = lambda vectors, own=layer.remember: len(vectors) == 1 and own(vectors)
    assert torch.equal(latents(model, scene, alone).latents, first)


def test_a_scene_of_many_steps_is_remembered_whole(model):
    layers = pack_modulations(model)
    if layers is None:
        return
    student, named = layers
    asked = []
    for layer in named:
        layer._real_weight = lambda own=layer._real_weight: asked.append(1) or own()
    latents(model, scene_for(model, steps=REMEMBERED + 3, guidance=1.0), student)
    assert len(asked) == len(named)


def pack_modulations(model):
    """A packed copy of the network and its remembered layers; None where there are none."""
    plan = make_plan(
        model.network, model.family.roles(model.network), PlanConfig(activation_bits=0)
    )
    student = copy.deepcopy(model.network)
    pack_network(student, plan, {})
    named = [layer for layer in packed_layers(student).values() if layer.remembered]
    return (student, named) if named else None


def test_a_sampler_that_does_not_fit_is_refused(model):
    wrong = "pndm" if model.family.name == "sd3" else "flow"
    with pytest.raises(SdqvizError, match=f"'{wrong}' does not fit {model.family.name}"):
        sampler_of(model.family, wrong)
    assert sampler_of(model.family, "auto") == model.family.samplers[0]


def test_the_shift_moves_the_flows_timesteps_and_nothing_else(model):
    if "flow" not in model.family.samplers:
        with pytest.raises(SdqvizError, match=f"sampler {model.family.samplers[0]} has none"):
            latents(model, scene_for(model, shift=2.0))
        return
    usual, own, more = (
        record(
            scene_for(model, shift=shift),
            predictor(model, scene_for(model)),
            model.family.latent_shape(model, scene_for(model)),
            model.scheduler_config,
        ).timesteps
        for shift in (0.0, model.scheduler_config["shift"], 6.0)
    )
    assert torch.equal(usual, own)
    assert (more[1:] > usual[1:]).all()


def test_the_position_table_is_computed_not_stored(tmp_path, store):
    folder = save_tiny_model(tmp_path / "sd3", "sd3")
    spec = quantize_request(static_catalog(), str(folder), "round_nearest", "quick", QUICK)
    store.runs.add(QUANTIZE, spec)
    assert execute(store, store.runs.claim(), ModelCache()) == DONE
    data = store.blobs.path(store.runs.list()[0].result["packed"])
    assert not [name for name in load_file(data) if "pos_embed.pos_embed" in name]
    model = load(str(folder))
    student = build_student(model.network, data)
    assert torch.equal(student.pos_embed.pos_embed, model.network.pos_embed.pos_embed)


def test_a_refiner_and_other_pipelines_are_named(tmp_path):
    refiner = save_tiny_model(tmp_path / "refiner", "sdxl")
    config = refiner / "unet" / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps({**values, "projection_class_embeddings_input_dim": 2560}))
    with pytest.raises(SdqvizError, match="it is the refiner"):
        load(str(refiner))
    index = refiner / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionXLPipeline", "FluxPipeline"))
    with pytest.raises(SdqvizError, match="FluxPipeline is not supported"):
        load(str(refiner))
