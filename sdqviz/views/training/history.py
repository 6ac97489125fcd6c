"""What a training recorded, out of its run's events."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sdqviz.base.events import SECONDS, Event, Preview, Scalar, State


@dataclass
class History:
    """curves[name][layer or ""] is step -> value; a resumed run's repeated steps come once."""

    curves: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)
    frozen: dict[str, tuple[int, str]] = field(default_factory=dict)
    previews: dict[int, str] = field(default_factory=dict)
    influence: dict[int, tuple[str, float]] = field(default_factory=dict)  # call -> t, share
    stages: dict[str, float] = field(default_factory=dict)  # seconds, all attempts
    teacher: str = ""  # blob of the teacher's picture of the same scene

    def points(self, name: str, layer: str = "") -> list[tuple[int, float]]:
        return sorted(self.curves.get(name, {}).get(layer, {}).items())

    @property
    def blocks(self) -> list[str]:
        return list(self.curves.get("block") or self.curves.get("replay") or {})


def history(events: Sequence[Event]) -> History:
    """The training's curves out of a run's events."""
    found = History()
    for event in events:
        if isinstance(event, Scalar) and event.name == "influence":
            found.influence[event.step] = (f"{event.timestep:g}", event.value)
        elif isinstance(event, Scalar) and event.name == SECONDS and event.layer:
            found.stages[event.layer] = found.stages.get(event.layer, 0.0) + event.value
        elif isinstance(event, Scalar):
            by_layer = found.curves.setdefault(event.name, {})
            by_layer.setdefault(event.layer or "", {})[event.step] = event.value
        elif isinstance(event, State) and event.name == "frozen":
            found.frozen[event.layer] = (event.step, event.reason)
        elif isinstance(event, Preview) and event.name == "teacher":
            found.teacher = event.blob
        elif isinstance(event, Preview):
            found.previews[event.step] = event.blob
    return found
