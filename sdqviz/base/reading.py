"""Reading what a user gave: whatever is wrong with it becomes one line with a next step."""

import json
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError

# What a file that is not what it should be makes its readers raise. Errors of safetensors and of
# huggingface_hub are plain Exceptions, so they are known by their names.
_DAMAGE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(ArithmeticError, RuntimeError, NotImplementedError, struct.error),
)
_DEEPEST = 100  # levels of nested JSON


@contextmanager
def reading(what: object, hint: str) -> Iterator[None]:
    """Any error that damage can cause becomes a SdqvizError that names `what`."""
    try:
        yield
    except SdqvizError:
        raise
    except Exception as error:
        if not is_damage(error):
            raise
        raise SdqvizError(f"{what} cannot be read: {first_line(error)}", hint) from error


def is_damage(error: Exception) -> bool:
    """Whether an error is what a damaged file makes its readers raise, and no lack of memory."""
    if "OutOfMemory" in type(error).__name__:  # torch's is a RuntimeError
        return False
    theirs = type(error).__module__.split(".")[0] == "huggingface_hub"
    named = type(error).__name__ == "SafetensorError" or type(error) is Exception  # tokenizers'
    return isinstance(error, _DAMAGE) or theirs or named


def first_line(error: BaseException) -> str:
    """An error in one line of at most 200 characters; its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


def read_json_object(file: Path, hint: str) -> dict[str, Any]:
    """A JSON object from a file, with or without a byte-order mark."""
    with reading(file, hint):
        check_regular(file, hint)
        text = file.read_text(encoding="utf-8-sig")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SdqvizError(f"{file} is not valid JSON: {first_line(error)}", hint) from error
    if not isinstance(found, dict):
        raise SdqvizError(f"{file} holds no JSON object but a {type(found).__name__}", hint)
    if _depth(found) > _DEEPEST:
        raise SdqvizError(f"{file} nests deeper than {_DEEPEST} levels", hint)
    return found


def check_regular(file: Path, hint: str) -> None:
    """Refuses what is there but no ordinary file: reading a pipe or a device never ends."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError as error:
        raise SdqvizError(f"{file} is missing", hint) from error
    except OSError as error:
        raise SdqvizError(f"{file} cannot be read: {error.strerror}", hint) from error
    if not stat.S_ISREG(mode):
        raise SdqvizError(f"{file} is no ordinary file", hint)


def _depth(value: Any) -> int:
    """Levels of nesting, without recursion."""
    deepest, rest = 0, [(value, 1)]
    while rest:
        one, level = rest.pop()
        deepest = max(deepest, level)
        if isinstance(one, dict | list):
            inside = one.values() if isinstance(one, dict) else one
            rest += [(child, level + 1) for child in inside]
    return deepest
