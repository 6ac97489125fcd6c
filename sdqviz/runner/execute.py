"""Execute one claimed run: the only place that turns a spec into stages and events into rows.

Callable inline (tests, the CLI, hosts that lend a GPU only inside a request) and by the worker.
"""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sdqviz.base.config import from_dict
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import SECONDS, Event, Log, Progress, Scalar
from sdqviz.base.keys import content_key
from sdqviz.base.memory import PeakMemory
from sdqviz.base.registry import named
from sdqviz.base.request import COMPARE, GENERATE, QUANTIZE
from sdqviz.base.scene import Scene
from sdqviz.base.settings import rank, world_size
from sdqviz.families import sources
from sdqviz.families.contract import sampler_of
from sdqviz.layers.variants import partly_quantized, served_by
from sdqviz.measure.layer_facts import engine_report
from sdqviz.products.context import Context
from sdqviz.products.keys import machine_key
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.runner import prompts
from sdqviz.runner.interruption import Interruption, Stopped, undisturbed
from sdqviz.runner.models import ModelCache
from sdqviz.runner.products import EventLog, StoredProducts
from sdqviz.stages.contract import Stage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.pack import PackStage
from sdqviz.store.runs import CANCELLED, DONE, FAILED, FINISHING, NEWER, TRAINING, Run
from sdqviz.store.store import Store

HEARTBEAT_SECONDS = 2.0
UNHEARD_SECONDS = 6.0  # a cancel that no event has noticed by then interrupts
_SCENES_APART = 37  # how far apart the scenes of two training seeds start


def execute(
    store: Store,
    run: Run,
    models: ModelCache,
    see: Callable[[Event], None] = lambda event: None,
    stop: Callable[[], None] | None = None,
    interruption: Interruption | None = None,
) -> str:
    """Works a claimed run to its end and returns its final state.

    Every event goes to the store and to `see`. A run stops at the next event after a cancel was
    asked for, or after `interruption` was. `stop`, when given, is called from another thread when
    a cancel goes unheard for long.
    """
    asked = interruption or Interruption()
    records = store.records
    peak = PeakMemory()

    log = EventLog(records, run.id)

    def keep(event: Event) -> None:
        if not isinstance(event, Progress):  # progress is state: it lives in the run's row
            log.append(event)
        if isinstance(event, Scalar) and event.name == SECONDS:
            log.flush()  # a stage ended: the page shows it now
        see(event)

    with _heartbeat(store, run.id, stop):
        try:
            started = time.monotonic()
            result = _RUNNERS[run.kind](store, run, models, keep, asked)
            result["seconds"] = time.monotonic() - started
            result["peak_bytes"] = peak.bytes()
            log.flush()
            store.runs.finish(run.id, DONE, result=result)
            state = DONE
        except Stopped as stopped:
            keep(Log(message="cancelled; finished parts are kept and a resume starts there"))
            log.flush()
            store.runs.finish(run.id, CANCELLED, result=stopped.partial)
            state = CANCELLED
        except SdqvizError as error:
            store.runs.finish(run.id, FAILED, error=error.as_dict())
            state = FAILED
        except Exception as error:  # a bug: recorded whole in the log, one line for the user
            keep(Log(message=traceback.format_exc(), level="error"))
            first = (str(error).splitlines() or [""])[0]
            store.runs.finish(
                run.id,
                FAILED,
                error={
                    "error": f"{type(error).__name__}: {first}",
                    "hint": f"see the whole log: sdqviz runs show {run.id}",
                },
            )
            state = FAILED
        finally:
            log.flush()
    if state == DONE:
        with suppress(OSError):  # another process may clear at the same moment
            store.clear_scratch()
    return state


def _quantize(
    store: Store,
    run: Run,
    models: ModelCache,
    keep: Callable[[Event], None],
    asked: Interruption,
) -> dict[str, Any]:
    recipe = named(RECIPES, "RECIPE", run.spec["recipe"])
    context = quantize_context(store, run.id, run.spec, models)
    context.result["made_by"] = made_by(context.model_key, recipe)
    about = {"model": run.spec["model"], "family": context.model.family.name}
    try:
        _run_stages(store, run, context, _own_stages(recipe.stages()), keep, asked)
    except Stopped as stopped:
        if context.learned is not None:
            with undisturbed():
                stopped.partial = {**_pack_partial(context, keep), **about}
        raise
    if "stopped_at" in context.result:  # not what its spec asks for: never taken for that
        context.result["made_by"] = content_key(context.result["made_by"], context.learned_key)
    return {**context.result, **about}


def _own_stages(stages: list[Stage]) -> list[Stage]:
    """All stages; a helper of a training on several processes stops after the training."""
    if rank() == 0:
        return stages
    shared = [i for i, stage in enumerate(stages) if stage.name == "distill"]
    return stages[: max(shared, default=-1) + 1]


def _pack_partial(context: Context, keep: Callable[[Event], None]) -> dict[str, Any]:
    """A run that was cancelled still leaves what it trained: packed, not yet evaluated."""
    if "packed" not in context.result:
        list(PackStage().run(context))
    steps = context.config.training_steps
    stopped = context.result.setdefault("stopped_at", {"step": steps, "of": steps})
    keep(
        Log(
            message=f"the student of step {stopped['step']} of {stopped['of']} is kept: "
            "export it with --model, or resume to go on"
        )
    )
    return context.result


def made_by(model_key: str, recipe: Any) -> str:
    """What else than its spec a quantize result depends on: model, machine, stage versions."""
    stages = [[stage.name, stage.version] for stage in recipe.stages()]
    return content_key(model_key, machine_key(), stages)


def quantize_context(
    store: Store, run_id: str, spec: dict[str, Any], models: ModelCache
) -> Context:
    """The context of a quantize spec, its model loaded and its scenes drawn."""
    config = from_dict(named(RECIPES, "RECIPE", spec["recipe"]).config, spec["config"])
    loaded = models.of(spec)
    name, family = spec["model"], loaded.model.family
    settings = {
        "steps": config.steps,
        "scheduler": sampler_of(family, config.scheduler),
        "guidance": config.guidance or prompts.usual_guidance(name, family),
    }
    # Trained recipes learn from more scenes, and watch one that no split shares.
    rounds = getattr(config, "rounds", 0)
    learned = rounds * getattr(config, "training_scenes", 0)
    start = _SCENES_APART * getattr(config, "seed", 0)
    return Context(
        model=loaded.model,
        model_key=loaded.key,
        config=config,
        calibration=prompts.scenes(
            name, prompts.CALIBRATE, config.calibration_scenes, start=start, **settings
        ),
        training=prompts.scenes(name, prompts.CALIBRATE, learned, start=start, **settings),
        tune=prompts.scenes(name, prompts.TUNE, 1, **settings) if rounds else [],
        held_out=prompts.scenes(name, prompts.HELD_OUT, config.held_out_scenes, **settings),
        products=StoredProducts(store, run_id),
        lpips_net=config.lpips_net,
    )


def _generate(
    store: Store,
    run: Run,
    models: ModelCache,
    keep: Callable[[Event], None],
    asked: Interruption,
) -> dict[str, Any]:
    base = store.runs.get(run.spec["run"])
    if base.state == NEWER or base.result is None or "packed" not in base.result:
        raise SdqvizError(f"run {base.id} is {base.state}", "generate with a finished run")
    loaded = models.of(base.spec)
    packed = base.result["packed"]
    student, key = models.student(loaded, store.blobs.file(packed)), packed
    if run.spec.get("only"):
        student = partly_quantized(loaded.model.network, student, run.spec["only"])
        key = content_key(packed, run.spec["only"])
    if run.spec.get("engine"):
        student = served_by(student, run.spec["engine"])
    context = Context(
        model=loaded.model,
        model_key=loaded.key,
        config=None,
        calibration=[],
        held_out=[Scene.from_dict(run.spec["scene"])],
        products=StoredProducts(store, run.id),
        student=student,
        student_key=key,
        lpips_net=base.spec["config"]["lpips_net"],
    )
    _run_stages(store, run, context, [EvaluateStage()], keep, asked)
    return {
        **context.result,
        "model": base.spec["model"],
        "run": base.id,
        "engine": engine_report(student),
    }


def _compare(
    store: Store,
    run: Run,
    models: ModelCache,
    keep: Callable[[Event], None],
    asked: Interruption,
) -> dict[str, Any]:
    sources.packed_folder(run.spec["other"])
    loaded = models.of(run.spec)
    other = models.of({**run.spec, "model": run.spec["other"], "model_config": None})
    made_from, given = (_architecture(m.model.network) for m in (other, loaded))
    if made_from != given:
        raise SdqvizError(
            f"{run.spec['other']} was not made from {run.spec['model']}: its network differs",
            "compare a quantized folder with its own FP model",
        )
    context = Context(
        model=loaded.model,
        model_key=loaded.key,
        config=None,
        calibration=[],
        held_out=[Scene.from_dict(scene) for scene in run.spec["scenes"]],
        products=StoredProducts(store, run.id),
        student=other.model.network,
        student_key=other.key,
        lpips_net=run.spec["lpips_net"],
    )
    _run_stages(store, run, context, [EvaluateStage()], keep, asked)
    return {
        **context.result,
        "model": run.spec["model"],
        "engine": engine_report(other.model.network),
    }


def _architecture(network: Any) -> dict[str, Any]:
    """A network's config without what its file or quantization adds."""
    own = dict(network.config)
    return {k: v for k, v in own.items() if k[0] != "_" and k != "quantization_config"}


_RUNNERS = {QUANTIZE: _quantize, GENERATE: _generate, COMPARE: _compare}


def _run_stages(
    store: Store,
    run: Run,
    context: Context,
    stages: list[Stage],
    keep: Callable[[Event], None],
    asked: Interruption,
) -> None:
    """The stages in order; between two events looks for a cancel and writes the progress."""
    costs = [max(1.0, stage.cost(context)) for stage in stages]
    started = time.monotonic()
    for index, stage in enumerate(stages):
        costs[index] = max(1.0, stage.cost(context))  # it knows more now than at the start
        total = sum(costs)
        store.runs.set_progress(run.id, stage.name, sum(costs[:index]) / total, None)
        events: Iterator[Event] = stage.run(context)
        began = time.monotonic()
        try:
            for event in events:
                keep(event)
                if isinstance(event, Progress) and event.total:
                    share = sum(costs[:index]) + costs[index] * event.done / event.total
                    fraction = share / total
                    elapsed = time.monotonic() - started
                    left = elapsed * (1 - fraction) / fraction if fraction > 0.02 else None
                    store.runs.set_progress(run.id, stage.name, fraction, left)
                    now = store.runs.get(run.id)
                    if asked.asked or now.cancel:
                        raise Stopped
                    ends = now.state == FINISHING and stage.name == TRAINING
                    # The helpers of a training on several processes would wait for this one.
                    if ends and world_size() > 1:
                        message = "a training on several processes cannot be finished early"
                        keep(Log(message=f"{message}: it trains on", level="warning"))
                        store.runs.decline_finish(run.id)
                    elif ends and event.done < event.total:
                        keep(Log(message="training finished early: rounding what it learned"))
                        break  # closing the stage leaves the average so far
        finally:
            with undisturbed():
                events.close()  # type: ignore[attr-defined]
                keep(Scalar(name=SECONDS, layer=stage.name, value=time.monotonic() - began))


@contextmanager
def _heartbeat(store: Store, run_id: str, stop: Callable[[], None] | None) -> Iterator[None]:
    """Keeps the lease while the context lasts, and passes on a cancel that goes unheard."""
    over = threading.Event()

    def beat() -> None:
        since = None
        while not over.wait(HEARTBEAT_SECONDS):
            store.runs.heartbeat(run_id)
            if stop and store.runs.get(run_id).cancel and not over.is_set():
                since = since or time.monotonic()
                if time.monotonic() - since > UNHEARD_SECONDS:
                    stop()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
