import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import record
from sdqviz.families.predictor import predictor
from sdqviz.layers.convert import pack_network, packed_layers, twin
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.stages.single import only_packed

LAYER = "down_blocks.0.resnets.0.conv1"


def test_one_layer_is_quantized_and_nothing_else_changes(tiny):
    network = tiny.network
    plan = make_plan(network, tiny.family.roles(network), PlanConfig(activation_bits=0))
    student = twin(network)
    pack_network(student, plan, {})
    mixed = only_packed(network, student, LAYER)
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
        only_packed(tiny.network, twin(tiny.network), "conv_nowhere")
