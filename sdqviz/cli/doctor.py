"""`sdqviz doctor`: what this machine has, what is missing, and how to get it."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import RenderableType

import sdqviz
from sdqviz.base.settings import home_folder
from sdqviz.cli.pages import size, table
from sdqviz.cli.runs import Json
from sdqviz.cli.terminal import emit

_KEYS = ("engines", "measured", "unavailable_metrics", "devices", "torch", "machine")


def doctor_command(as_json: Json = False) -> None:
    """What this machine has, what is missing, and the exact fix."""
    from sdqviz.runner.catalog import build_catalog

    catalog = build_catalog(home_folder())
    report: dict[str, Any] = {"version": sdqviz.__version__, "home": str(home_folder())}
    report |= {key: catalog[key] for key in _KEYS}
    report["families"] = list(catalog["families"])
    report["models"] = [model["name"] for model in catalog["models"]]
    emit(report, as_json, _page)


def _page(report: Mapping[str, Any]) -> Iterable[RenderableType]:
    machine = report["machine"]
    free = f"{size(machine['available_bytes'])} of {size(machine['memory_bytes'])}"
    yield table(
        ("sdqviz", report["version"]),
        [
            ("data folder", report["home"]),
            ("PyTorch", f"{report['torch']}, on {', '.join(report['devices'])}"),
            ("cores", machine["cores"]),
            ("free memory", free),
            ("free disk", size(machine["free_disk_bytes"])),
            ("models", ", ".join(report["models"])),
        ],
    )
    yield ""
    yield table(
        ("engine", "arithmetic", "here"),
        [(e["name"], e["arithmetic"], e["refusal"] or "ready") for e in report["engines"]],
    )
    for measured in report["measured"]:
        fastest = ", ".join(f"{name} {count}" for name, count in measured["fastest"].items())
        yield (
            f"Measured on {measured['gpu']}: {measured['shapes']} shapes; fastest: {fastest}; "
            f"float16 faster in {measured['fp_faster']}"
        )
    yield ""
    metrics = report["unavailable_metrics"].items()
    yield table(("metric", "here"), [(name, reason or "ready") for name, reason in metrics])
