"""Every lesson is complete, and what it names is in a fresh start."""

import json
import re

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import LADDER
from sdqviz.publish.bundle import import_demos
from sdqviz.ui.tabs.lessons import LessonsTab
from sdqviz.views.lessons.document import lessons_document
from sdqviz.views.lessons.lesson import lessons
from sdqviz.views.lessons.places import AbsentError, Places
from sdqviz.views.lessons.words import figures, words
from sdqviz.views.script import FOLDER

LINK = re.compile(r"\]\((app://[^)]+)\)")
TABS = {"compare", "bits", "layers", "training", "blind"}
LESSONS = lessons()
STEPS = [(lesson, step) for lesson in LESSONS for step in lesson.steps]
TEXT = """---
title: A
minutes: 3
goal: B.
---
Intro.

## One
Look at [it](app://compare?run=featured).

### Question
Q?

### Answer
A.

### Notice
N.
"""


@pytest.fixture
def places(store) -> Places:
    demos = import_demos(store, assets_folder() / "demo")
    return Places(store.runs.list(), store.blobs, demos)


def test_six_lessons_take_a_school_hour():
    assert [lesson.minutes > 4 for lesson in LESSONS] == [True] * 6
    assert sum(lesson.minutes for lesson in LESSONS) == 45
    assert len({lesson.name for lesson in LESSONS}) == 6


@pytest.mark.parametrize(("lesson", "step"), STEPS, ids=lambda one: one.title)
def test_every_link_leads_to_what_is_there(places, lesson, step):
    text = "\n".join((lesson.text, step.text, *step.parts.values()))
    links = LINK.findall(text)
    assert links or "{toy: " in step.text
    if step.needs and not places.has(step.needs):
        return  # the step is left out, `test_a_step_whose_subject_is_not_here_is_left_out`
    for link in links:
        found = dict(pair.split("=", 1) for pair in places.address(link).lstrip("?").split("&"))
        assert found["tab"] in TABS
        run = next(r for r in places.runs if r.id == found["run"])
        scenes = {row.id: row for row in run.scenes}
        assert found.get("scene", next(iter(scenes))) in scenes
        assert float(found.get("t", 1)) in scenes[found.get("scene", next(iter(scenes)))].timesteps
        assert found.get("layer", run.quantized.layers[0].name) in {
            row.name for row in run.quantized.layers
        }
        known = {"fp", "student", "other_seed", *(r.id for r in places.runs)}
        assert {found.get("a", "fp"), found.get("b", "fp")} <= known


def test_every_text_is_rendered_whole(places, store):
    document = lessons_document(LESSONS, places, lambda blob: f"/{blob}")
    assert "app://" not in document
    for lesson in json.loads(document)["lessons"]:
        for step in lesson["steps"]:
            html = "".join(step.values())
            assert not re.search(r"\{|\}|\*\*|\]\(", html), html
    assert json.loads(document)["toy"]["weights"]["rows"] == 48


def test_figures_are_those_of_the_runs(places):
    run = places.run("fidelity")
    told = words("{flip.fidelity} {replay.worst}", places)
    median = run.quantized.metrics["flip"].median
    replay, steps = run.quantized.per_step.replay, run.quantized.timesteps
    assert told == f"<p>{median:.3f} {steps[replay.index(max(replay))]:g}</p>\n"
    text = "".join(f"{s.text}{s.parts}" for _, s in STEPS)
    assert set(re.findall(r"\{([a-z]+\.[a-z-]+)\}", text)) <= set(figures())


def test_a_step_whose_subject_is_not_here_is_left_out(places, store):
    first = json.loads(lessons_document(LESSONS, places, str))["lessons"][0]
    titles = [step["title"] for step in first["steps"]]
    assert ("Down the ladder" in titles) == any(r.kind == LADDER for r in places.runs)
    bare = Places([r for r in places.runs if r.kind == "quantize"], store.blobs)
    left_out = json.loads(lessons_document(LESSONS, bare, str))["left_out"]
    assert left_out == ["Down the ladder", "What is each idea worth?"]


def test_without_a_run_each_link_says_why():
    nowhere = Places([], None)  # type: ignore[arg-type]
    with pytest.raises(AbsentError, match="no finished run"):
        nowhere.address("app://compare?run=featured")
    told = words("See [it](app://compare?run=featured).", nowhere)
    assert told == "<p>See it (there is no finished run: quantize a model first).</p>\n"


def test_text_cannot_bring_markup(places):
    assert "<script" not in words("<script>alert(1)</script> [x](javascript:alert(1))", places)
    assert 'href="javascript' not in words("[x](javascript:alert(1))", places)


def test_a_lesson_is_one_file(tmp_path):
    (tmp_path / "1-a.md").write_text(TEXT, encoding="utf-8")
    (lesson,) = lessons(tmp_path)
    assert (lesson.name, lesson.title, lesson.minutes, lesson.text) == ("a", "A", 3, "Intro.")
    assert [s.title for s in lesson.steps] == ["One"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("minutes: 3\n", "", "does not begin with title, minutes, goal"),
        ("## One", "One", "has no step"),
        ("### Answer", "### Reply", "has a part 'Reply'"),
        ("### Notice\nN.", "", "has no Notice in 'One'"),
    ],
)
def test_a_file_that_is_no_lesson_says_what_is_wrong(tmp_path, old, new, told):
    (tmp_path / "1-a.md").write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(SdqvizError, match=told):
        lessons(tmp_path)


def test_the_tab_is_named_as_the_page_names_it():
    text = (FOLDER / "core" / "address.js").read_text(encoding="utf-8")
    assert f'LESSONS_TAB = "{LessonsTab.name}"' in text
