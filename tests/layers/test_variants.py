import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import ACTIVATIONS, WEIGHTS, generate_request
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import record
from sdqviz.families.predictor import predictor
from sdqviz.layers.convert import pack_network, packed_layers, twin
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.variants import partly_quantized, served_by
from sdqviz.quant.numerics import multiply_channels
from sdqviz.quant.ranges import spanning_range

LAYER = "down_blocks.0.resnets.0.conv1"


def test_one_layer_is_quantized_and_nothing_else_changes(tiny):
    network = tiny.network
    plan = make_plan(network, tiny.family.roles(network), PlanConfig(activation_bits=0))
    student = twin(network)
    pack_network(student, plan, {})
    mixed = partly_quantized(network, student, LAYER)
    assert list(packed_layers(mixed)) == [LAYER]
    assert not packed_layers(network)
    assert len(packed_layers(student)) > 10

    scene = Scene(prompt="a key", steps=2)
    shape = tiny.family.latent_shape(tiny, scene)

    def error(net):
        drawn = record(scene, predictor(tiny, scene, net), shape, tiny.scheduler_config)
        return (drawn.outputs[0] - teacher.outputs[0]).square().sum().item()

    teacher = record(scene, predictor(tiny, scene), shape, tiny.scheduler_config)
    assert 0 < error(mixed) < error(student)
    # The student still knows its own calls.
    again = record(scene, predictor(tiny, scene, student), shape, tiny.scheduler_config)
    assert torch.isfinite(again.outputs).all()


def test_a_layer_that_is_not_quantized_is_refused(tiny):
    with pytest.raises(SdqvizError, match="'conv_nowhere' is not quantized"):
        partly_quantized(tiny.network, twin(tiny.network), "conv_nowhere")


def test_an_engine_with_nothing_to_compute_is_refused(tiny):
    network = tiny.network
    plan = make_plan(network, tiny.family.roles(network), PlanConfig(activation_bits=0))
    student = twin(network)
    pack_network(student, plan, {})
    with pytest.raises(SdqvizError, match="nothing for the engine eager"):
        served_by(student, "eager")
    for part in (WEIGHTS, ACTIVATIONS):
        with pytest.raises(SdqvizError, match="not by the engine eager"):
            generate_request("run", Scene(prompt="a key"), only=part, engine="eager")


def test_weights_alone_and_activations_alone_add_up_to_about_the_whole(tiny, runs_of_parts):
    network, student, outputs = runs_of_parts
    exact = outputs(network)
    whole, weights, activations = (
        outputs(n) - exact
        for n in (
            student,
            partly_quantized(network, student, WEIGHTS),
            partly_quantized(network, student, ACTIVATIONS),
        )
    )
    size = whole.square().sum()
    assert 0 < activations.square().sum() < size
    assert 0 < weights.square().sum() < size
    # To first order the error is the sum of the two.
    assert (whole - weights - activations).square().sum() < 0.1 * size
    again = outputs(student) - exact
    assert torch.equal(again, whole)  # the student's own layers and current call are untouched


@pytest.fixture(params=[False, True], ids=["plain", "equalised"])
def runs_of_parts(request, tiny):
    """The FP network, its W4A8 student, and the first step's output of any network."""
    network = tiny.network
    plan = make_plan(network, tiny.family.roles(network), PlanConfig())
    scene = Scene(prompt="a key", seed=1, steps=2)
    shape = tiny.family.latent_shape(tiny, scene)
    seen = {}

    def keep(name):
        def hook(module, args):
            seen.setdefault(name, []).append(args[0].detach())

        return hook

    def outputs(net):
        drawn = record(scene, predictor(tiny, scene, net), shape, tiny.scheduler_config)
        return drawn.outputs[0]

    watched = [n for n, layer in plan.items() if layer.activation is not None]
    hooks = [network.get_submodule(n).register_forward_pre_hook(keep(n)) for n in watched]
    outputs(network)
    for hook in hooks:
        hook.remove()
    torch.manual_seed(0)
    activations = {}
    for name in watched:
        layer = network.get_submodule(name)
        factor = torch.rand(layer.weight.shape[1]) + 0.5 if request.param else None
        inputs = torch.cat([multiply_channels(x, factor).flatten() for x in seen[name]])
        pair = spanning_range(inputs.min().item(), inputs.max().item(), plan[name].activation)
        activations[name] = ActivationRanges(
            {float("nan"): pair}, plan[name].activation, factor=factor
        )
    student = twin(network)
    pack_network(student, plan, activations)
    return network, student, outputs
