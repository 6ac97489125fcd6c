"""Whether a quantized folder was made from an FP model."""

from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.families.contract import Model


def refuse_foreign(quantized: Model, folder: str, model: Model, name: str) -> None:
    """Raises SdqvizError unless both networks have one architecture."""
    if _architecture(quantized.network) != _architecture(model.network):
        raise SdqvizError(
            f"{folder} was not made from {name}: its network differs",
            "compare a quantized folder with its own FP model",
        )


def _architecture(network: Any) -> dict[str, Any]:
    """A network's config without what its file or quantization adds."""
    own = dict(network.config)
    return {k: v for k, v in own.items() if k[0] != "_" and k != "quantization_config"}
