import pytest

from sdqviz.base.config import complete, from_dict, schema, to_dict
from sdqviz.base.errors import SdqvizError
from sdqviz.recipes.round_nearest import RECIPE
from sdqviz.stages.plan import PlanStage


def test_values_survive_the_round_trip():
    config = from_dict(PlanStage, {"weight_bits": 3.0, "group": 16})
    assert config.weight_bits == 3
    assert config.group == 16
    assert from_dict(PlanStage, to_dict(config)) == config
    assert complete(RECIPE.schema(), {"guidance": 5}, "x")["guidance"] == 5.0


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"wieght_bits": 4}, "unknown config key 'wieght_bits'"),
        ({"weight_bits": 9}, "weight_bits is 9"),
        ({"weight_bits": "four"}, "weight_bits is 'four'"),
        ({"weight_bits": True}, "weight_bits is True"),
        ({"scheduler": "magic"}, "scheduler is 'magic'"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"width": 250}, "width is 250"),
        ({"activation_bits": 7.5}, "activation_bits is 7.5"),
    ],
)
def test_bad_values_are_refused_in_one_line(values, part):
    with pytest.raises(SdqvizError) as caught:
        complete(RECIPE.schema(), values, RECIPE.name)
    assert part in caught.value.message
    assert caught.value.hint


def test_every_field_tells_a_form_what_it_is():
    for entry in [*RECIPE.schema(), *schema(PlanStage)]:
        assert entry["label"]
        assert entry["help"]
        assert complete([entry], {}, "x") == {entry["name"]: entry["default"]}
