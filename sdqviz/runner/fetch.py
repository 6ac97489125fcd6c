"""Downloads, only when asked."""

from functools import partial
from pathlib import Path

from sdqviz.base.errors import SdqvizError


def fetch_model(name: str, variant: str = "") -> Path:
    """The hub model's folder in the Hugging Face cache, downloaded if needed (see
    `families.download`).
    """
    if name.count("/") != 1:
        raise SdqvizError(f"{name!r} is not a hub id", "write owner/name, or 'metrics'")
    from sdqviz.families.download import download_pipeline

    try:
        return download_pipeline(name, variant or None)
    except Exception as error:  # the hub's errors have many types; each becomes one line
        raise SdqvizError(
            f"cannot fetch {name}: {_first_line(error)}",
            "check the name and the network; for a gated model accept its licence on the hub "
            "and run `hf auth login`",
        ) from error


def fetch_metrics(net: str) -> Path:
    """A backbone's file or folder, downloaded if needed: of LPIPS, or of the scores of whole sets
    (`inception` for FID and sFID, `clip` for the CLIP score).
    """
    from sdqviz.metrics.lpips import BACKBONES, fetch_backbone
    from sdqviz.metrics.sets.clip_score import fetch_clip
    from sdqviz.metrics.sets.inception import fetch_weights

    fetchers = {
        **{name: partial(fetch_backbone, name) for name in BACKBONES},
        "inception": fetch_weights,
        "clip": fetch_clip,
    }
    if net not in fetchers:
        raise SdqvizError(f"unknown net {net!r}", f"there is {', '.join(fetchers)}")
    try:
        return Path(fetchers[net]())
    except ImportError as error:
        raise SdqvizError(str(error), "run pip install 'sdqviz[fid]'") from error
    except Exception as error:  # URLError, HTTPError, OSError, a hash mismatch
        raise SdqvizError(
            f"cannot fetch the {net} backbone: {_first_line(error)}", "check the network"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
