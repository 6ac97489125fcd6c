import io

import numpy as np
import pytest
from PIL import Image

from sdqviz.base.request import QUANTIZE, quantize_request
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import DONE
from tests.conftest import QUICK


def test_a_run_keeps_both_models_layers_and_what_they_aim_at(tiny_folder, store):
    spec = quantize_request(static_catalog(), str(tiny_folder), "round_nearest", "quick", QUICK)
    store.runs.add(QUANTIZE, spec)
    assert execute(store, store.runs.claim(), ModelCache()) == DONE, store.runs.list()[0].error
    result = store.runs.list()[0].result

    both = np.load(io.BytesIO(store.blobs.get(result["layer_pairs"])))
    shown = np.load(io.BytesIO(store.blobs.get(result["histograms"])))
    names = [key.removesuffix("|edges") for key in shown.files if key.endswith("|edges")]
    differ = 0
    for name in names:
        fp, student = both[f"{name}|fp"], both[f"{name}|student"]
        assert fp.shape == student.shape == shown[f"{name}|counts"].shape
        assert (fp.sum(axis=1) == student.sum(axis=1)).all()  # the same places of the same calls
        assert fp.sum() > 0
        differ += bool((fp != student).any())
    assert differ > len(names) / 2

    own, replay = (dict(zip(both["layers"], both[k], strict=True)) for k in ("own", "replay"))
    assert list(own) == [row["name"] for row in result["layers"] if row["weight"]]
    assert both["own"].shape == (len(own), len(result["scenes"][0]["timesteps"]))
    assert np.isfinite(both["own"]).all() and (both["own"] > 0).all()
    texts = [name for name in own if "attn2.to_k" in name or "attn2.to_v" in name]
    for name in texts:  # they read the prompt alone, so no layer before them adds to their error
        assert replay[name].mean() == pytest.approx(own[name].mean(), rel=0.5), name
    carried = [replay[name].mean() / own[name].mean() for name in own if name not in texts]
    assert np.median(carried) > 1.5

    row = result["scenes"][0]
    assert row["noise"]["fp"] == row["noise"]["student"]
    seen = row["previews"]
    assert seen["how"] == "decoded"
    for who in ("fp", "student"):
        with Image.open(store.blobs.path(seen[who])) as strip:
            assert strip.size == (seen["width"] * len(row["timesteps"]), seen["height"])
