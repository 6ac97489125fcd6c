"""What a content key is made of, beside what a stage reads."""

from typing import Any, Protocol

import torch


class Maker(Protocol):
    """Whose product it is: a stage."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int:
        """Raised whenever its products would come out differently."""
        ...


def machine_key() -> list[Any]:
    """What else fixes the last bit of a float: torch, its threads."""
    return [torch.__version__, torch.get_num_threads()]
