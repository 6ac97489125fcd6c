"""Commands that make many runs and tell of them together."""

from pathlib import Path
from typing import Annotated

import typer

from sdqviz.cli.overrides import Prompts, overrides
from sdqviz.cli.runs import Json
from sdqviz.cli.terminal import emit, progress


def ablate(
    model: Annotated[str, typer.Argument(help="A mini, a folder, a hub id.")],
    preset: Annotated[str, typer.Option(help="quick, balanced or paper.")] = "balanced",
    bits: Annotated[
        str, typer.Option(help="Bit widths; the first gets every arm, the others the central ones.")
    ] = "W4A8,W3A8,W4A6,W2A8",
    more_bits: Annotated[
        str, typer.Option(help="Bit widths that get the central arms once, whatever the seeds.")
    ] = "",
    seeds: Annotated[int, typer.Option(help="Training seeds of every arm.")] = 3,
    central_seeds: Annotated[
        int, typer.Option(help="More seeds for the method and its baselines.")
    ] = 0,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for every arm.")
    ] = None,
    prompts: Prompts = None,
    out: Annotated[Path | None, typer.Option(help="Folder for table, plot and events.")] = None,
    as_json: Json = False,
) -> None:
    """What each idea of the fidelity recipe is worth: every arm, one table."""
    from sdqviz import studies

    with progress(as_json) as see:
        report = studies.ablate(
            model,
            preset=preset,
            bits=bits.split(","),
            more_bits=more_bits.split(",") if more_bits else (),
            seeds=seeds,
            central_seeds=central_seeds,
            config=overrides(set_),
            prompts_file=prompts,
            out=out,
            see=see,
        )
    table = report.pop("table")
    if not as_json:
        print(table)
    emit({**report, "table": table} if as_json else {"run": report["run"], "out": out}, as_json)


def table(
    models: Annotated[list[str], typer.Argument(help="Minis, folders, hub ids.")],
    recipes: Annotated[str, typer.Option(help="Methods.")] = "round_nearest,fidelity",
    preset: Annotated[str, typer.Option(help="quick, balanced or paper.")] = "balanced",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, for the recipes that have it.")
    ] = None,
    prompts: Prompts = None,
    as_json: Json = False,
) -> None:
    """Several models by several recipes: one table of held-out medians."""
    from sdqviz import studies

    with progress(as_json) as see:
        report = studies.table(
            models,
            recipes=recipes.split(","),
            preset=preset,
            config=overrides(set_),
            prompts_file=prompts,
            see=see,
        )
    if as_json:
        emit(report, as_json)
    else:
        print(report["table"])


def ladder(
    model: Annotated[str, typer.Argument(help="A mini, a local folder, or a fetched hub id.")],
    preset: Annotated[str, typer.Option(help="quick, balanced or paper.")] = "balanced",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for every rung. Repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The same scenes with ever fewer bits, from W8A8 to W2A8: see a picture fall apart."""
    from sdqviz import studies

    with progress(as_json) as see:
        report = studies.ladder(model, preset=preset, config=overrides(set_), see=see)
    emit(report, as_json)


def leaderboard(
    model: Annotated[str, typer.Argument(help="A mini, a local folder, or a fetched hub id.")],
    methods: Annotated[
        str, typer.Option(help="Recipes, separated by commas; all when empty.")
    ] = "",
    bits: Annotated[str, typer.Option(help="Bit widths, separated by commas.")] = "W4A8",
    seeds: Annotated[int, typer.Option(help="Training seeds of every method.")] = 1,
    equal: Annotated[
        str,
        typer.Option(
            help="time or samples: as much training as fidelity has. Empty: each its preset."
        ),
    ] = "",
    preset: Annotated[str, typer.Option(help="quick, balanced or paper.")] = "balanced",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for the methods that have it.")
    ] = None,
    prompts: Prompts = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a page that opens without a server.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Every method of the field on one plan, the same scenes and scores: one table."""
    from sdqviz import studies

    with progress(as_json) as see:
        report = studies.leaderboard(
            model,
            methods=methods.split(",") if methods else (),
            bits=bits.split(","),
            seeds=seeds,
            equal=equal,
            preset=preset,
            config=overrides(set_),
            prompts_file=prompts,
            out=out,
            see=see,
        )
    table = report.pop("table")
    if not as_json:
        print(table)
    emit({**report, "table": table} if as_json else {"run": report["run"], "out": out}, as_json)
