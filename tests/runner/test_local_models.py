import shutil

from sdqviz.runner.local_models import local_models
from sdqviz.ui.quantize_form import models_of
from tests.tiny import save_tiny_model


def test_whole_models_of_the_cache_and_the_data_folder_are_found(tmp_path, monkeypatch):
    from huggingface_hub import constants

    cache, home = tmp_path / "hub", tmp_path / "home"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    own = save_tiny_model(home / "models" / "mine", "sd3")
    cached = cache / "models--someone--fine-tune"
    save_tiny_model(cached / "snapshots" / "abc", "sdxl")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    other = cache / "models--someone--language-model" / "snapshots" / "abc"
    other.mkdir(parents=True)
    (other / "config.json").write_text("{}")
    found = local_models(home)
    assert found == [
        {"name": "someone/fine-tune", "family": "sdxl"},
        {"name": str(own), "family": "sd3"},
    ]
    shutil.rmtree(cached / "snapshots" / "abc" / "vae")  # a broken download is not offered
    assert [m["family"] for m in local_models(home)] == ["sd3"]


def test_the_list_of_models_has_minis_first_then_what_is_here_then_what_can_be_fetched():
    published = {"title": "XL", "family": "sdxl", "parameters": 2.6e9}
    catalog = {
        "models": [{"name": "mini-sd1", "family": "sd1"}],
        "published": [{**published, "name": "a/absent"}, {**published, "name": "a/here"}],
        "local": [{"name": "a/here", "family": "sdxl"}, {"name": "b/mine", "family": "sd2"}],
    }
    choices = models_of(catalog)
    assert [name for _, name in choices] == ["mini-sd1", "b/mine", "a/here", "a/absent"]
    assert "not fetched" in choices[3][0] and "not fetched" not in choices[2][0]
