"""Many scenes: drawn once, kept, gone on with, shared out."""

import json

import numpy as np
import pytest
from PIL import Image

import sdqviz
from sdqviz import api
from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import Scene
from sdqviz.metrics.sets import contract
from sdqviz.population import compare
from sdqviz.population.compare import scenes_of
from sdqviz.population.draw import Models, draw_all
from sdqviz.population.folder import open_pictures
from sdqviz.population.scores import Scores

COUNT = 5


@pytest.fixture(scope="module")
def packed(tiny_folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDQVIZ_HOME", str(tmp_path_factory.mktemp("home")))
        out = tmp_path_factory.mktemp("packed") / "model"
        config = {
            "calibration_scenes": 1,
            "held_out_scenes": 1,
            "steps": 2,
            "range_search": "minmax",
        }
        sdqviz.quantize(str(tiny_folder), out=out, recipe="round_nearest", config=config)
    return out


@pytest.fixture
def prompts(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("a key\na bell\na car\n")
    return file


@pytest.fixture
def many(home, tiny_folder, packed, prompts, tmp_path):
    def work(**settings):
        words = {"count": COUNT, "out": tmp_path / "pictures", "steps": 2, **settings}
        return api.compare_many(str(tiny_folder), str(packed), prompts, **words)

    return work


def test_every_scene_is_drawn_by_both_models_and_scored(many, tmp_path):
    found = many()
    assert found["count"] == COUNT
    for side in ("fp", "w4a8"):
        assert len(list((tmp_path / "pictures" / side).glob("*.png"))) == COUNT
    ssim = found["metrics"]["ssim"]
    assert 0 < ssim["median"] < 1 and ssim["interval"][0] <= ssim["median"] <= ssim["interval"][1]
    assert found["refused"]["fid"] == f"needs at least 2048 pictures, there are {COUNT}"
    assert not found["sets"]


def test_its_pictures_are_those_of_compare(many, home, tiny_folder, packed, tmp_path):
    many()
    manifest = json.loads((tmp_path / "pictures" / "comparison.json").read_text())
    scene = Scene.from_dict(manifest["scenes"][1])
    from sdqviz.families.loading import load
    from sdqviz.population.draw import final_latents

    model = load(str(tiny_folder))
    alone = model.family.decode(model, final_latents(model, scene))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "pictures/fp/000001.png")), alone)


def test_a_stopped_one_goes_on_where_it_was(many, tmp_path):
    whole = many()
    drawn = tmp_path / "pictures"
    times = {file: file.stat().st_mtime_ns for file in drawn.glob("*/*.png")}
    (drawn / "w4a8" / "000003.png").unlink()
    (drawn / "fp" / "000004.99.partial").write_bytes(b"half")
    lines = (drawn / "scores.jsonl").read_text().splitlines()
    (drawn / "scores.jsonl").write_text("\n".join(lines[:2]) + '\n{"scene": "torn')
    again = many()
    assert again["metrics"] == whole["metrics"]
    changed = [f.name for f in drawn.glob("*/*.png") if times[f] != f.stat().st_mtime_ns]
    assert changed == ["000003.png"] and not list(drawn.glob("*/*.partial"))
    assert len(Scores.of(open_of(drawn)).rows) == COUNT


def open_of(folder):
    manifest = json.loads((folder / "comparison.json").read_text())
    scenes = tuple(Scene.from_dict(scene) for scene in manifest.pop("scenes"))
    return open_pictures(folder, manifest, scenes)


def test_more_scenes_keep_those_drawn_and_another_comparison_is_refused(many, tmp_path):
    many(count=3)
    first = (tmp_path / "pictures" / "fp" / "000000.png").stat().st_mtime_ns
    assert many(count=4)["count"] == 4
    assert (tmp_path / "pictures" / "fp" / "000000.png").stat().st_mtime_ns == first
    with pytest.raises(SdqvizError, match="holds another comparison: its scenes differ"):
        many(count=4, steps=3)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("mine")
    with pytest.raises(SdqvizError, match="is not empty and holds no comparison"):
        many(out=other)


def test_two_devices_draw_what_one_draws(many, tmp_path):
    many()
    shared = many(out=tmp_path / "shared", devices=("cpu", "cpu:0"))
    for file in (tmp_path / "pictures").glob("*/*.png"):
        assert (
            file.read_bytes() == (tmp_path / "shared" / file.parent.name / file.name).read_bytes()
        )
    assert shared["metrics"]["ssim"]["median"] > 0


def test_a_device_that_is_not_there_is_refused_before_anything_is_drawn(many, tmp_path):
    with pytest.raises(SdqvizError, match="device 'cuda:7' is not there"):
        many(devices=("cpu", "cuda:7"))
    assert not list(tmp_path.glob("pictures/*/*.png"))


def test_a_device_that_fails_is_named_and_the_others_work_is_kept(
    tiny_folder, packed, tmp_path, capfd
):
    scenes = scenes_of(["a key", "a bell"], COUNT, steps=2)
    pictures = open_pictures(tmp_path / "pictures", {}, scenes)
    models = Models(str(tiny_folder), str(packed), None, "float32")
    with pytest.raises(SdqvizError, match="drawing on cuda:7 failed after 6 of 10"):
        draw_all(pictures, models, ("cpu", "cuda:7"), lambda event: None)
    said = capfd.readouterr().err
    assert "cuda:7" in said and "Traceback" not in said
    assert pictures.drawn() == 6


class Reds:
    """A set metric of one number a picture."""

    name = label = "reds"
    direction, settings, order, smallest_count = "higher", "mean of red", 0, 1
    loads = 0

    def unavailable(self):
        return None

    def extractor(self, device):
        type(self).loads += 1
        return self

    kind = "reds"

    def __call__(self, pictures, prompts):
        assert len(prompts) == len(pictures)
        reds = pictures[:, 0].float().mean((1, 2))[:, None].numpy()
        return {"reds": reds, "also_reds": reds}

    def score(self, reference, test):
        return {"value": float(test.mean()), "fp": float(reference.mean())}


class AlsoReds(Reds):
    name = label = "also_reds"


def test_metrics_of_one_backbone_load_it_once_and_see_all_pictures(many, tmp_path, monkeypatch):
    reds = {"reds": Reds(), "also_reds": AlsoReds()}
    monkeypatch.setattr(compare, "set_metrics", lambda: reds)
    monkeypatch.setattr(compare, "BATCH", 2)
    Reds.loads = 0
    found = many()["sets"]
    files = sorted((tmp_path / "pictures" / "w4a8").glob("*.png"))
    mean = np.mean([np.asarray(Image.open(file))[..., 0].mean() for file in files])
    assert found["reds"]["value"] == pytest.approx(mean, rel=1e-5)
    assert found["also_reds"]["value"] == found["reds"]["value"] and Reds.loads == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"count": 1}, "count is 1"),
        ({"devices": ("cpu", "cpu")}, "device is 'cpu,cpu'"),
        ({"lpips_net": "resnet"}, "unknown net 'resnet'"),
    ],
)
def test_impossible_requests_are_refused_before_anything_is_drawn(many, tmp_path, settings, said):
    with pytest.raises(SdqvizError, match=said):
        many(**settings)
    assert not (tmp_path / "pictures").exists()


def test_every_set_metric_says_what_it_depends_on():
    for metric in contract.set_metrics().values():
        assert metric.settings and metric.smallest_count > 1
