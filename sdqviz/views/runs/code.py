"""A run as the command line and the Python lines that repeat it."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from sdqviz.base.request import FLOAT32, changed_from_preset, preset_config

_LONGEST = 88


@dataclass(frozen=True)
class RunCode:
    """The two texts, and what they cannot say ("" if they say everything)."""

    shell: str
    python: str
    note: str


def run_code(catalog: dict[str, Any], spec: dict[str, Any]) -> RunCode:
    """Code with the settings that differ from the preset's only.

    Raises SdqvizError where the recipe or its preset is not there any more.
    """
    changed = changed_from_preset(catalog, spec)
    options = {"recipe": spec["recipe"], "preset": spec["preset"]}
    rare = {"device": "cpu", "dtype": FLOAT32}
    options |= {k: spec[k] for k, usual in rare.items() if spec.get(k, usual) != usual}
    single, given = spec.get("model_config"), spec.get("prompts", {}).get("file")
    in_shell = {"config": single, "prompts": given}
    in_python = {"model_config": single, "prompts_file": given}
    return RunCode(
        _shell(spec["model"], options | {k: v for k, v in in_shell.items() if v}, changed),
        _python(spec["model"], options | {k: v for k, v in in_python.items() if v}, changed),
        _note(preset_config(catalog, spec["recipe"], spec["preset"]), spec),
    )


def _shell(model: str, options: dict[str, str], changed: dict[str, Any]) -> str:
    """One line, or one an option with backslashes where that is too long."""
    words = [f"sdqviz quantize {shlex.quote(model)}"]
    words += [f"--{name} {shlex.quote(value)}" for name, value in options.items()]
    words += [f"--set {shlex.quote(f'{k}={_setting(v)}')}" for k, v in changed.items()]
    line = " ".join(words)
    return line if len(line) <= _LONGEST else " \\\n  ".join(words)


def _setting(value: Any) -> str:
    """A value as --set reads it: JSON, and what is not JSON is a string."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value.lower() if value in ("True", "False") else value)
    except ValueError:
        return value
    return json.dumps(value)


def _python(model: str, options: dict[str, str], changed: dict[str, Any]) -> str:
    values = ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in changed.items())
    words = [_literal(model), *(f"{name}={_literal(value)}" for name, value in options.items())]
    words += [f"config={{{values}}}"] if changed else []
    call = f"report = sdqviz.quantize({', '.join(words)})"
    if len(call) > _LONGEST:
        lines = "".join(f"    {word},\n" for word in words)
        call = f"report = sdqviz.quantize(\n{lines})"
    return f"import sdqviz\n\n{call}"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _note(usual: dict[str, Any], spec: dict[str, Any]) -> str:
    """Settings that came or went since the run was made."""
    config = spec["config"]
    gone = [name for name in config if name not in usual]
    new = [name for name in usual if name not in config]
    parts = []
    if "prompts" in spec:
        digest = spec["prompts"]["digest"]
        parts.append(f"The prompts are those of the file then, digest {digest}.")
    if gone:
        parts.append(f"This version no longer has {', '.join(gone)}.")
    if new:
        parts.append(f"The run is older than {', '.join(new)}; the preset's value is taken.")
    return " ".join(parts)
