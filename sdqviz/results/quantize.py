"""What a quantize run leaves: the packed model, and how well it draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sdqviz.results.engine import EngineReport
from sdqviz.results.evaluation import Evaluation
from sdqviz.results.layer import LayerRow
from sdqviz.results.row import Row
from sdqviz.results.size import SizeReport
from sdqviz.results.training import StoppedAt, TrainingFacts


@dataclass(frozen=True, kw_only=True)
class PackedNetwork(Row):
    """What packing the network gives (`stages.pack`)."""

    packed: str  # blob of the safetensors file, `layers/FORMAT.md`
    size: SizeReport
    layers: Sequence[LayerRow]  # the whole plan, in the network's order
    engine: EngineReport


@dataclass(frozen=True, kw_only=True)
class QuantizedModel(PackedNetwork):
    """A packed network and how it was made. A training that was cancelled leaves this: it can be
    exported and drawn with, and has no scores.
    """

    KEYS: ClassVar[Mapping[str, str]] = {
        "layer_inputs": "layer_pairs",
        "older_layer_inputs": "pair_histograms",
    }

    model: str  # a mini's name, a hub id, a path
    family: str
    call_seconds: float | None = None  # of one sample in a call of the FP network; None in older
    made_by: str | None = None  # hash of model, machine and stages; None in older runs
    sensitivity: Mapping[str, float] | None = None  # layer -> share of the output's power it costs
    histograms: str | None = None  # blob (npz): inputs of the layers while calibrating
    training: TrainingFacts | None = None  # None where nothing was trained
    stopped_at: StoppedAt | None = None  # None where the training came to its end
    layer_inputs: str | None = None  # blob (npz): `measure.layer_inputs`; None in older runs
    older_layer_inputs: str | None = None  # in their place: the same without the layers' errors


@dataclass(frozen=True, kw_only=True)
class QuantizeResult(QuantizedModel, Evaluation):
    """A finished quantize run. It was finished early where `stopped_at` is there."""

    seconds: float  # of the whole run, its last attempt
    peak_bytes: int  # of the host's memory
    device_peak_bytes: int | None = None  # of the GPU's, where there is one; None in older runs

    @property
    def held_out_inputs(self) -> str | None:
        """The blob with both models' inputs of each layer on `measured_scene`, if it was kept."""
        return self.layer_inputs or self.older_layer_inputs

    @property
    def measured_scene(self) -> str:
        """The prompt and seed of the scene whose layers were kept: the first that was held out."""
        return self.scenes[0].label
