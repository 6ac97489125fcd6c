"""Errors over the sampling steps: replay (where precision is lost) and free run (if it matters)."""

import torch

from sdqviz.base.steps import Steps
from sdqviz.diffusion.trajectory import Predictor, Trajectory, replay


def relative_error(test: torch.Tensor, reference: torch.Tensor) -> float:
    """|test - reference|^2 / |reference|^2."""
    power = reference.square().sum().clamp(min=torch.finfo(torch.float32).tiny)
    return ((test - reference).square().sum() / power).item()


def replay_errors(teacher: Trajectory, student: Predictor) -> Steps[list[float]]:
    """Per network call: the student's error on the teacher's own input, all branches. Yields how
    many calls are made.
    """
    errors = []
    for prediction, own in zip(replay(teacher, student), teacher.outputs, strict=True):
        errors.append(relative_error(prediction, own))
        yield len(errors)
    return errors


def free_run_errors(teacher: Trajectory, student: Trajectory) -> list[float]:
    """Per network call: the error of the latents after it, each model steering itself."""
    pairs = zip(student.latents[1:], teacher.latents[1:], strict=True)
    return [relative_error(s, t) for s, t in pairs]
