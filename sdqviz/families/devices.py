"""Whether a named device is one that torch can use here."""

import torch

from sdqviz.base.errors import SdqvizError


def check_device(name: str) -> str:
    """The name, if models can compute there. Raises SdqvizError with what is missing."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SdqvizError(f"unknown device {name!r}", f"there is {', '.join(here())}") from error
    if device.type == "cpu":
        return name
    if device.type not in here():
        why = f"torch {torch.__version__} finds none"
        if device.type == "cuda" and torch.version.cuda is None and torch.version.hip is None:
            why = f"torch {torch.__version__} is built without it"
        raise SdqvizError(
            f"device {name!r} is not there: {why}",
            f"use {' or '.join(here())}; `nvidia-smi` tells whether there is a driver",
        )
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.index is not None and device.index >= count:
        raise SdqvizError(f"device {name!r} is not there: {count} are", "count from 0")
    return name


def here() -> list[str]:
    """The kinds of device that torch can use on this machine."""
    kinds = ["cpu"]
    if torch.cuda.is_available():
        kinds.append("cuda")
    if torch.backends.mps.is_available():
        kinds.append("mps")
    return kinds
