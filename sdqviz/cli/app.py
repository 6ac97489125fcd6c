"""`sdqviz app`: what the app is served with."""

from typing import Annotated

import typer


def app_command(
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve on.")] = 7860,
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
) -> None:
    """Serve the app."""
    from sdqviz.serve import serve

    hosts = allowed_host or ()
    serve(host=host, port=port, share=share, auth=auth, allowed_hosts=hosts, max_jobs=max_jobs)
