"""`sdqviz app`: what the app is served with."""

from pathlib import Path
from typing import Annotated

import typer

from sdqviz.store.demo import Demo

EVERYWHERE = "0.0.0.0"


def app_command(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(envvar="GRADIO_SERVER_NAME", help="Address to serve on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="GRADIO_SERVER_PORT", min=0, max=65535, help="Port to serve on.")
    ] = 7860,
    share: Annotated[bool, typer.Option(help="Public link by gradio, for a class.")] = False,
    auth: Annotated[
        str,
        typer.Option(
            envvar="SDQVIZ_AUTH", help="USER:PASSWORD, needed off localhost; 'open' lets anyone in."
        ),
    ] = "",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            envvar="SDQVIZ_ALLOWED_HOST",
            help="A name that this server answers to besides its own, such as a proxy's.",
        ),
    ] = None,
    max_jobs: Annotated[
        int,
        typer.Option(
            envvar="SDQVIZ_MAX_JOBS",
            help="Jobs queued or worked at a time; more are refused.",
        ),
    ] = 32,
    runs: Annotated[
        Path | None,
        typer.Option(envvar="SDQVIZ_RUNS", help="A folder of exported runs to take in."),
    ] = None,
    pinned: Annotated[
        str, typer.Option(envvar="SDQVIZ_PINNED", help="The run that every visitor sees first.")
    ] = "",
    is_class: Annotated[
        bool,
        typer.Option(
            "--class",
            envvar="SDQVIZ_CLASS",
            help="For a class: phones of this network take its blind test, whose page shows a "
            "code to photograph and the pooled result; quantizing and cancelling are off.",
        ),
    ] = False,
    admin: Annotated[
        str,
        typer.Option(
            envvar="SDQVIZ_ADMIN",
            help="The operator's key: ADDRESS/?admin=KEY sees and changes every visitor's runs. "
            "'new' makes one and prints the address.",
        ),
    ] = "",
    mcp: Annotated[
        bool,
        typer.Option(
            "--mcp", envvar="SDQVIZ_MCP", help="Also serve an MCP server: tools that only read."
        ),
    ] = False,
    mcp_starts: Annotated[
        bool,
        typer.Option(
            "--mcp-starts", envvar="SDQVIZ_MCP_STARTS", help="Also tools that start jobs."
        ),
    ] = False,
    demo: Annotated[
        str,
        typer.Option(
            envvar="SDQVIZ_DEMO",
            help="What visitors may start: nothing, generate (scenes), quick (also that preset).",
        ),
    ] = "",
    demo_session: Annotated[
        int, typer.Option(envvar="SDQVIZ_DEMO_SESSION", help="Jobs of a visitor within a day.")
    ] = Demo.session,
    demo_day: Annotated[
        int, typer.Option(envvar="SDQVIZ_DEMO_DAY", help="Jobs of all visitors within a day.")
    ] = Demo.day,
    demo_hours: Annotated[
        float,
        typer.Option(
            envvar="SDQVIZ_DEMO_HOURS", help="After which visitors' runs are gone; 0 keeps them."
        ),
    ] = Demo.hours,
) -> None:
    """Serve the app."""
    from sdqviz.serve import serve

    hosts = allowed_host or ()
    source = context.get_parameter_source("host")
    # By name: typer may carry a click of its own.
    if is_class and source is not None and source.name == "DEFAULT":
        host = EVERYWHERE  # phones are other machines
    limits = None
    if demo:
        limits = Demo(starts=demo, session=demo_session, day=demo_day, hours=demo_hours)
    serve(
        host=host,
        port=port,
        share=share,
        auth=auth,
        allowed_hosts=hosts,
        max_jobs=max_jobs,
        runs=runs,
        pinned=pinned,
        is_class=is_class,
        admin=admin,
        demo=limits,
        mcp="starts" if mcp_starts else "reads" if mcp else "",
    )
