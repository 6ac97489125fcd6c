import re
from dataclasses import replace

from sdqviz.views.runs.settings_difference import different, settings_table


def rows(html: str) -> dict[str, list[str]]:
    found = {}
    for name, cells in re.findall(r"<code>([^<]+)</code></th>(.*?)</tr>", html):
        found[name] = re.findall(r"<td>(?:<b>)?(.*?)(?:</b>)?</td>", cells)
    return found


def test_different_settings_have_a_row_and_equal_ones_are_counted(bundled):
    trained, rounded = bundled["fidelity"], bundled["round_nearest"]
    html = settings_table(trained, [rounded])
    shown, folded = html.split("<details>")
    assert rows(shown)["recipe"] == ["fidelity", "round_nearest"]
    assert rows(shown)["config.equalise"] == ["true", "false"]
    assert rows(shown)["config.batch"] == ["16", "\N{EN DASH}"]  # rounding has no batch
    assert "model" not in rows(shown)
    assert rows(folded)["model"] == ["mini-sd1"]
    unlike, equal = different([trained.spec, rounded.spec])
    assert set(rows(shown)) == set(unlike)
    assert set(rows(folded)) == set(equal)
    assert f"{len(equal)} settings are equal" in folded
    # A run of before there was a choice of precision computed in float32, as the other did.
    older = {k: v for k, v in trained.spec.items() if k != "dtype"}
    assert "dtype" in different([older, rounded.spec])[1]


def test_three_runs_and_names_that_are_no_markup(bundled):
    run = bundled["round_nearest"]
    other = replace(run, id="b" * 12, spec={**run.spec, "model": "<b>x</b>", "arm": "a&b"})
    html = settings_table(run, [other, run])
    shown = html.split("<details>")[0]
    assert rows(shown) == {
        "model": ["mini-sd1", "&lt;b&gt;x&lt;/b&gt;", "mini-sd1"],
        "arm": ["\N{EN DASH}", "a&amp;b", "\N{EN DASH}"],
    }
    assert "The settings are the same" in settings_table(run, [run])
