"""What one network call takes here: timed once a run, and kept with its result."""

import time

import torch

from sdqviz.base.scene import Scene
from sdqviz.families.contract import Model
from sdqviz.families.predictor import predictor


def time_call(model: Model, scene: Scene) -> float:
    """Seconds of one sample in a call of the FP network, of the second of two calls: the first
    one chooses kernels.
    """
    predict = predictor(model, scene)
    x = torch.zeros(1, *model.family.latent_shape(model, scene))

    def seconds() -> float:
        started = time.perf_counter()
        answer = predict(x, torch.tensor(1)).cpu()  # a GPU has not finished before
        return (time.perf_counter() - started) / len(answer)

    with torch.no_grad():
        seconds()
        return seconds()
