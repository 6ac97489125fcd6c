"""What else than settings and inputs fixes a product, bit for bit."""

from typing import Any

import torch


def machine_key() -> list[Any]:
    """What else fixes the last bit of a float: torch, its threads."""
    return [torch.__version__, torch.get_num_threads()]
