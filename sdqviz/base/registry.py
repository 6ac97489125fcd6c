"""The folder is the registry: every module of a package that defines NAME is found.

An entry that takes several files is a folder of the package: its module of the attribute's name
(`tab` for TAB) defines the entry. Other distributions add entries by an entry point in the group
of the package's name, whose value is the object: in group `sdqviz.recipes`,
`their_package.their_module:RECIPE`.
"""

import importlib
import importlib.metadata
import importlib.util
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

from sdqviz.base.errors import SdqvizError


@cache
def found(package: str, attribute: str) -> dict[str, Any]:
    """{entry.name: entry} of each module and folder of `package` that defines `attribute`, and of
    the entry points of other distributions. Two of one name are refused.
    """
    entries: dict[str, Any] = {}
    for origin, entry in (*_own(package, attribute), *_announced(package)):
        if entry.name in entries:
            raise SdqvizError(
                f"{origin} brings a second {attribute.lower()} {entry.name!r}",
                "give it another name, or uninstall one of the two",
            )
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


def announced(package: str) -> set[str]:
    """The names that entry points of other distributions announce. Imports nothing of theirs."""
    return {point.name for point in importlib.metadata.entry_points(group=package)}


def _own(package: str, attribute: str) -> Iterator[tuple[str, Any]]:
    folder = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__):
        name = f"{package}.{module.name}"
        if module.ispkg:
            name = f"{name}.{attribute.lower()}"
            if importlib.util.find_spec(name) is None:
                continue  # a folder beside the entries
        entry = getattr(importlib.import_module(name), attribute, None)
        if entry is not None:
            yield name, entry


def _announced(group: str) -> Iterator[tuple[str, Any]]:
    for point in importlib.metadata.entry_points(group=group):
        owner = point.dist.name if point.dist else point.value
        try:
            yield owner, point.load()
        except Exception as error:  # another's code: whatever it raises, say whose it is
            raise SdqvizError(
                f"{owner} announces {point.value} for {group}, but loading it fails: {error}",
                f"mend or uninstall {owner}",
            ) from error
