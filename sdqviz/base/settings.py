"""Where sdqviz keeps its data: one writable folder, moved by SDQVIZ_HOME."""

import os
from pathlib import Path

from platformdirs import user_data_path

from sdqviz.base.errors import SdqvizError


def home_folder() -> Path:
    """The data folder, made if needed. Raises SdqvizError when it cannot be written.

    Of several processes that train together all but the first keep a folder of their own.
    """
    chosen = os.environ.get("SDQVIZ_HOME")
    folder = Path(chosen).expanduser() if chosen else user_data_path("sdqviz")
    if rank():
        folder = folder / f"rank-{rank()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-test-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise SdqvizError(
            f"cannot write to the data folder {folder}: {error.strerror or error}",
            "set SDQVIZ_HOME to a folder you may write to",
        ) from error
    return folder


def checkpoint_seconds() -> float:
    """Seconds of training that a crash may cost: SDQVIZ_CHECKPOINT_SECONDS, else 30."""
    return float(os.environ.get("SDQVIZ_CHECKPOINT_SECONDS", "30"))


def rank() -> int:
    """This process's number among those that `accelerate launch` started; 0 when alone."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes `accelerate launch` started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_device(device: str) -> str:
    """The process's own GPU when several train together: "cuda" becomes "cuda:N"."""
    own = os.environ.get("LOCAL_RANK", "0")
    return f"cuda:{own}" if device == "cuda" and world_size() > 1 else device
