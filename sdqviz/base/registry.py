"""The folder is the registry: every module of a package that defines NAME is found.

An entry that takes several files is a folder of the package: its module of the attribute's name
(`tab` for TAB) defines the entry.
"""

import importlib
import importlib.util
import pkgutil
from functools import cache
from typing import Any

from sdqviz.base.errors import SdqvizError


@cache
def found(package: str, attribute: str) -> dict[str, Any]:
    """{entry.name: entry} for each module and each folder of `package` that defines `attribute`."""
    folder = importlib.import_module(package)
    entries: dict[str, Any] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        name = f"{package}.{module.name}"
        if module.ispkg:
            name = f"{name}.{attribute.lower()}"
            if importlib.util.find_spec(name) is None:
                continue  # a folder beside the entries
        entry = getattr(importlib.import_module(name), attribute, None)
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
