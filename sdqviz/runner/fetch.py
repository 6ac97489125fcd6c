"""Downloads, only when asked."""

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
    """The LPIPS backbone's file, downloaded if needed."""
    from sdqviz.metrics.lpips import BACKBONES, fetch_backbone

    if net not in BACKBONES:
        raise SdqvizError(f"unknown net {net!r}", f"there is {', '.join(BACKBONES)}")
    try:
        return fetch_backbone(net)
    except Exception as error:  # URLError, HTTPError, OSError, a hash mismatch
        raise SdqvizError(
            f"cannot fetch the {net} backbone: {_first_line(error)}", "check the network"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
