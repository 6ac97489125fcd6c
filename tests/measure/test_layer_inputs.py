import io

import numpy as np
import pytest
import torch
from PIL import Image

from sdqviz.base.request import QUANTIZE, quantize_request
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import record
from sdqviz.families.predictor import predictor
from sdqviz.layers.convert import packed_layers
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import DONE
from tests.conftest import QUICK


def test_a_run_keeps_both_models_layers_and_what_they_aim_at(tiny_folder, store):
    spec = quantize_request(static_catalog(), str(tiny_folder), "round_nearest", "quick", QUICK)
    store.runs.add(QUANTIZE, spec)
    models = ModelCache()
    assert execute(store, store.runs.claim(), models) == DONE, store.runs.list()[0].error
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

    last_call_of_a_layer_with_ranges(models, spec, store, result, own)

    row = result["scenes"][0]
    assert row["noise"]["fp"] == row["noise"]["student"]
    seen = row["previews"]
    assert seen["how"] == "decoded"
    for who in ("fp", "student"):
        with Image.open(store.blobs.path(seen[who])) as strip:
            assert strip.size == (seen["width"] * len(row["timesteps"]), seen["height"])


def last_call_of_a_layer_with_ranges(models, spec, store, result, own):
    """A layer's own error is computed with the range of its call's own timestep."""
    loaded = models.of(spec)
    model, scene = loaded.model, Scene.from_dict(result["scenes"][0]["scene"])
    student = models.student(loaded, store.blobs.file(result["packed"]))
    teacher = predictor(model, scene)
    shape = model.family.latent_shape(model, scene)
    drawn = record(scene, teacher, shape, model.scheduler_config)
    seen = {}
    name = "up_blocks.0.resnets.0.conv1"
    layer = packed_layers(student)[name]
    hook = model.network.get_submodule(name).register_forward_hook(
        lambda _module, inputs, output: seen.update(x=inputs[0], output=output)
    )
    with torch.no_grad():
        x = drawn.x[-1].expand(drawn.outputs.shape[1], *drawn.x[-1].shape)
        teacher(x, drawn.timesteps[-1].to(torch.int64))
        hook.remove()

        def error(timestep: float) -> float:
            off = layer.compute(seen["x"], [timestep]) - seen["output"]
            return (off.square().mean() / seen["output"].square().mean()).item()

        first, last = drawn.timesteps[0].item(), drawn.timesteps[-1].item()
        # The recorded x is rounded to float16, which moves a few values to the next code.
        assert own[name][-1] == pytest.approx(error(last), rel=2e-3)
        assert error(first) != pytest.approx(error(last), rel=2e-3)
