import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found
from sdqviz.bench.contract import PACKAGE, Built, missing
from sdqviz.bench.networks import fp_network, packed_network, size_named
from sdqviz.bench.step import bench_step, contenders
from sdqviz.layers.convert import packed_layers
from sdqviz.views.tables.bench import bench_plot, bench_table


def test_contenders_run_in_processes_of_their_own():
    seen = []
    rows = bench_step("mini", ["w4a8_expanded", "fp32_eager"], 2, None, seen.append)
    assert [row["contender"] for row in rows] == ["fp32_eager", "w4a8_expanded"]
    for row in rows:
        assert not row["note"]
        assert 0 < row["min_s"] <= row["median_s"] <= row["max_s"]
        assert row["peak_bytes"] > 1e8
    table = bench_table(rows)
    assert "| PyTorch FP32 |" in table and "| 1.00 |" in table
    assert "sdqviz W4A8, expanded" in bench_plot(rows)


def test_a_contender_that_cannot_run_is_a_row_that_says_so(monkeypatch):
    absent = Built("absent", "Absent", 99, lambda size: lambda: None, ("no_such.package",))
    assert "no_such.package not installed" in (missing(absent) or "")
    monkeypatch.setitem(found(PACKAGE, "CONTENDER"), "absent", absent)
    rows = bench_step("mini", ["absent"], 1, None, lambda event: None)
    assert rows[0]["median_s"] is None
    assert "pip install" in rows[0]["note"]
    assert rows[0]["note"] in bench_table(rows)


def test_unknown_names_are_refused():
    with pytest.raises(SdqvizError, match="unknown contender 'fast'"):
        contenders(["fast"])
    with pytest.raises(SdqvizError, match="unknown size 'huge'"):
        bench_step("huge", [], 1, None, lambda event: None)
    with pytest.raises(SdqvizError, match="rounds is 0"):
        bench_step("mini", [], 0, None, lambda event: None)


@pytest.mark.parametrize("resident", ["packed", "expanded"])
def test_the_random_networks_compute(resident):
    size = size_named("mini")
    network = packed_network(size, torch.bfloat16, resident)
    assert len(packed_layers(network)) > 100
    outputs = []
    for _ in range(2):
        with torch.inference_mode():
            outputs.append(network(**size.inputs(torch.bfloat16)).sample)
    assert torch.equal(*outputs)
    assert outputs[0].isfinite().all()
    with torch.inference_mode():
        assert fp_network(size)(**size.inputs()).sample.isfinite().all()


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl", "sd3"])
def test_published_inputs_fit_the_published_networks(name):
    """On the meta device: shapes alone."""
    size = size_named(name, 16)
    inputs = size.inputs()

    def on_meta(value):
        if isinstance(value, dict):
            return {k: on_meta(v) for k, v in value.items()}
        return value.to("meta")

    sample = size.meta_network()(**on_meta(inputs)).sample
    assert sample.shape == (2, size.config["out_channels"], 16, 16)
