"""What else than settings and inputs fixes a product, bit for bit."""

import functools
from typing import Any

import torch


def machine_key() -> list[Any]:
    """What else fixes the last bit of a float: torch, its threads; the GPU, its driver, cuDNN."""
    return [torch.__version__, torch.get_num_threads(), *_gpu()]


@functools.cache
def _gpu() -> tuple[Any, ...]:
    if not torch.cuda.is_available():
        return ()
    from torch.utils import collect_env

    driver = collect_env.get_nvidia_driver_version(collect_env.run)
    return (torch.cuda.get_device_name(), driver, torch.backends.cudnn.version())
