"""The model card of a quantized model."""

from pathlib import Path

from sdqviz.base.errors import SdqvizError
from sdqviz.results.quantize import QuantizedModel, QuantizeResult
from sdqviz.store.runs import Run


def model_card(run: Run) -> str:
    """Markdown with Hub metadata, how it was made, and its held-out scores with settings."""
    result = run.quantized_model
    if result is None:
        raise SdqvizError(f"run {run.id} is {run.state}", "choose a finished quantize run")
    config, size = run.spec["config"], result.size
    bits = f"W{config['weight_bits']}A{config['activation_bits'] or 16}"
    name = Path(run.spec["model"]).name
    lines = [
        "---",
        "library_name: diffusers",
        *_base(run.spec["model"]),
        f"tags: [quantization, {bits.lower()}, sdqviz, stable-diffusion]",
        "---",
        "",
        f"# {name}, {bits}",
        "",
        f"Quantized by sdqviz with the recipe `{run.spec['recipe']}`, preset "
        f"`{run.spec['preset']}`. Load it with `sdqviz.load(FOLDER)`, or after "
        "`sdqviz.register()` with diffusers' `DiffusionPipeline.from_pretrained(FOLDER)`.",
        "",
        f"- network: {size.bytes:,} bytes packed, {size.fp_bytes:,} in float32 "
        f"({size.bits_per_weight:.2f} bits a weight, tables included)",
        f"- calibrated on {config['calibration_scenes']} scenes: {config['steps']} steps, "
        f"{config['scheduler']}",
        f"- arithmetic when scored: {result.engine.arithmetic}",
        "",
        *_state(result),
        "",
        "| metric | median | noise floor | other seed | better | settings |",
        "|---|---|---|---|---|---|",
    ]
    for metric in result.measured.values() if isinstance(result, QuantizeResult) else ():
        numbers = [_number(value) for value in (metric.median, metric.floor, metric.ceiling)]
        lines.append(
            f"| {metric.label} | {' | '.join(numbers)} | {metric.direction} | {metric.settings} |"
        )
    return "\n".join([*lines, ""])


def _base(model: str) -> list[str]:
    """The Hub's link to the FP model. A folder of this machine is none, and nobody's business."""
    if model.count("/") != 1 or model[0] in "./~" or Path(model).exists():
        return []
    return [f"base_model: {model}", "base_model_relation: quantized"]


def _state(result: QuantizedModel) -> list[str]:
    """What was scored, or why nothing was."""
    if isinstance(result, QuantizeResult):
        count = len(result.scenes)
        scores = [f"Scores on {count} held-out scenes, against the FP model's own pictures:"]
        return [*_ended(result, "finished early"), *scores]
    return [*_ended(result, "cancelled"), "It has no scores."]


def _ended(result: QuantizedModel, how: str) -> list[str]:
    """Where a training ended before its last step."""
    stopped = result.stopped_at
    if stopped is None:
        return []
    return [f"Its training was {how} at step {stopped.step} of {stopped.of}.", ""]


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}"
