"""The composition root: settings, store, worker, UI, launch."""

import atexit
import importlib.util
import json
import os
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from sdqviz.base.assets import assets_folder
from sdqviz.base.counts import MOST_JOBS, MOST_PORT, check_count
from sdqviz.base.errors import SdqvizError
from sdqviz.base.places import place
from sdqviz.base.registry import announced
from sdqviz.base.request import COMPARE, GENERATE, QUANTIZE, SCORE
from sdqviz.base.settings import home_folder
from sdqviz.base.stage_names import StageNames
from sdqviz.families.sources import packed_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.runner.estimate import Estimate, call_seconds, estimate_quantize, refuse_if_over
from sdqviz.runner.housekeeping import Housekeeping
from sdqviz.runner.supervise import Supervisor, cancel_in_background
from sdqviz.server.asking import ASKING, Asking
from sdqviz.server.events import Handler, Input
from sdqviz.server.hosts import hosts
from sdqviz.server.network import lan_address
from sdqviz.server.policy import LOCAL_FRAMES
from sdqviz.server.pulse import Pulse
from sdqviz.server.stack import has_gradio_login, middlewares
from sdqviz.server.visitors import ADMIN, ADMIN_KEY, visitors
from sdqviz.store.asker import ALONE, NOBODY, Asker
from sdqviz.store.demo import Demo
from sdqviz.store.limits import Limits
from sdqviz.store.own import OwnStore
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.store.tended import FEATURED
from sdqviz.ui.app import CSS, HEAD, HEAD_SCRIPT, build_app
from sdqviz.ui.classroom import in_class
from sdqviz.ui.context import AppContext
from sdqviz.ui.handlers import handlers
from sdqviz.ui.theme import THEME
from sdqviz.views.runs.listing import is_finished

_LOCAL = ("127.0.0.1", "localhost", "::1")
_OPEN = "open"
_NEW = "new"  # instead of an operator's key: one is made
MAX_JOBS = 32  # queued or worked at a time
JOBS_EACH = 4  # of one visitor, where there are others
QUEUED_EVENTS = 1000  # clicks of all visitors; each is answered in milliseconds
EVENTS_AT_ONCE = 4  # of one kind
_SPACE_FRAMES = ("https:",)  # a Space may be embedded by any page
_RECIPES = "sdqviz.recipes"  # the group of entry points
_WORKER_SECONDS = 120.0  # that a worker may take to start


def serve(
    host: str = "127.0.0.1",
    port: int = 7860,
    share: bool = False,
    auth: str = "",
    allowed_hosts: Sequence[str] = (),
    max_jobs: int = MAX_JOBS,
    runs: Path | None = None,
    pinned: str = "",
    is_class: bool = False,
    admin: str = "",
    demo: Demo | None = None,
    mcp: str = "",
    **launch: Any,
) -> None:
    """Serves the app until it is stopped. Off localhost it asks for USER:PASSWORD.

    On a Hugging Face Space (SPACE_ID is set) it serves everyone: that is what a Space is for.
    Whoever is not on localhost may only choose models of the catalog, not paths. It answers to
    this machine's own names and to `allowed_hosts`, such as that of a proxy in front. At most
    `max_jobs` jobs are queued or worked at a time, of one visitor from elsewhere `JOBS_EACH`.
    Exported runs under `runs` are taken in. The run `pinned` is what a first visit shows. With
    `is_class` a class shares the app (`ui.classroom`), and anyone is let in.

    Each visitor has runs of their own. On localhost, with no name allowed besides, everyone is the
    operator; elsewhere, and in a `demo`, whoever opens the page with `?admin=` and the key `admin`
    is. A demo's visitors may start what it says. `mcp` makes the named API an MCP server's tools:
    "reads" those that start nothing, "starts" all.
    """
    check_count("port", port, 0, MOST_PORT)
    check_count("max_jobs", max_jobs, 1, MOST_JOBS)
    is_space = "SPACE_ID" in os.environ
    if is_space:
        host, auth = "0.0.0.0", auth or _OPEN
    auth = auth or (_OPEN if is_class else "")
    public = host not in _LOCAL or share
    if public and not auth:
        raise SdqvizError(
            f"serving on {'a public link' if share else host} without a password",
            f"give --auth USER:PASSWORD, or --auth {_OPEN} to let anyone in",
        )
    if auth and auth != _OPEN and ":" not in auth:
        raise SdqvizError("--auth has no ':'", "write --auth USER:PASSWORD")
    known = hosts(public, share, allowed_hosts, os.environ.get("SPACE_HOST", ""))
    if mcp and importlib.util.find_spec("mcp") is None:
        raise SdqvizError("--mcp needs the package mcp", 'pip install "mcp<2"')
    if admin == _NEW:
        admin = secrets.token_urlsafe(24)
        print(f"The operator's page: http://{host}:{port}/?{ADMIN}={admin}", flush=True)
    if admin and not ADMIN_KEY.fullmatch(admin):
        raise SdqvizError(
            "the operator's key is too simple", "give 16 to 128 letters, digits, '-' and '_'"
        )
    alone = not public and not allowed_hosts and demo is None
    home = home_folder()
    supervisor = Supervisor(home)
    who = visitors(home, admin, alone)
    each = max_jobs if alone else min(JOBS_EACH, max_jobs)
    limits = Limits(in_all=max_jobs, each=each, demo=demo)
    context = app_context(
        home,
        supervisor,
        any_model=alone,
        asker=(lambda: ALONE) if alone else asker_now,
        limits=limits,
        bundles=runs,
        pinned=pinned,
        is_class=is_class,
        mcp=mcp,
    )
    if is_class:
        context = in_class(context, lan_address() if public else "")
        print(_class_words(context, port), flush=True)
    if demo is None:  # it tells what this machine has, and leaves after a rest
        supervisor.ensure_worker()
    atexit.register(supervisor.stop)
    kept = demo.hours * 3600.0 if demo else 0.0
    Housekeeping(Store(home), supervisor, kept).start()
    page = build_app(context)
    user, _, password = auth.partition(":")
    guards = middlewares(
        known,
        who,
        context.store.blobs,
        known_handlers(page),
        Pulse(Store(home), context.wake),
        scripts=[HEAD_SCRIPT],
        frames=_SPACE_FRAMES if is_space else LOCAL_FRAMES,
        signed_in=has_gradio_login if password else None,
        mcp=bool(mcp),
    )
    try:
        page.queue(max_size=QUEUED_EVENTS, default_concurrency_limit=EVENTS_AT_ONCE).launch(
            server_name=host,
            server_port=port,
            share=share,
            auth=(user, password) if password else None,
            theme=THEME,
            css=CSS,
            head=HEAD,
            ssr_mode=False,
            show_error=True,
            enable_monitoring=False,
            mcp_server=bool(mcp),
            # Else it asks for its own page, and gives up where that takes over three seconds.
            _frontend=False,
            app_kwargs={"middleware": guards},
            **launch,
        )
    except OSError as error:
        raise SdqvizError(
            f"cannot serve on {host}:{port}: {error}", "choose another --port"
        ) from error
    except gr.exceptions.Error as error:
        raise SdqvizError(str(error), "see the line above") from error


def _class_words(context: AppContext, port: int) -> str:
    """Where the teacher and the class go."""
    teacher = f"The teacher's page: http://localhost:{port}/?tab=blind"
    address = context.class_address
    phones = f"http://{address}:{port}/" if address else "not found: name it with --allowed-host"
    return f"{teacher}\nThis machine for phones of the same network: {phones}"


def known_handlers(page: gr.Blocks) -> dict[int, Handler]:
    """What the page's events are held to."""
    return {
        index: Handler(row.name, tuple(Input(*place) for place in row.inputs), row.only_reads)
        for index, row in handlers(page).items()
    }


def app_context(
    home: Path,
    supervisor: Supervisor,
    any_model: bool = True,
    asker: Callable[[], Asker] = lambda: ALONE,
    limits: Limits | None = None,
    bundles: Path | None = None,
    pinned: str = "",
    is_class: bool = False,
    mcp: str = "",
) -> AppContext:
    """The UI's view of this data folder, with the bundled runs, and those under `bundles`, taken
    in. `pinned`: id, or its first letters, of the run that opens.

    Without `any_model` only models of the catalog may be quantized, never a typed path. `asker`
    says who an event is for; a visitor's jobs are limited by `limits`. To a class belong also the
    scenes that the operator drew.
    """
    store = Store(home)
    demos = import_demos(store, assets_folder() / "demo")
    if bundles is not None:
        if not place(bundles).is_dir():
            raise SdqvizError(f"there is no folder {bundles}", "give --runs a folder of runs")
        demos += import_demos(store, bundles)
    opens = store.runs.get(pinned) if pinned else None
    if opens is not None and not is_finished(opens):
        raise SdqvizError(
            f"run {opens.id} is a {opens.kind} run that is {opens.state}",
            "pin a finished quantize run",
        )
    demo = limits.demo if limits else None
    everyones = {*demos, *([opens.id] if opens else ())}

    def is_everyones(run: Run) -> bool:
        drawn_for_class = is_class and run.kind == GENERATE and not run.visitor
        return run.id in everyones or FEATURED in run.tags or drawn_for_class

    seen = OwnStore(store, asker, is_everyones)
    snapshot = json.loads((assets_folder() / "catalog.json").read_text(encoding="utf-8"))

    _await_recipes_of_others(store, supervisor, snapshot)

    def catalog() -> dict[str, Any]:
        published = store.records.catalog() or snapshot
        # What an older worker left behind is taken up only when it says as much as ours.
        return published if published.get("format") == snapshot["format"] else snapshot

    def submit(kind: str, spec: dict[str, Any]) -> str:
        if kind == COMPARE and not any_model:
            raise SdqvizError(
                "folders are not opened for visitors from elsewhere",
                f"on this machine: sdqviz compare {spec['model']} FOLDER",
            )
        if kind == SCORE and not any_model:
            raise SdqvizError(
                "visitors from elsewhere download nothing", "on this machine: sdqviz runs score"
            )
        if kind == COMPARE:  # told now, not when its turn comes; absolute: workers outlive apps
            spec = {**spec, "other": str(packed_folder(spec["other"]))}
        if demo is not None and not seen.runs.is_operator():
            demo.refuse(kind, spec, catalog())
        run_id = seen.runs.add(kind, spec, limits)
        supervisor.ensure_worker()
        return run_id

    def resume(run_id: str) -> None:
        seen.runs.resume(run_id, limits)
        supervisor.ensure_worker()

    def estimate(spec: dict[str, Any]) -> Estimate:
        known = [model["name"] for model in catalog()["models"]]
        if not any_model and spec["model"] not in known:
            raise SdqvizError(
                f"{spec['model']!r} is not offered here", f"choose from {', '.join(known)}"
            )
        known, gpu = catalog(), spec.get("device", "cpu") != "cpu"
        timed = call_seconds(store.runs.list(QUANTIZE), spec)
        cost = estimate_quantize(spec, known, timed)
        refuse_if_over(cost, home, known.get("device_free_bytes") if gpu else None)
        return cost

    return AppContext(
        store=seen,
        demos=tuple(demos),
        pinned=opens.id if opens else "",
        own_machine=any_model,
        demo=demo,
        mcp=mcp,
        is_operator=seen.runs.is_operator,
        catalog=catalog,
        submit=submit,
        wake=supervisor.ensure_worker,
        cancel=lambda run_id: cancel_in_background(store, seen.runs.owned(run_id).id),
        resume=resume,
        finish=lambda run_id: store.runs.request_finish(
            seen.runs.owned(run_id).id, StageNames.of(catalog()).can_finish_early
        ),
        estimate=estimate,
    )


def asker_now() -> Asker:
    """Whoever the event is for that is handled (`server.asking`); NOBODY outside of one."""
    request: Any = LocalContext.request.get(None)
    inner = request.request if isinstance(request, gr.Request) else request  # of an MCP's tool
    asking = getattr(inner, "scope", {}).get(ASKING)
    return asking.tell() if isinstance(asking, Asking) else NOBODY


def _await_recipes_of_others(
    store: Store, supervisor: Supervisor, snapshot: dict[str, Any]
) -> None:
    """The page's forms are built once: recipes that other packages announce must be known by then,
    and only a worker, which imports them, can tell.
    """
    wanted = announced(_RECIPES)
    until = time.monotonic() + _WORKER_SECONDS
    while wanted - {r["name"] for r in (store.records.catalog() or snapshot)["recipes"]}:
        supervisor.ensure_worker()
        if time.monotonic() > until:
            raise SdqvizError(
                f"the worker did not tell of {', '.join(sorted(wanted))}, which other packages "
                f"announce, within {_WORKER_SECONDS:.0f} s",
                f"see {store.folder / 'worker.log'}",
            )
        time.sleep(0.2)
