"""Every number that says how many has a stated most, and is refused by its name."""

import json

import pytest

from sdqviz.base.config import schema
from sdqviz.base.scene import Scene
from sdqviz.cli.main import main
from sdqviz.runner.catalog import static_catalog

HUGE = 10**12
TOO_MANY = {
    "seeds of an ablation": ["ablate", "mini-sd1", "--seeds", str(HUGE)],
    "no seeds": ["ablate", "mini-sd1", "--seeds", "0"],
    "central seeds": ["ablate", "mini-sd1", "--central-seeds", str(HUGE)],
    "bit widths": ["ablate", "mini-sd1", "--bits", ",".join(["W4A8"] * 40)],
    "more bit widths": ["ablate", "mini-sd1", "--more-bits", ",".join(["W4A8"] * 40)],
    "seeds of a comparison": ["compare", "mini-sd1", "folder", "--seeds", str(HUGE)],
    "steps of a comparison": ["compare", "mini-sd1", "folder", "--steps", str(HUGE)],
    "rounds": ["bench", "step", "--rounds", str(HUGE)],
    "side": ["bench", "step", "--side", str(HUGE)],
    "scenes of a sheet": ["runs", "sheet", "x", "--out", "x.png", "--scenes", str(HUGE)],
    "across": ["runs", "sheet", "x", "--out", "x.png", "--across", str(HUGE)],
    "port": ["app", "--port", str(HUGE)],
    "jobs": ["app", "--max-jobs", str(HUGE)],
    "no jobs": ["app", "--max-jobs", "0"],
    "a setting": ["quantize", "mini-sd1", "--set", f"training_steps={HUGE}"],
}
NAMES = {
    "seeds of an ablation": "seeds",
    "no seeds": "seeds",
    "central seeds": "central_seeds",
    "bit widths": "bits: how many",
    "more bit widths": "more_bits: how many",
    "seeds of a comparison": "seeds",
    "steps of a comparison": "steps",
    "scenes of a sheet": "scenes",
    "jobs": "max_jobs",
    "no jobs": "max_jobs",
    "a setting": "training_steps",
}


@pytest.mark.parametrize("name", TOO_MANY)
def test_too_many_is_refused_by_name_with_the_limit(home, capsys, monkeypatch, name):
    command = ["sdqviz", *TOO_MANY[name]]
    as_json = [] if command[1] == "app" else ["--json"]
    monkeypatch.setattr("sys.argv", [*command, *as_json])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err.strip()
    if ended.value.code == 2:  # by the command line's own check of a range
        assert f"--{name}" in told and "Traceback" not in told
        return
    assert ended.value.code == 1
    last = told.splitlines()[-1 if as_json else -2]
    text = json.loads(last)["error"] if as_json else last.removeprefix("error: ")
    assert text.startswith(f"{NAMES.get(name, name)} is ")


def test_every_number_of_a_form_has_a_least_and_a_most():
    forms = {recipe["name"]: recipe["schema"] for recipe in static_catalog()["recipes"]}
    forms["scene"] = schema(Scene)
    unlimited = [
        f"{form}: {entry['name']}"
        for form, entries in forms.items()
        for entry in entries
        if entry["type"] in ("int", "float") and not entry["choices"]
        if entry["low"] is None or entry["high"] is None
    ]
    assert not unlimited
    assert sum(map(len, forms.values())) > 30
