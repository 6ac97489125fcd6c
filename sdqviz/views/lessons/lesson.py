"""A lesson as it is written: one Markdown file of `assets/lessons`, found by being there.

Above the text stand `title`, `minutes` and `goal`. Each `## ` begins a step; in it `### Question`,
`### Answer`, `### Notice` and `### Teacher` (for the printed sheet alone) begin its parts. A step
whose heading ends with `(needs: ladder)` is left out where there is none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError

QUESTION, ANSWER, NOTICE, TEACHER = "Question", "Answer", "Notice", "Teacher"
PARTS = (QUESTION, ANSWER, NOTICE, TEACHER)
ASKED = (QUESTION, ANSWER, NOTICE)  # that every step has
_HEAD = ("title", "minutes", "goal")
_STEP = re.compile(r"^## +(.*?)(?: +\(needs: (\w+)\))? *$", re.MULTILINE)
_PART = re.compile(r"^### +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class LessonStep:
    """`text` and the values of `parts` are Markdown."""

    title: str
    needs: str
    text: str
    parts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """`name` is the file's, without its number."""

    name: str
    title: str
    minutes: int
    goal: str
    text: str
    steps: tuple[LessonStep, ...]


def lessons(folder: Path | None = None) -> list[Lesson]:
    """Every lesson of the folder, the shipped one if none is given, in the order of their names."""
    files = (folder or assets_folder() / "lessons").glob("*.md")
    return [_read(file) for file in sorted(files)]


def _read(file: Path) -> Lesson:
    """Raises SdqvizError for a file that is no lesson."""
    text = file.read_text(encoding="utf-8")
    _, above, below = text.split("---\n", 2) if text.startswith("---\n") else ("", "", text)
    lines = (line.partition(":") for line in above.splitlines())
    head = {name.strip(): value.strip() for name, _, value in lines}
    if tuple(head) != _HEAD or not head["minutes"].isdigit():
        raise _wrong(
            file, f"does not begin with {', '.join(_HEAD)}", "write them between --- lines"
        )
    begins = [*_STEP.finditer(below)]
    if not begins:
        raise _wrong(file, "has no step", "begin one with '## '")
    ends = [*(m.start() for m in begins[1:]), len(below)]
    steps = [_step(file, m, below[m.end() : end]) for m, end in zip(begins, ends, strict=True)]
    return Lesson(
        name=file.stem.lstrip("0123456789-"),
        title=head["title"],
        minutes=int(head["minutes"]),
        goal=head["goal"],
        text=below[: begins[0].start()].strip(),
        steps=tuple(steps),
    )


def _step(file: Path, heading: re.Match[str], text: str) -> LessonStep:
    first, *rest = _PART.split(text)
    parts = dict(zip(rest[::2], (part.strip() for part in rest[1::2]), strict=True))
    title, needs = heading[1], heading[2] or ""
    if unknown := parts.keys() - set(PARTS):
        raise _wrong(file, f"has a part {min(unknown)!r} in {title!r}", f"name {', '.join(PARTS)}")
    if missing := [name for name in ASKED if not parts.get(name)]:
        raise _wrong(file, f"has no {missing[0]} in {title!r}", f"begin it with '### {missing[0]}'")
    return LessonStep(title=title, needs=needs, text=first.strip(), parts=parts)


def _wrong(file: Path, what: str, hint: str) -> SdqvizError:
    return SdqvizError(f"lesson {file.name} {what}", hint)
