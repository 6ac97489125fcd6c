"""A class's app: everyone sees one run and takes blind tests; nothing is quantized or cancelled."""

from dataclasses import replace
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import QUANTIZE
from sdqviz.ui.context import AppContext


def in_class(context: AppContext, address: str) -> AppContext:
    """The context of an app that a class shares. `address`: where phones of the local network
    reach this machine, if they do. The run that a first visit shows is pinned.
    """

    def submit(kind: str, spec: dict[str, Any]) -> str:
        if kind == QUANTIZE:
            raise _off("quantizing")
        return context.submit(kind, spec)

    shown = context.finished_run(None)
    return replace(
        context,
        pinned=context.pinned or (shown.id if shown else ""),
        is_class=True,
        class_address=address,
        submit=submit,
        cancel=lambda run_id: _refuse("cancelling"),
        resume=lambda run_id: _refuse("resuming"),
        finish=lambda run_id: _refuse("finishing early"),
    )


def _refuse(what: str) -> None:
    raise _off(what)


def _off(what: str) -> SdqvizError:
    return SdqvizError(f"{what} is off while a class uses this app", "start it without --class")
