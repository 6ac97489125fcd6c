"""Every option of every command with whatever can be typed: one line, never a traceback.

In this process, up to where the work itself would begin: what is given is checked before that.
"""

import contextlib
import io
import json
import traceback

import pytest
import typer
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import sdqviz.api
import sdqviz.bench.step
import sdqviz.families.download
import sdqviz.metrics.lpips
import sdqviz.metrics.sets.clip_score
import sdqviz.metrics.sets.inception
import sdqviz.runner.catalog
import sdqviz.serve
from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.cli.main import app
from sdqviz.cli.terminal import show_error
from sdqviz.publish.bundle import import_demos
from sdqviz.store.store import Store
from tests.fuzz.odd import EXAMPLES, TEXT, fuzzed


class BeganError(SdqvizError):
    """Everything was checked: here the work would begin."""


# What fails is told as it was found: to make it smaller would take minutes.
asked = settings(fuzzed, max_examples=2 * EXAMPLES, phases=(Phase.explicit, Phase.generate))


def _began(*args, **kwargs):
    raise BeganError("the work begins")


def _commands(group, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    found = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= _commands(command, (*before, name))
        else:
            found[*before, name] = command
    return found


ALL = _commands(typer.main.get_command(app))
WORDS = st.sampled_from(
    [
        *("mini-sd1", "mini-sdxl", "mini-sd3", "fidelity", "round_nearest", "quick", "balanced"),
        *("cpu", "cuda", "cuda:99", "cpu,cpu", "float32", "bfloat16", "alex", "squeeze", "metrics"),
        *("W4A8", "W4A8,W9A99", "W0A0", "W4A8,", ",", "ddim", "auto", "eager", "triton_w4a8"),
        *("training_steps=8", "training_steps=-1", "steps=1e999", "seed=null", "width=9", "x=[]"),
        *("held_out_scenes=0", "time_rows=all", "=", "a=b=c", "0", "-1", "1", "2", "99999999999"),
        *(
            "1e9",
            "nan",
            "inf",
            "-inf",
            "0x10",
            "1_000",
            "/",
            "/dev/null",
            "/dev/zero",
            "/proc/self",
        ),
        *(
            "--json",
            "--",
            "-",
            "--set",
            "a/b",
            "owner/name",
            "~",
            "~nobody",
            "a" * 5000,
            "ac67",
            "*",
        ),
        *("open", "user:word", "localhost", "*.example.org", "http://x/", "::1", "300.1.1.1"),
    ]
)
VALUE = WORDS | TEXT | st.integers(-(2**70), 2**70).map(str) | st.floats().map(str)


@pytest.fixture(scope="module")
def world(tmp_path_factory, tiny_folder):
    """A home with the bundled runs; nothing that is asked for is worked, served or downloaded."""
    home = tmp_path_factory.mktemp("home")
    import_demos(Store(home), assets_folder() / "demo")
    texts = home / "prompts.txt"
    texts.write_text("a key\na car\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDQVIZ_HOME", str(home))
        patch.chdir(tmp_path_factory.mktemp("here"))
        patch.setattr(sdqviz.serve, "build_app", _began)
        patch.setattr(sdqviz.serve.Supervisor, "ensure_worker", lambda self: None)
        for name in ("work_here", "compare_scenes"):
            patch.setattr(sdqviz.api, name, _began)
        for name in ("work_arms", "work_table", "work_ladder", "work_leaderboard"):
            patch.setattr(sdqviz.studies, name, _began)
        patch.setattr(sdqviz.serve.atexit, "register", lambda stop: None)
        patch.setattr(sdqviz.bench.step, "_Process", _began)
        patch.setattr(sdqviz.runner.catalog, "build_catalog", _began)
        patch.setattr(sdqviz.families.download, "download_pipeline", _began)
        patch.setattr(sdqviz.metrics.lpips, "fetch_backbone", _began)
        patch.setattr(sdqviz.metrics.sets.clip_score, "fetch_clip", _began)
        patch.setattr(sdqviz.metrics.sets.inception, "fetch_weights", _began)
        yield {"run": Store(home).runs.list()[0].id, "model": str(tiny_folder), "texts": str(texts)}


def run(arguments: list[str]) -> str:
    """What is told; the exit is 0, or 1 or 2 with one line of reason."""
    result = CliRunner().invoke(app, arguments)
    error = result.exception
    if isinstance(error, SdqvizError):  # as `main` shows it
        told = io.StringIO()
        with contextlib.redirect_stderr(told):
            show_error(error, as_json=True)
        row = json.loads(told.getvalue())
        assert row["error"] and "\n" not in row["error"], (arguments, row)
        return row["error"]
    if error is not None and not isinstance(error, SystemExit):
        why = "".join(traceback.format_exception(error))
        raise AssertionError(f"{arguments}\n{why}")
    assert result.exit_code in (0, 1, 2), arguments
    assert "Traceback" not in result.output, arguments
    return result.output


GOOD = {
    ("quantize",): ["MODEL"],
    ("ablate",): ["MODEL"],
    ("table",): ["MODEL"],
    ("ladder",): ["MODEL"],
    ("generate",): ["RUN", "a key"],
    ("compare",): ["MODEL", "MODEL"],
    ("bench", "step"): [],
    ("app",): [],
    ("fetch",): ["owner/name"],
    ("runs", "export"): ["RUN"],
    ("runs", "sheet"): ["RUN", "--out", "sheet.png"],
    ("runs", "show"): ["RUN"],
    ("runs", "score"): ["RUN"],
}


def test_without_an_odd_option_the_work_begins(world):
    """Else the commands above would be refused for another reason than the option."""
    for way in (("quantize",), ("ablate",), ("table",), ("generate",), ("app",)):
        words = [
            {"MODEL": world["model"], "RUN": world["run"]}.get(word, word) for word in GOOD[way]
        ]
        assert (
            run([*way, *words, *(["--force"] if way == ("quantize",) else [])]) == "the work begins"
        ), way


@asked
@given(st.data())
def test_every_command_with_any_options(world, data):
    way = data.draw(st.sampled_from(sorted(ALL)))
    command = ALL[way]
    # A run that is deleted is not there for the examples that follow.
    own = st.sampled_from(list(world.values())) if way != ("runs", "delete") else st.nothing()
    arguments = list(way)
    for parameter in command.params:
        value = data.draw(own | VALUE if data.draw(st.booleans()) else own | WORDS)
        if parameter.param_type_name == "argument":
            arguments.append(value)
        elif data.draw(st.integers(0, 2)) == 0:
            name = data.draw(st.sampled_from(parameter.opts))
            arguments += [name] if getattr(parameter, "is_flag", False) else [name, value]
    run(arguments)


@asked
@given(st.lists(VALUE | st.sampled_from(["quantize", "runs", "app", "list"]), max_size=6))
def test_any_words(world, words):
    run(words)


@asked
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_one_odd_option_of_a_command_that_would_work(world, way, data):
    given_ = {"MODEL": world["model"], "RUN": world["run"]}
    options = [p for p in ALL[way].params if p.param_type_name == "option"]
    odd = data.draw(st.sampled_from(options))
    words = [given_.get(word, word) for word in GOOD[way]]
    value = [] if getattr(odd, "is_flag", False) else [data.draw(VALUE)]
    run([*way, *words, odd.opts[0], *value])


def test_all_commands_are_there():
    assert len(ALL) > 15 and ("runs", "gc") in ALL
