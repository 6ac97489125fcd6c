"""The lessons as JSON text for the page: to go through with a class, and as the teacher's sheet."""

from collections.abc import Sequence
from typing import Any

from sdqviz.views.compare.pair import Address
from sdqviz.views.lessons.lesson import PARTS, Lesson, LessonStep
from sdqviz.views.lessons.places import TYPICAL, AbsentError, Places
from sdqviz.views.lessons.words import words
from sdqviz.views.page_json import page_json
from sdqviz.views.toy.document import toy_rows


def lessons_document(every: Sequence[Lesson], places: Places, address: Address) -> str:
    """{lessons: [{name, title, minutes, goal, text, steps: [{title, text, question, answer,
    notice, teacher}]}], left_out: [title], toy}: texts are HTML, `toy` is what the rounding toy
    rounds, `left_out` the steps whose subject is not here.
    """
    try:
        run = places.featured
        toy = toy_rows(run, places.scene(run, TYPICAL), address)
    except AbsentError:
        toy = None
    left_out = [s.title for one in every for s in one.steps if s.needs and not places.has(s.needs)]
    rows = [_lesson(one, places) for one in every]
    return page_json({"lessons": rows, "left_out": left_out, "toy": toy})


def _lesson(lesson: Lesson, places: Places) -> dict[str, Any]:
    return {
        "name": lesson.name,
        "title": lesson.title,
        "minutes": lesson.minutes,
        "goal": words(lesson.goal, places),
        "text": words(lesson.text, places),
        "steps": [
            _step(step, places) for step in lesson.steps if not step.needs or places.has(step.needs)
        ],
    }


def _step(step: LessonStep, places: Places) -> dict[str, str]:
    parts = {name.lower(): words(step.parts.get(name, ""), places) for name in PARTS}
    return {"title": step.title, "text": words(step.text, places), **parts}
