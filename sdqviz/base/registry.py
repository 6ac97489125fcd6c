"""The folder is the registry: every module of a package that defines NAME is found."""

import importlib
import pkgutil
from functools import cache
from typing import Any

from sdqviz.base.errors import SdqvizError


@cache
def found(package: str, attribute: str) -> dict[str, Any]:
    """{entry.name: entry} for each module of `package` with a module attribute `attribute`."""
    folder = importlib.import_module(package)
    entries: dict[str, Any] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        entry = getattr(importlib.import_module(f"{package}.{module.name}"), attribute, None)
        if entry is not None:
            entries[entry.name] = entry
    return dict(sorted(entries.items()))


def named(package: str, attribute: str, name: str) -> Any:
    """One entry by name; an unknown name is refused with the known ones."""
    entries = found(package, attribute)
    if name not in entries:
        raise SdqvizError(
            f"unknown {attribute.lower()} {name!r}", f"there is {', '.join(entries) or 'none'}"
        )
    return entries[name]
