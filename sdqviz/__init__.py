"""sdqviz: Stable Diffusion in 4-bit weights and 8-bit activations, seen beside itself.

The public names are lazy, so `import sdqviz` brings in neither torch nor diffusers.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdqviz.api import compare, load, quantize
    from sdqviz.base.errors import SdqvizError
    from sdqviz.integrations.diffusers_quantizer import SdqvizConfig, register

__version__ = "0.1.0"
__all__ = ["SdqvizConfig", "SdqvizError", "compare", "load", "quantize", "register"]
_QUANTIZER = ("SdqvizConfig", "register")


def __getattr__(name: str) -> Any:
    if name in _QUANTIZER:
        from sdqviz.integrations import diffusers_quantizer

        return getattr(diffusers_quantizer, name)
    if name == "SdqvizError":
        from sdqviz.base.errors import SdqvizError

        return SdqvizError
    if name in __all__:
        from sdqviz import api

        return getattr(api, name)
    raise AttributeError(f"module 'sdqviz' has no attribute {name!r}")
