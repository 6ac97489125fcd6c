import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.sweeps.table import table_specs, work_table
from sdqviz.views.tables.models import model_table
from tests.conftest import QUICK
from tests.tiny import save_tiny_model

TRAIN = {"training_steps": 1, "training_scenes": 1, "rounds": 1, "batch": 2, "previews": 0}


def test_every_model_meets_every_recipe_once(store, tiny_folder, tmp_path):
    models = [str(tiny_folder), str(save_tiny_model(tmp_path / "sd3", "sd3"))]
    settings = {**QUICK, **TRAIN}  # round_nearest has no training: they are left out there
    specs = table_specs(models, ["round_nearest", "fidelity"], "quick", settings)
    some = [specs[0], specs[3]]
    rows = work_table(store, some, lambda event: None)
    assert [(row["family"], row["recipe"]) for row in rows] == [
        ("sd1", "round_nearest"),
        ("sd3", "fidelity"),
    ]
    again = work_table(store, some, lambda event: None)
    assert [row["run"] for row in again] == [row["run"] for row in rows]
    table = model_table(rows).splitlines()
    assert len(table) == 2 + len(rows)
    flip, learned = (rows[1]["metrics"][name] for name in ("flip", "st_lpips"))
    assert f"**{flip['median']:.3f}**" in table[3]
    assert "| ST-LPIPS (alex) | floor | other seed |" in table[0]
    assert f"| {learned['floor']:.3f} | {learned['ceiling']:.3f} |" in table[3]
    # A row of an older version has no learned score: no column, rather than an empty cell.
    old = {k: v for k, v in rows[0]["metrics"].items() if k != "st_lpips"}
    sure = {**old, "flip": {**old["flip"], "interval": [0.01, 0.0347]}}
    table = model_table([{**rows[0], "metrics": sure}, rows[1]]).splitlines()
    assert "ST-LPIPS" not in table[0]
    assert f"**{old['flip']['median']:.3f}** (0.010 to 0.035)" in table[2]


def test_a_setting_that_no_recipe_has_is_refused():
    with pytest.raises(SdqvizError, match="no recipe has 'colour'"):
        table_specs(["mini-sd1"], ["round_nearest"], "quick", {"colour": 1})
    with pytest.raises(SdqvizError, match="unknown recipe 'magic'"):
        table_specs(["mini-sd1"], ["magic"], "quick", {})
