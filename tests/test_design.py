"""What cites the design cites a section that it has."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CITED = re.compile(r"DESIGN\.md,? sections? (\d+)")


def test_cited_sections_exist():
    text = (ROOT / "sdqviz" / "DESIGN.md").read_text(encoding="utf-8")
    sections = [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    assert sections == list(range(1, len(sections) + 1))
    inside = {int(number) for number in re.findall(r"\(section (\d+)\)", text)}
    files = [*(ROOT / "sdqviz").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    cited = [int(n) for file in files for n in CITED.findall(file.read_text(encoding="utf-8"))]
    assert len(cited) >= 4 and set(cited) | inside <= set(sections)
