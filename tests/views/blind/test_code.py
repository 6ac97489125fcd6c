"""The code of a link, drawn for phones that can follow it."""

import re
import xml.etree.ElementTree as ElementTree

import segno

from sdqviz.views.blind.code import link_code

LINK = "http://192.168.178.21:7860/?run=ac679d39e5d8&blind=abx&class=1"


def modules(path: str) -> set[tuple[int, int]]:
    """(row, column) of every dark module of a code's path, without its border of 3."""
    dark, x, y = set(), 0.0, 0.0
    for act, one, two in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if act == "h":
            dark |= {(int(y - 0.5) - 3, int(x) - 3 + i) for i in range(int(one))}
            x += float(one)
        elif act == "M":
            x, y = float(one), float(two)
        else:
            x, y = x + float(one), y + float(two)
    return dark


def test_the_code_is_that_of_the_link():
    html = link_code(LINK)
    svg = ElementTree.fromstring(re.search(r"<svg.*</svg>", html)[0])
    (path,) = [e.get("d") for e in svg.iter("path") if e.get("stroke")]
    rows = enumerate(segno.make(LINK, error="m", micro=False).matrix)
    assert modules(path) == {(y, x) for y, row in rows for x, bit in enumerate(row) if bit}
    assert "class=1</p>" in html  # to be typed where a camera fails


def test_where_no_phone_gets_there_the_reason_stands_in_its_place():
    for own in ("http://localhost:7860/?a=b", "http://127.0.0.1/", "http://[::1]:1/"):
        assert "<svg" not in link_code(own) and "sdqviz app --class" in link_code(own)


def test_a_link_brings_no_markup():
    html = link_code('http://a/"><script>x</script>')
    assert "<script" not in html
