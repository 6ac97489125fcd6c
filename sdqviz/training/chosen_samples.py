"""The chosen recorded calls as batches for a network, scene after scene."""

from collections.abc import Iterator

from sdqviz.products.chosen import ChosenCalls, Pick
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import CalibrationTrajectories
from sdqviz.training.losses import Sample, batch_of
from sdqviz.training.recorded_calls import ConditionedCalls

AT_A_TIME = 16  # samples that a network sees at once


class ChosenSamples:
    """`timesteps`: of each sample, in the order of `batches`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._scenes = context.take(CalibrationScenes).scenes
        self._trajectories = context.take(CalibrationTrajectories)
        picks = context.take(ChosenCalls).picks
        self._by_scene = [
            [pick for pick in picks if pick.scene == place] for place in range(len(self._scenes))
        ]
        self.timesteps = [
            self._trajectories.visited(self._scenes[pick.scene].id)[pick.call]
            for own in self._by_scene
            for pick in own
        ]

    def batches(self) -> Iterator[Sample]:
        """All samples; at any time one scene's calls are in memory."""
        model = self._context.model
        for scene, picks in zip(self._scenes, self._by_scene, strict=True):
            if picks:
                recorded = self._trajectories.by_scene[scene.id]
                calls = [ConditionedCalls.of(model, scene, recorded)]
                own = [Pick(0, pick.call, pick.branch) for pick in picks]
                for start in range(0, len(own), AT_A_TIME):
                    yield batch_of(calls, own[start : start + AT_A_TIME], model.device)
