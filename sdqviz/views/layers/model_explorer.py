"""A run's layers as files for Google's Model Explorer: a graph, and node data to colour it with.

Its JSON loader takes `graph.json` (a list of graphs: id, nodes with namespaces and attributes);
each other file is custom node data of one figure, keyed by graph and node id.
"""

import json
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import QUANTIZE
from sdqviz.store.own import AnyStore
from sdqviz.store.runs import DONE, Run
from sdqviz.views.folder import new_folder
from sdqviz.views.layers.document import COLOURS, layers_document
from sdqviz.views.training.history import history

GRAPH = "graph.json"
# The ends and the middle of cividis, as in the Layers tab.
_GRADIENT = (
    {"stop": 0, "bgColor": "#00224e", "textColor": "#ffffff"},
    {"stop": 0.5, "bgColor": "#707173", "textColor": "#ffffff"},
    {"stop": 1, "bgColor": "#fee838", "textColor": "#000000"},
)


def export_model_explorer(store: AnyStore, run: Run, out: Path) -> list[Path]:
    """Writes graph.json and a file of node data for each figure that the run has.

    The graph has one node per planned layer, in groups named like its modules, without edges: a
    run knows its layers, not what flows between them. Raises SdqvizError when the run is not
    finished, or the folder is taken or cannot be written.
    """
    if run.kind != QUANTIZE:
        raise SdqvizError(f"run {run.id} is a {run.kind} run", "export a quantize run")
    if run.state != DONE:
        raise SdqvizError(f"run {run.id} is {run.state}", "export a finished run")
    past = history(store.records.events(run.id))
    document = json.loads(layers_document(run, store.blobs, past))
    titles = {column["key"]: column["title"] for column in document["columns"]}
    layers = document["layers"]
    graph = run.spec["model"].rstrip("/").split("/")[-1]
    files: dict[str, Any] = {
        GRAPH: [{"id": graph, "nodes": [_node(row, titles) for row in layers]}]
    }
    for figure in (key for key in COLOURS if key in titles):
        # An error that is not finite is a word, which a gradient cannot place.
        values = {
            r["name"]: {"value": r[figure]} for r in layers if isinstance(r[figure], int | float)
        }
        files[f"{figure}.json"] = {graph: {"results": values, "gradient": _GRADIENT}}
    with new_folder(out, "the graph"):
        for name, content in files.items():
            (out / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return [out / name for name in files]


def _node(row: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    owner, _, leaf = row["name"].rpartition(".")
    told = ((title, row[key]) for key, title in titles.items() if key != "name")
    return {
        "id": row["name"],
        "label": leaf,
        "namespace": owner.replace(".", "/"),
        "attrs": [{"key": k, "value": str(v)} for k, v in told if v not in (None, "")],
    }
