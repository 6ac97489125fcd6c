"""The app's named API: what `gradio_client`, or any program, may ask and start.

The same store and the same limits as the page's: a program is a visitor too. Its inputs are JSON
of any kind, so each is looked at before it is used.
"""

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from sdqviz.base.config import from_dict
from sdqviz.base.counts import check_count
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import (
    DEFAULT_RECIPE,
    FLOAT32,
    GENERATE,
    KINDS,
    QUANTIZE,
    generate_request,
    quantize_request,
)
from sdqviz.base.scene import Scene
from sdqviz.store.run import QUEUED
from sdqviz.ui.context import MCP_READS, AppContext
from sdqviz.views.runs.listing import is_finished, is_readable
from sdqviz.views.runs.told import job_row, run_row, score_rows

MOST_LISTED = 200
READS, STARTS = ("runs", "scores", "job"), ("generate", "quantize")


def build_endpoints(context: AppContext) -> None:
    """Adds them to the page; nothing of it is shown."""
    store = context.store

    def runs(kind: str = QUANTIZE, limit: int = 20) -> list[dict[str, Any]]:
        """The runs that you see: everybody's and your own, the newest first.

        Args:
            kind: quantize, generate, compare, ablate, ladder or score; empty for all.
            limit: How many at most, up to 200.
        """
        check_count("limit", _whole("limit", limit), 1, MOST_LISTED)
        if _text("kind", kind) and kind not in KINDS:
            raise SdqvizError(f"unknown kind {kind[:40]!r}", f"there is {', '.join(KINDS)}")
        listed = store.runs.list(kind or None)[:limit]
        return [run_row(run, context.is_theirs(run)) for run in listed]

    def scores(run: str) -> dict[str, Any]:
        """What a finished run scored: medians between noise floor and another seed, each scene's
        scores, and where its pictures are, below the app's own address.

        Args:
            run: The run's whole id, as `runs` gives it.
        """
        found = store.runs.get(_text("run", run))
        if not found.scenes:
            raise SdqvizError(f"run {found.id} is {found.state}, without scores", "ask `job` of it")
        return score_rows(found, context.address)

    def generate(
        run: str,
        prompt: str,
        seed: int = 0,
        steps: int = 0,
        guidance: float = 0.0,
        negative_prompt: str = "",
        scheduler: str = "",
        spacing: str = "",
        width: int = 0,
        height: int = 0,
    ) -> dict[str, Any]:
        """Starts a job that draws one scene with the FP and the quantized model of a finished
        quantize run; ask `job` for the pictures.

        Args:
            run: The quantize run's whole id.
            prompt: What to draw.
            seed: Fixes the noise that both start from.
            steps: Sampling steps; 0 takes the run's own.
            guidance: Guidance scale; 0 takes the run's own.
            negative_prompt: What to steer away from.
            scheduler: The sampler; empty takes the run's own.
            spacing: Where its steps lie; empty takes the run's own.
            width: Pixels; 0 takes the run's own.
            height: Pixels; 0 takes the run's own.
        """
        base = store.runs.get(_text("run", run))
        if not (is_finished(base) and is_readable(base)):
            told = f"run {base.id} is a {base.kind} run that is {base.state}"
            raise SdqvizError(told, "draw with a finished quantize run")
        own = base.quantized.scenes[0].scene
        values = {
            **own.as_dict(),
            **{"prompt": prompt, "negative_prompt": negative_prompt, "seed": seed},
            **{"steps": steps or own.steps, "guidance": guidance or own.guidance},
            **{"scheduler": scheduler or own.scheduler, "spacing": spacing or own.spacing},
            **{"width": width or own.width, "height": height or own.height},
        }
        job = context.submit(GENERATE, generate_request(base.id, from_dict(Scene, values)))
        return {"job": job, "state": QUEUED}

    def quantize(
        model: str,
        recipe: str = DEFAULT_RECIPE,
        preset: str = "quick",
        settings: dict[str, Any] | None = None,
        device: str = "cpu",
        dtype: str = FLOAT32,
    ) -> dict[str, Any]:
        """Starts a job that quantizes a model; ask `job` how far it is, `scores` for its result.

        Args:
            model: A model of the catalog, such as mini-sd1.
            recipe: The method, such as fidelity or round_nearest.
            preset: quick, balanced or paper.
            settings: Settings that differ from the preset's, by name.
            device: cpu or cuda.
            dtype: The FP model's: float32, float16 or bfloat16.
        """
        given = {"model": model, "recipe": recipe, "preset": preset, "device": device}
        for name, value in {**given, "dtype": dtype}.items():
            _text(name, value)
        spec = quantize_request(context.catalog(), config=settings, dtype=dtype, **given)
        cost = context.estimate(spec)
        job = context.submit(QUANTIZE, spec)
        told = {"seconds": cost.seconds, "memory_bytes": cost.memory_bytes, "timed": cost.timed}
        return {"job": job, "state": QUEUED, "estimate": told}

    def job(job: str) -> dict[str, Any]:
        """How far a job is, and once it is done where its pictures are, below the app's own
        address.

        Args:
            job: The id that `generate` or `quantize` gave.
        """
        found = store.runs.get(_text("job", job))
        return job_row(found, store.runs.waiting(), context.address)

    for name, endpoint in (
        *(("runs", runs), ("scores", scores), ("generate", generate)),
        *(("quantize", quantize), ("job", job)),
    ):
        # A tool of MCP is what is public; what is not listed can still be called by its name.
        is_listed = name in READS or context.mcp != MCP_READS
        visibility = "public" if is_listed else "undocumented"
        gr.api(_plainly(endpoint), api_name=name, queue=False, api_visibility=visibility)


def _plainly(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Refusals in plain words: a program shows no markup."""

    @functools.wraps(endpoint)
    def answer(*values: Any, **named: Any) -> Any:
        try:
            return endpoint(*values, **named)
        except SdqvizError as error:
            hint = f" Next: {error.hint}." if error.hint else ""
            raise gr.Error(f"{error.message}.{hint}", print_exception=False) from error

    return answer


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise SdqvizError(f"{name} is {str(value)[:40]!r}", "give a text")
    return value


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SdqvizError(f"{name} is {str(value)[:40]!r}", "give a whole number")
    return value
