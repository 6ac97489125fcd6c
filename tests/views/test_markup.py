"""Text becomes markup in one place, and every view stays whole whatever a text says."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import sdqviz.ui
import sdqviz.views
from sdqviz.base.blind import FP, STUDENT, UNSURE, Session, Tally, Trial
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Scalar, State
from sdqviz.base.stage_names import StageNames
from sdqviz.results.ablation import ArmRow, Spread
from sdqviz.results.leaderboard import (
    BoardMethod,
    BoardMetric,
    BoardRow,
    BoardScene,
    BoardScore,
    LeaderboardResult,
    Paired,
)
from sdqviz.store.runs import Run
from sdqviz.ui.context import as_toast
from sdqviz.ui.tabs.training.tab import _head
from sdqviz.views.blind.class_result import class_result
from sdqviz.views.blind.code import link_code
from sdqviz.views.blind.reveal import reveal
from sdqviz.views.blind.trial import trial_stage
from sdqviz.views.charts.scores import score_chips
from sdqviz.views.compare.pair import scene_facts, timeline_document, viewer_document
from sdqviz.views.leaderboard.cost import cost_chart
from sdqviz.views.leaderboard.pictures import board_cards, board_pictures
from sdqviz.views.leaderboard.table import board_table
from sdqviz.views.lessons.places import Places
from sdqviz.views.lessons.words import words
from sdqviz.views.markup import html, joined, plain_words
from sdqviz.views.report.report import export_report
from sdqviz.views.runs.card import facts, run_card
from sdqviz.views.runs.cost import cost_line, unaffordable_line
from sdqviz.views.runs.pareto import SIZE, STEP, pareto_plot
from sdqviz.views.runs.score_difference import score_table
from sdqviz.views.runs.settings_difference import settings_table
from sdqviz.views.tables.bench import bench_plot
from sdqviz.views.terms import term
from sdqviz.views.training.ablation import ablation_curves, ablation_plot, ablation_table
from sdqviz.views.training.charts import (
    KINDS,
    block_chart,
    frozen_list,
    influence_chart,
    loss_chart,
    preview_strip,
    rate_chart,
)
from sdqviz.views.training.history import history
from sdqviz.views.training.stages import stage_bar

HOSTILE = """"'><img src=x onerror=hit()><script>hit()</script>&lt;{0}%s"""
_TAG = re.compile(r"</?[a-zA-Z!]")
_NAME = re.compile(r"[0-9a-f]{12}|[0-9a-f]{64}\.\w+")  # of a run, a scene, a blob
_CHECKED = {"scheduler", "name", "family"}  # must be one of a few: a layer's is a blob's key
_KINDS = {"higher", "lower", "integer", "simulated"}  # words that decide what is drawn
FOLDERS = [Path(package.__file__ or "").parent for package in (sdqviz.views, sdqviz.ui)]


def hostile(value: Any) -> Any:
    """The value with markup at the end of each text in it."""
    if isinstance(value, dict):
        return {key: own if key in _CHECKED else hostile(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [hostile(own) for own in value]
    if isinstance(value, str) and not _NAME.fullmatch(value) and value not in _KINDS:
        return value + HOSTILE
    return value


class Elements(HTMLParser):
    """All that a browser would make of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def check(text: str) -> None:
    """No element of the hostile text came to be, and the text was there."""
    parser = Elements()
    parser.feed(text)
    parser.close()
    for tag, attributes in parser.found:
        assert tag not in ("script", "iframe"), text
        assert attributes.get("src") != "x", text
        assert not [name for name in attributes if name.startswith("on")], text


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for own in value:
            yield from strings(own)
    elif isinstance(value, str):
        yield value


@pytest.fixture
def runs(bundled) -> list[Run]:
    """The bundled runs with hostile texts in every field, the trained one first."""
    found = []
    for name in ("fidelity", "round_nearest"):
        run = bundled[name]
        spec = {**hostile(run.spec), "device": HOSTILE, "model": HOSTILE, "arm": HOSTILE}
        result = hostile(run.result)
        result["engine"]["layers"] = {HOSTILE: 1, **(run.result or {})["engine"]["layers"]}
        result["size"]["parts"] = {HOSTILE: 1}
        result["stopped_at"] = {"step": 1, "of": 2}
        for row in result["scenes"]:
            row["truncated"] = HOSTILE
        found.append(replace(run, spec=spec, result=result))
    return found


@pytest.fixture
def past(store, runs):
    events = [
        replace(event, layer=event.layer + HOSTILE) if getattr(event, "layer", None) else event
        for event in store.records.events(runs[0].id)
    ]
    blocks = [e.layer for e in events if isinstance(e, Scalar) and e.name == "block"]
    frozen = State(name="frozen", layer=blocks[0], step=1, reason=HOSTILE)
    influence = Scalar(name="influence", value=1.0, timestep=1.0)
    return history([*events, frozen, influence])


@pytest.fixture
def seen() -> Iterator[set[tuple[str, str]]]:
    """(file, function) of `sdqviz.views` that ran meanwhile."""
    ran: set[tuple[str, str]] = set()

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            ran.add((frame.f_code.co_filename, frame.f_code.co_name))

    before = sys.getprofile()
    sys.setprofile(note)
    yield ran
    sys.setprofile(before)


def hostile_board() -> LeaderboardResult:
    score = BoardScore(
        **{"median": 1.0, "interval": (0.5, 1.5), "floor": 0.1, "ceiling": 2.0, "over_floor": 0.9},
        share=0.5,
        paired=Paired(change=0.1, interval=None, better=1, scenes=2),
    )
    row = BoardRow(
        **{"method": HOSTILE, "bits": HOSTILE, "runs": [HOSTILE], "scores": {HOSTILE: score}},
        **{"training_seconds": 1.0, "samples": 2.0, "seconds": 3.0, "peak_bytes": 1},
        **{"bytes": 1, "fp_bytes": 2, "pictures": ["a.png"]},
    )
    return LeaderboardResult(
        **{"model": HOSTILE, "preset": HOSTILE, "equal": HOSTILE, "reference": HOSTILE},
        **{"seeds": 1, "scored_scenes": 2, "rows": [row]},
        metrics={HOSTILE: BoardMetric(label=HOSTILE, direction=HOSTILE, settings=HOSTILE)},
        methods={HOSTILE: BoardMethod(label=HOSTILE, summary=HOSTILE, paper=HOSTILE)},
        scenes=[BoardScene(id=HOSTILE, prompt=HOSTILE, seed=1, picture="a.png")],
    )


def test_every_view_is_whole_whatever_a_text_says(store, runs, past, tmp_path, seen):
    run, other = runs
    scene = run.scenes[0]
    names = StageNames({"": HOSTILE}, frozenset(), frozenset())

    def address(blob: str) -> str:
        return blob + HOSTILE

    working = replace(run, state="running", stage=HOSTILE, eta_seconds=5.0, kind=HOSTILE)
    failed = replace(run, state="failed", error={"error": HOSTILE, "hint": HOSTILE})
    drawn = replace(run, kind="generate", spec={"run": run.id, "engine": HOSTILE})
    compared = replace(run, kind="compare", spec={"model": HOSTILE, "other": f"a/{HOSTILE}"})
    for shown in (working, failed, drawn, compared, replace(run, state="interrupted"), None):
        check(run_card(shown, 3, [HOSTILE], names))
    check(facts(run))
    error = SdqvizError(HOSTILE, HOSTILE)
    check(unaffordable_line(error))
    check(str(as_toast(error).message))
    check(cost_line(Cost()))
    for shown in (run, working, replace(run, result={**(run.result or {}), "training": None})):
        check(_head(shown))
    for axis in (SIZE, STEP):
        check(pareto_plot(runs, run, axis, "flip"))
    check(score_table(run, [other]))
    check(settings_table(run, [other]))
    check(settings_table(run, [run]))
    check(score_chips(run.quantized.metrics))
    check(scene_facts(scene))
    for text in (
        *strings(json.loads(viewer_document(run, scene, runs, address))["pictures"][1]["chips"]),
        json.loads(timeline_document(run, scene, address))["chart"],
    ):
        check(text)
    for kind in KINDS:
        check(block_chart(past, kind, past.blocks[:3], 0.5, True))
    for chart in (loss_chart(past, 0.5, True), rate_chart(past), influence_chart(past)):
        check(chart)
    check(frozen_list(past))
    past.previews[1] = past.teacher = "a.png"
    check(preview_strip(past, address))
    check(stage_bar(working, {HOSTILE: 1.0}, names))
    check(bench_plot([bench_row(HOSTILE)]))
    board = hostile_board()
    for shown in (board_table(board, HOSTILE, HOSTILE), cost_chart(board, HOSTILE, HOSTILE)):
        check(shown)
    check(board_pictures(board, HOSTILE, HOSTILE, address))
    check(board_cards(board))
    rows = [arm(HOSTILE)]
    check(ablation_plot(rows))
    events = [Scalar(name="a", value=1.0, layer=f"{HOSTILE}, W4")]
    check(ablation_curves(events, "W4"))
    table = ablation_table(rows).splitlines()
    assert len(table) == 3 and "<img" not in table[2].replace("\\<", "")
    test = Session(id="a", run="b", kind="abx", trials=trials(scene.id))
    check(reveal(test, {scene.id: replace(scene, prompt=HOSTILE)}, address))
    check(trial_stage(test, test.trials[0], [b"", b"", b""]))
    check(class_result([Tally(right=1, sure=2, unsure=1)], 2))
    check(link_code(f"http://a/{HOSTILE}"))
    lesson = f"{HOSTILE}\n\n{{toy: weights}}\n\n[{HOSTILE}](app://compare?run=fidelity)"
    check(words(lesson, Places(runs, store.blobs)))
    check(term("LPIPS", HOSTILE))
    check(term(HOSTILE))
    report = export_report(store, replace(run, result=run.result), tmp_path / "report")
    check(report.read_text(encoding="utf-8").replace('<script src="', '<b data-src="'))
    ran = seen.copy()  # what looks at it runs too
    missing = made_markup() - {(Path(file).name, name) for file, name in ran}
    assert not missing, f"call these too: {missing}"


class Cost:
    seconds, memory_bytes, device_bytes, disk_bytes, timed = 1.0, 1, 1, 1, False


def trials(scene: str) -> tuple[Trial, ...]:
    shown = (FP, STUDENT, FP)
    answers = ("first", "second", UNSURE, HOSTILE)
    return tuple(
        Trial(number=number, scene=scene, shown=shown, answer=answer)
        for number, answer in enumerate(answers)
    )


def bench_row(text: str) -> dict[str, Any]:
    return {"contender": text, "label": text, "median_s": 1.0, "min_s": 1.0, "max_s": 2.0}


def arm(text: str) -> ArmRow:
    spread = Spread(median=1.0, low=0.5, high=1.5)
    names = ("flip", "ssim")
    spreads = {f"{n}{end}": spread for n in names for end in ("", "_over_floor", "_ratio")}
    rest = {"seconds": 1.0, "peak_bytes": 1, "samples_per_second": None, "frozen": None}
    both = {"replay": spread, "free_run": spread}
    return ArmRow(bits=text, arm=text, seeds=1, **spreads, **rest, **both)


def made_markup() -> set[tuple[str, str]]:
    """(file, function) of all functions of views that put something into markup."""
    made = set()
    for file in sorted(FOLDERS[0].rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and any(fills(n) for n in ast.walk(function)):
                made.add((file.name, function.name))
    return made


def fills(node: ast.AST) -> bool:
    """Whether a piece of code calls `html` with something to put in."""
    return is_html(node) and (len(node.args) > 1 or bool(node.keywords))  # type: ignore[attr-defined]


def is_html(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "html"


def documented(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr):
                yield first.value


def test_markup_is_made_by_the_helper_alone():
    """A text with a tag in it is a literal given to `html`, and no f-string."""
    wrong = []
    for file in [f for folder in FOLDERS for f in sorted(folder.rglob("*.py"))]:
        if file.name == "app.py":  # its head: the program's own scripts
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        allowed = {id(node) for node in documented(tree)}
        allowed |= {id(node.args[0]) for node in ast.walk(tree) if is_html(node)}  # type: ignore[attr-defined]
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in allowed and _TAG.search(node.value):
                wrong.append(f"{file.name}:{node.lineno}")
    assert not wrong


def test_what_is_put_in_is_escaped_and_markup_is_not():
    assert html("<b>{}</b>", "<i>") == "<b>&lt;i&gt;</b>"
    assert html('<b title="{t}">{x:.1f}</b>', t='"', x=1.25) == '<b title="&#34;">1.2</b>'
    assert html("<p>{}</p>", html("<b>{}</b>", "&")) == "<p><b>&amp;</b></p>"
    assert joined(["<a>", html("<b>")]) == "&lt;a&gt;<b>"
    assert html("{0}", "{0}") == "{0}"
    assert plain_words("a [b](c) <d> | e_f") == r"a \[b\](c) \<d\> \| e_f"
