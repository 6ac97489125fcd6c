"""A finished run as one folder that a browser opens without a server: the app's own views."""

import base64
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import COMPARE, QUANTIZE
from sdqviz.base.stage_names import StageNames
from sdqviz.store.blobs import Blobs
from sdqviz.store.own import AnyStore
from sdqviz.store.runs import DONE, Run
from sdqviz.views.charts.scores import score_chips
from sdqviz.views.compare.gallery import gallery_document
from sdqviz.views.compare.pair import scene_facts, timeline_document, viewer_document
from sdqviz.views.folder import new_folder
from sdqviz.views.layers.document import layers_document
from sdqviz.views.layers.errors import culprits_document
from sdqviz.views.layers.histogram import layer_histogram, layer_names, telling_layer
from sdqviz.views.markup import html, joined
from sdqviz.views.runs.card import facts
from sdqviz.views.runs.listing import typical, worst_first
from sdqviz.views.runs.names import bits, run_name
from sdqviz.views.script import page_style, report_script
from sdqviz.views.training.charts import TRAIN, block_chart, frozen_list, loss_chart
from sdqviz.views.training.history import History, history
from sdqviz.views.training.stages import stage_bar
from sdqviz.views.whole_page import whole_page

_SMOOTHING = 0.6
_HEAD = html(
    """<link rel="stylesheet" href="sdqviz.css">
<script src="sdqviz.js"></script>
<script src="data/run.js"></script>
<script src="data/histograms.js"></script>"""
)


def export_report(store: AnyStore, run: Run, out: Path) -> Path:
    """Writes the report's folder and returns its index.html.

    Pictures lie in `pictures/` as the very PNG files; what the viewer reads pixels of is in
    `data/` once more, because a browser lets no script read a picture that comes from a file.
    Raises SdqvizError when the run is not finished, or the folder is taken or cannot be written;
    nothing half-written is left.
    """
    if run.kind != QUANTIZE:
        raise SdqvizError(f"run {run.id} is a {run.kind} run", "export a quantize run")
    if run.state != DONE or not run.scenes:
        raise SdqvizError(f"run {run.id} is {run.state}", "export a finished run")
    with new_folder(out, "the report"):
        for folder in ("pictures", "data"):
            (out / folder).mkdir()
        _write(store, run, out)
    return out / "index.html"


def _write(store: AnyStore, run: Run, out: Path) -> None:
    blobs, result = store.blobs, run.quantized
    # Folders of this machine are nobody's business.
    runs = [other for other in store.runs.list() if other.kind != COMPARE]
    past = history(store.records.events(run.id))

    def write(name: str, text: str) -> None:
        (out / name).write_text(text, encoding="utf-8")

    def embedded(blob: str) -> str:
        kind = blob.rsplit(".", 1)[1]
        return f"data:image/{kind};base64,{base64.b64encode(blobs.get(blob)).decode()}"

    def copied(blob: str) -> str:
        shutil.copyfile(blobs.file(blob), out / "pictures" / blob)
        return f"pictures/{blob}"

    title = run_name(run)
    write("index.html", whole_page(title, _HEAD))
    write("sdqviz.js", report_script())
    write("sdqviz.css", page_style())
    names = layer_names(blobs, result.histograms)
    write("data/histograms.js", _take("histograms", _histograms(blobs, run, names)))
    about = {
        "title": title,
        "scenes": [{"id": row.id, "label": row.label} for row in worst_first(result.scenes)],
        "opens": typical(result.scenes).id,
        "medians": score_chips(result.metrics),
        "gallery": json.loads(gallery_document(run, copied)),
        "layers": json.loads(layers_document(run, blobs, past)),
        "culprits": json.loads(culprits_document(blobs, result, names)),
        "layer": telling_layer(names),
        "training": stage_bar(run, past.stages, StageNames.shipped()) + _training(past),
        "facts": facts(run),
        "settings": _settings(run.spec),
    }
    write("data/run.js", _take("run", about))
    for row in result.scenes:
        scene = {
            "viewer": viewer_document(run, row, runs, embedded),
            "timeline": timeline_document(run, row, embedded),
            "facts": scene_facts(row),
        }
        write(f"data/{row.id}.js", f"sdqvizReport.scene({_js(row.id)}, {_js(scene)});\n")


def _histograms(blobs: Blobs, run: Run, names: Sequence[str]) -> dict[str, Any]:
    return {n: json.loads(layer_histogram(blobs, run.quantized, n, bits(run))) for n in names}


def _training(past: History) -> str:
    if not past.curves.get("loss"):
        return ""
    blocks = block_chart(past, TRAIN, past.blocks[:4], _SMOOTHING, True)
    return loss_chart(past, _SMOOTHING, True) + blocks + frozen_list(past)


def _settings(spec: dict[str, Any]) -> str:
    """Every setting of the run: the spec's own, then its recipe's."""
    flat = {k: v for k, v in spec.items() if k != "config"} | spec["config"]
    rows = (
        html(
            '<tr><th scope="row">{name}</th><td>{value}</td></tr>',
            name=name,
            value=json.dumps(value),
        )
        for name, value in flat.items()
    )
    return html('<table class="settings">{rows}</table>', rows=joined(rows))


def _take(name: str, value: Any) -> str:
    return f"sdqvizReport.take({_js(name)}, {_js(value)});\n"


def _js(value: Any) -> str:
    """JSON that is a JavaScript expression in any script file."""
    return json.dumps(value).replace("</", "<\\/")
