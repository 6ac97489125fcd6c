"""Errors over the sampling steps: replay (where precision is lost) and free run (if it matters)."""

import torch

from sdqviz.diffusion.trajectory import Predictor, Trajectory, replay


def relative_error(test: torch.Tensor, reference: torch.Tensor) -> float:
    """|test - reference|^2 / |reference|^2."""
    power = reference.square().sum().clamp(min=torch.finfo(torch.float32).tiny)
    return ((test - reference).square().sum() / power).item()


def replay_errors(teacher: Trajectory, student: Predictor) -> list[float]:
    """Per network call: the student's error on the teacher's own input, all branches."""
    predictions = replay(teacher, student)
    return [relative_error(p, o) for p, o in zip(predictions, teacher.outputs, strict=True)]


def free_run_errors(teacher: Trajectory, student: Trajectory) -> list[float]:
    """Per network call: the error of the latents after it, each model steering itself."""
    pairs = zip(student.latents[1:], teacher.latents[1:], strict=True)
    return [relative_error(s, t) for s, t in pairs]
