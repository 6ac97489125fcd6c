"""Prompts of a user's file, and the bundled captions: their splits, their refusals, their use."""

import json
import os
from itertools import pairwise

import pytest

from sdqviz import api
from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import named
from sdqviz.base.request import quantize_request
from sdqviz.families.contract import PACKAGE
from sdqviz.products.scenes import CALIBRATE, HELD_OUT, TUNE
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.prompt_files import (
    all_prompts,
    plain,
    read_prompts,
    split_of,
    with_prompts,
)
from sdqviz.runner.prompts import PromptSource, prompts
from sdqviz.views.runs.code import run_code
from sdqviz.views.runs.settings_difference import settings

LINES = [f"picture number {index}" for index in range(64)]


def spec(**config):
    return quantize_request(static_catalog(), "mini-sd1", "round_nearest", "quick", config)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("\n".join([*LINES, "", "  Picture  NUMBER 3 "]), encoding="utf-8")
    return path


def test_a_prompts_split_hangs_on_its_words_alone(file, tmp_path):
    splits = read_prompts(file)
    assert sorted(text for texts in splits.values() for text in texts) == sorted(LINES)
    assert all(split_of(text) == split for split, texts in splits.items() for text in texts)
    assert split_of("A  red KEY") == split_of("a red key")
    fewer = tmp_path / "fewer.json"
    fewer.write_text(json.dumps(LINES[::2]), encoding="utf-8")
    for split, texts in read_prompts(fewer).items():
        assert set(texts) <= set(splits[split])
    assert 0.6 < len(splits[CALIBRATE]) / len(LINES) < 0.9
    assert all_prompts(fewer) == LINES[::2]


def test_a_runs_scenes_are_the_files(file):
    wanted = with_prompts(spec(calibration_scenes=2, held_out_scenes=3), file)
    source = PromptSource.of(wanted, named(PACKAGE, "FAMILY", "sd1"))
    for split in (CALIBRATE, TUNE, HELD_OUT):
        assert source.prompts(split) == read_prompts(file)[split]
        assert source.draw(split, 1)[0].prompt in LINES
    assert with_prompts(spec(), None) == spec()


def test_fewer_than_wanted_is_refused_before_anything_starts(file, home, tmp_path):
    found = len(read_prompts(file)[HELD_OUT])
    with pytest.raises(SdqvizError, match=f"has {found} held_out prompts of 64") as caught:
        api.quantize(
            "mini-sd1",
            recipe="round_nearest",
            config={"held_out_scenes": found + 1},
            prompts_file=file,
        )
    assert f"--set held_out_scenes={found}" in caught.value.hint
    one = tmp_path / "one.txt"
    one.write_text("a single prompt", encoding="utf-8")
    for ask in (
        lambda: api.ablate("mini-sd1", prompts_file=one, seeds=1),
        lambda: api.table(["mini-sd1"], prompts_file=one),
    ):
        with pytest.raises(SdqvizError, match="the run wants"):
            ask()
    assert not api.open_store().runs.list()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.txt", "\n \n", "holds no prompts"),
        ("broken.json", "[", "not valid JSON"),
        ("numbers.json", "[1, 2]", "not a list of prompts"),
        ("half.json", '{"calibrate": ["a"]}', "has calibrate"),
        ("mixed.json", '{"calibrate": ["A cat"], "tune": ["b"], "held_out": ["a cat"]}', "under"),
        ("long.txt", "x" * 20_000, "20000 characters"),
        ("large.txt", "a b c\n" * 200_000, "over 1000000"),
        ("absent.txt", None, "cannot read"),
    ],
)
def test_a_file_that_is_not_prompts_is_refused(tmp_path, name, text, message):
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(SdqvizError, match=message):
        read_prompts(path)


def test_an_object_keeps_its_own_splits(tmp_path):
    path = tmp_path / "own.json"
    own = {"calibrate": ["a", "b"], "tune": ["c"], "held_out": ["d"]}
    path.write_text(json.dumps(own), encoding="utf-8")
    assert read_prompts(path) == own
    assert all_prompts(path) == ["d"]


def test_the_page_tells_the_file_not_its_lines(file):
    wanted = with_prompts(spec(), file)
    code = run_code(static_catalog(), wanted)
    assert f"--prompts {file}" in code.shell.replace("\\\n  ", "")
    assert f'prompts_file="{file}"' in code.python
    digest = wanted["prompts"]["digest"]
    assert digest in code.note
    assert settings(wanted)["prompts"] == f"{file} ({digest})"


def test_the_bundled_captions_suffice_for_every_preset():
    captions = [line for split in (CALIBRATE, TUNE, HELD_OUT) for line in prompts("general", split)]
    lines = (assets_folder() / "prompts" / "general.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(captions) == sorted(lines)  # none twice, none lost
    assert len(captions) >= 600
    lengths = sorted(len(plain(line).split()) for line in lines)
    assert lengths[0] == 1 and lengths[-1] > 20  # a word to a paragraph
    for recipe in static_catalog()["recipes"]:
        for preset in recipe["presets"]:
            config = quantize_request(static_catalog(), "x", recipe["name"], preset)["config"]
            trained = config.get("rounds", 0) * config.get("training_scenes", 0)
            assert max(config["calibration_scenes"], trained) <= len(prompts("general", CALIBRATE))
            assert config["held_out_scenes"] <= len(prompts("general", HELD_OUT))


def test_no_two_captions_say_the_same():
    lines = (assets_folder() / "prompts" / "general.txt").read_text(encoding="utf-8").splitlines()
    told = sorted(" ".join(sorted(plain(line).split())) for line in lines)
    assert not [one for one, other in pairwise(told) if one == other]


@pytest.mark.parametrize("read", [read_prompts, all_prompts])
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(tmp_path, read):
    pipe, device = tmp_path / "prompts.txt", tmp_path / "endless.txt"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for file in (pipe, device):
        with pytest.raises(SdqvizError, match="no ordinary file"):
            read(file)
    large = tmp_path / "large.txt"
    large.write_text("a b c\n" * 200_000)
    with pytest.raises(SdqvizError, match="over 1000000"):
        read(large)


def test_prompts_nested_without_end_are_one_line(tmp_path):
    file = tmp_path / "prompts.json"
    file.write_text("[" * 100_000)
    with pytest.raises(SdqvizError, match="not valid JSON"):
        read_prompts(file)


@pytest.mark.parametrize("name", ["[" * 3000, "a\0b", "~nobody-of-that-name/prompts.txt"])
def test_what_no_path_can_be_is_told_in_one_line(name):
    with pytest.raises(SdqvizError, match=r"is no path here|cannot read"):
        read_prompts(name)
