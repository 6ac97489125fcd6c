"""The scores of a comparison's pairs, kept beside the pictures (`scores.jsonl`): a stopped scoring
goes on, and a metric that comes later scores alone.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from sdqviz.base.scene import Scene
from sdqviz.population.folder import Pictures

_FILE = "scores.jsonl"


@dataclass(frozen=True)
class Scores:
    """By scene id, metric label (it names the backbone) -> score."""

    file: Path
    rows: dict[str, dict[str, float]]

    @staticmethod
    def of(pictures: Pictures) -> "Scores":
        """What was scored before; a line that a stop cut short is scored again."""
        file = pictures.folder / _FILE
        scores = Scores(file, {})
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        whole = []
        for line in lines:
            try:
                row = json.loads(line)
                scores.rows.setdefault(row["scene"], {}).update(row["scores"])
            except (ValueError, KeyError, TypeError):
                continue
            whole.append(line)
        if len(whole) < len(lines):
            file.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
        return scores

    def row(self, scene: Scene) -> dict[str, float]:
        return self.rows.get(scene.id, {})

    def add(self, scene: Scene, scores: dict[str, float]) -> None:
        self.rows.setdefault(scene.id, {}).update(scores)
        with self.file.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps({"scene": scene.id, "scores": scores}) + "\n")
