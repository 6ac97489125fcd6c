"""Prompts from a file, split so that what is calibrated on is never scored.

A prompt's split hangs on its words alone, so it stays where it is when others come or go.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.keys import content_key, seed_from
from sdqviz.base.places import place
from sdqviz.base.reading import check_regular, first_line
from sdqviz.base.scene import MAX_PROMPT_CHARACTERS
from sdqviz.products.scenes import CALIBRATE, HELD_OUT, TUNE

# Of 16: a training draws hundreds of scenes, a scoring some dozens, and one scene is watched.
_SHARES = {CALIBRATE: 12, TUNE: 1, HELD_OUT: 3}
_LARGEST_BYTES = 1_000_000  # the prompts are part of the run
# How many prompts of a split a run wants: the setting that says so.
_WANTED = {CALIBRATE: "calibration_scenes", HELD_OUT: "held_out_scenes"}

Splits = dict[str, list[str]]


def split_of(prompt: str) -> str:
    """The split of a prompt, whatever its case and spacing."""
    place = seed_from("split of a prompt", plain(prompt)) % sum(_SHARES.values())
    for split, share in _SHARES.items():
        if place < share:
            return split
        place -= share
    raise AssertionError("the shares are all places")


def plain(prompt: str) -> str:
    """What is the same for two prompts that differ in case or spacing only."""
    return " ".join(prompt.casefold().split())


def split_prompts(texts: Sequence[str]) -> Splits:
    """Every prompt once, in order, under its split."""
    splits: Splits = {split: [] for split in _SHARES}
    for text in {plain(text): text for text in reversed(texts)}.values():
        splits[split_of(text)].insert(0, text)
    return splits


def read_prompts(file: str | Path) -> Splits:
    """The prompts of a text file (one a line) or a JSON file: a list, which is split here, or an
    object {calibrate, tune, held_out} of lists that have no prompt in common.
    """
    texts = _lines_or_json(place(file))
    if isinstance(texts, dict):
        return _own_splits(texts, file)
    splits = split_prompts(_checked(texts, file))
    if not any(splits.values()):
        raise SdqvizError(f"{file} holds no prompts", "write one prompt a line")
    return splits


def all_prompts(file: str | Path) -> list[str]:
    """As `read_prompts`, for scenes that are scored only: an object's held-out prompts, or all of a
    list in its own order.
    """
    texts = _lines_or_json(place(file))
    if isinstance(texts, dict):
        held_out = _own_splits(texts, file)[HELD_OUT]
        if not held_out:
            raise SdqvizError(f"{file} holds no {HELD_OUT} prompts", "add some")
        return held_out
    checked = _checked(texts, file)
    if not checked:
        raise SdqvizError(f"{file} holds no prompts", "write one prompt a line")
    return checked


def with_prompts(spec: dict[str, Any], file: str | Path | None) -> dict[str, Any]:
    """The quantize spec with the file's prompts in it. Raises SdqvizError where they are fewer
    than the run wants.
    """
    if file is None:
        return spec
    splits = read_prompts(file)
    for split, found in splits.items():
        setting = _WANTED.get(split)
        wanted = spec["config"].get(setting, 0) if setting else 1
        if len(found) < wanted:
            whole = sum(map(len, splits.values()))
            less = f", or --set {setting}={len(found)}" if setting and found else ""
            raise SdqvizError(
                f"{file} has {len(found)} {split} prompts of {whole} (split by their words), "
                f"the run wants {wanted}",
                f"add prompts{less}",
            )
    return {**spec, "prompts": {"file": str(file), "digest": content_key(splits)[:12], **splits}}


def _lines_or_json(path: Path) -> Any:
    if path.exists():
        check_regular(path, "give a text or JSON file")
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise SdqvizError(
                f"{path} has {size} bytes, over {_LARGEST_BYTES}", "give some thousand prompts"
            )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SdqvizError(f"cannot read {path}: {error}", "give a text or JSON file") from error
    if path.suffix.lower() != ".json":
        return text.splitlines()
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SdqvizError(
            f"{path} is not valid JSON: {first_line(error)}", "give a list of prompts"
        ) from error


def _checked(texts: Any, file: str | Path) -> list[str]:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise SdqvizError(
            f"{file} is not a list of prompts",
            f"write one a line, a JSON list of strings, or an object of {', '.join(_SHARES)}",
        )
    kept = [text.strip() for text in texts if text.strip()]
    long = next((text for text in kept if len(text) > MAX_PROMPT_CHARACTERS), None)
    if long is not None:
        raise SdqvizError(
            f"{file} has a prompt of {len(long)} characters, over {MAX_PROMPT_CHARACTERS}",
            "write one prompt a line",
        )
    return kept


def _own_splits(given: dict[str, Any], file: str | Path) -> Splits:
    if set(given) != set(_SHARES):
        raise SdqvizError(
            f"{file} has {', '.join(sorted(given)) or 'nothing'}",
            f"an object of prompts has {', '.join(_SHARES)}",
        )
    splits = {split: _checked(given[split], file) for split in _SHARES}
    owners: dict[str, str] = {}
    for split, texts in splits.items():
        for text in texts:
            owner = owners.setdefault(plain(text), split)
            if owner != split:
                raise SdqvizError(
                    f"{file} has {text[:60]!r} under {owner} and {split}",
                    "leave it in one: what is calibrated on must not be scored",
                )
    return splits
