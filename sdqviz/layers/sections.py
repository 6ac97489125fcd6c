"""The named sections of format version 2: what a packed network has beside layers and time table.

A reader that does not know a section refuses the file by the section's name: it would draw other
pictures without it.
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.correction import (
    SECTION as CORRECTION,
)
from sdqviz.layers.correction import (
    OutputCorrection,
    correction_of,
    correction_problem,
    install_correction,
)

SECTIONS = (CORRECTION,)  # and so the first names of their tensors


def sections_of(network: nn.Module) -> dict[str, dict[str, Any]]:
    """Section -> what is needed, beside its tensors, to make room for it; none in version 1."""
    correction = correction_of(network)
    if correction is None:
        return {}
    timesteps, channels = correction.factor.shape
    return {CORRECTION: {"timesteps": timesteps, "channels": channels}}


def refuse_unknown(sections: Mapping[str, Any]) -> None:
    unknown = sorted(set(sections) - set(SECTIONS))
    if unknown:
        raise SdqvizError(
            f"the packed file has a section {unknown[0]!r}, which this sdqviz does not know",
            "update sdqviz",
        )


def install_sections(network: nn.Module, sections: Mapping[str, Any]) -> None:
    """Gives the network its sections, still empty (in place)."""
    refuse_unknown(sections)
    if CORRECTION in sections:
        about = sections[CORRECTION]
        empty = OutputCorrection.empty(int(about["timesteps"]), int(about["channels"]))
        install_correction(network, empty)


def section_problem(network: nn.Module) -> str | None:
    """What damage a section's numbers show, or None."""
    correction = correction_of(network)
    problem = None if correction is None else correction_problem(correction)
    return f"section {CORRECTION}: {problem}" if problem else None
