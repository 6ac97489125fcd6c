"""What people read of a command: tables with units, of the very object that --json prints."""

import sys
from contextlib import redirect_stdout
from io import StringIO

import pytest

from sdqviz.base.registry import found
from sdqviz.cli.main import main
from sdqviz.cli.pages import duration, size
from sdqviz.recipes.contract import PACKAGE


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Standard output of `sdqviz WORDS`."""
    monkeypatch.setenv("SDQVIZ_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def say(*words: str) -> str:
        out = StringIO()
        monkeypatch.setattr(sys, "argv", ["sdqviz", *words])
        with redirect_stdout(out):
            try:
                main()
            except SystemExit as ended:
                assert not ended.code
        return out.getvalue()

    return say


def test_the_doctor_speaks_in_units_and_says_how_to_get_what_is_missing(said):
    told = said("doctor")
    assert " GB of " in told and "_bytes" not in told and "{" not in told
    assert "cpu_onednn" in told and "sdqviz fetch metrics" in told


def test_bundled_runs_are_there_before_the_app_was_ever_started(said):
    header, *rows = said("runs", "list").strip().splitlines()
    assert header.split() == ["run", "kind", "state", "done", "model", "made", "name,", "tags"]
    quantized = [row.split() for row in rows if "quantize" in row]
    assert quantized and all(row[2:5] == ["done", "100%", "mini-sd1"] for row in quantized)
    shown = said("runs", "show", quantized[0][0])
    assert "noise floor" in shown and "flip" in shown and "lower is better" in shown


def test_every_setting_of_a_method_is_listed(said):
    methods = said("recipes")
    assert all(name in methods for name in found(PACKAGE, "RECIPE"))
    told = said("recipes", "fidelity")
    assert all(entry["name"] in told for entry in found(PACKAGE, "RECIPE")["fidelity"].schema())
    assert "1 to 4096" in told


def test_help_has_examples(said):
    assert "sdqviz quantize mini-sd1 --out w4a8" in said("quantize", "--help")
    assert "Examples" in said("--help")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (2_500_000, "2.5 MB"),
        (25.3e9, "25.3 GB"),
        (None, "unknown"),
    ],
)
def test_sizes(count, words):
    assert size(count) == words


@pytest.mark.parametrize(("seconds", "words"), [(3, "3 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations(seconds, words):
    assert duration(seconds) == words
