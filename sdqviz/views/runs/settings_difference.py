"""The settings in which runs differ, one row each; the equal ones folded away."""

from typing import Any

from sdqviz.base.request import FLOAT32
from sdqviz.store.runs import Run
from sdqviz.views.markup import html, joined
from sdqviz.views.runs.names import short_name
from sdqviz.views.tables.scrolling import scrolling_table

_ABSENT = object()
# What a spec of before these keys meant by not having them.
_USUAL = {"model_config": None, "device": "cpu", "dtype": FLOAT32}


def settings(spec: dict[str, Any]) -> dict[str, Any]:
    """The nested spec as flat names: model, recipe, ..., config.steps."""
    plain = {k: v for k, v in {**_USUAL, **spec}.items() if k != "config"}
    if "prompts" in plain:
        given = plain["prompts"]
        plain["prompts"] = f"{given['file']} ({given['digest']})"
    first = [k for k in ("model", "recipe", "preset") if k in plain]
    order = [*first, *(k for k in plain if k not in first)]
    return {k: plain[k] for k in order} | {f"config.{k}": v for k, v in spec["config"].items()}


def different(specs: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """(names of the settings that are not the same in all specs, names of those that are)."""
    flat = [settings(spec) for spec in specs]
    names = dict.fromkeys(name for values in flat for name in values)
    equal = [n for n in names if all(f.get(n, _ABSENT) == flat[0].get(n, _ABSENT) for f in flat)]
    return [n for n in names if n not in equal], equal


def settings_table(baseline: Run, others: list[Run]) -> str:
    """HTML: a row a setting that differs, a column a run; a dash where a recipe lacks it."""
    runs = [baseline, *others]
    flat = [settings(run.spec) for run in runs]
    unlike, equal = different([run.spec for run in runs])
    names = [f"{short_name(baseline)} (baseline)", *map(short_name, others)]
    head = joined(html('<th scope="col">{name}</th>', name=name) for name in ("setting", *names))
    rows = joined(_row(name, [f.get(name, _ABSENT) for f in flat]) for name in unlike)
    if not unlike:
        rows = html(
            '<tr><td colspan="{columns}">The settings are the same.</td></tr>',
            columns=len(runs) + 1,
        )
    same = joined(_row(name, [flat[0].get(name, _ABSENT)]) for name in equal)
    table = scrolling_table(
        html("<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>", head=head, rows=rows),
        "differences",
    )
    folded = scrolling_table(html("<tbody>{same}</tbody>", same=same), "equal settings")
    return html(
        "{table}<details><summary>{count} settings are equal</summary>{folded}</details>",
        table=table,
        count=len(equal),
        folded=folded,
    )


def _row(name: str, values: list[Any]) -> str:
    cells = []
    for index, value in enumerate(values):
        text = _shown(value)
        changed = index > 0 and value != values[0]
        cells.append(
            html("<td><b>{text}</b></td>", text=text)
            if changed
            else html("<td>{text}</td>", text=text)
        )
    return html(
        '<tr><th scope="row"><code>{name}</code></th>{cells}</tr>', name=name, cells=joined(cells)
    )


def _shown(value: Any) -> str:
    """As the command line takes it; a dash for a setting that is not there."""
    if value is _ABSENT:
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
