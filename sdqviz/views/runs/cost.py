"""What a run is estimated to cost, in words."""

from typing import Protocol

from sdqviz.base.errors import SdqvizError
from sdqviz.views.markup import html
from sdqviz.views.runs.card import duration


class Cost(Protocol):
    """Estimated before a run: seconds of work, bytes of memory at its peak, the host's and the
    GPU's (0 without one), bytes of disk. `timed`: the seconds come from a call that was timed.
    """

    @property
    def seconds(self) -> float: ...

    @property
    def memory_bytes(self) -> int: ...

    @property
    def device_bytes(self) -> int: ...

    @property
    def disk_bytes(self) -> int: ...

    @property
    def timed(self) -> bool: ...


def cost_words(cost: Cost) -> str:
    memory = f"{cost.memory_bytes / 1e9:.1f} GB of memory"
    if cost.device_bytes:
        memory += f", {cost.device_bytes / 1e9:.1f} GB of GPU memory"
    return f"{duration(cost.seconds)}, {memory}, {cost.disk_bytes / 1e6:.0f} MB of disk"


def cost_line(cost: Cost) -> str:
    """The line beside the Quantize button."""
    how = "estimated" if cost.timed else "estimated; no call was timed yet: the time is a guess"
    words = cost_words(cost)
    return html('<p class="sdq-cost">About {cost_words} ({how}).</p>', cost_words=words, how=how)


def unaffordable_line(error: SdqvizError) -> str:
    """The same line where the run would be refused."""
    hint = f" Next: {error.hint}." if error.hint else ""
    return html(
        '<p class="sdq-cost sdq-error">{message}.{hint}</p>', message=error.message, hint=hint
    )
