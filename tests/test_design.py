"""The design and its companions name what is there."""

import re
from pathlib import Path

import pytest

from tests.test_architecture import ALLOWED

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sdqviz"
DESIGN = PACKAGE / "DESIGN.md"
CITED = re.compile(r"DESIGN\.md,? sections? (\d+)")
NAMED = re.compile(r"`([\w-]+(?:/[\w-]+)*(?:/|\.py|\.md|\.json))`")
COMPANIONS = [
    *(DESIGN, ROOT / ".github" / "CONTRIBUTING.md"),
    *sorted((PACKAGE / "recipes").glob("*.md")),
]
ABSENT = re.compile(r"\b(foo|utils)\.(py|md)$")  # what whoever comes next adds, and what nobody may


def test_cited_sections_exist():
    text = DESIGN.read_text(encoding="utf-8")
    sections = [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    assert sections == list(range(1, len(sections) + 1))
    inside = {int(number) for number in re.findall(r"\(section (\d+)\)", text)}
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    cited = [int(n) for file in files for n in CITED.findall(file.read_text(encoding="utf-8"))]
    assert len(cited) >= 4 and set(cited) | inside <= set(sections)


def test_the_layout_has_every_room_and_no_other():
    text = DESIGN.read_text(encoding="utf-8")
    (tree,) = re.findall(r"\nsdqviz/\n(.*?)\ntests/", text, re.DOTALL)
    assert set(re.findall(r"^  (\w+)/", tree, re.MULTILINE)) == set(ALLOWED)


@pytest.mark.parametrize("file", COMPANIONS, ids=lambda file: file.stem)
def test_the_files_named_are_there(file):
    names = [n for n in NAMED.findall(file.read_text(encoding="utf-8")) if not ABSENT.search(n)]
    assert names
    places = (ROOT, PACKAGE, ROOT / "assets", file.parent)
    missing = [n for n in names if not any((place / n).exists() for place in places)]
    assert not missing
