"""The blocks of a network: what inter-layer distillation compares and what freezing freezes."""

from torch import nn

from sdqviz.layers.fake import FakeLayer, fake_layers


def block_names(network: nn.Module, classes: tuple[str, ...]) -> list[str]:
    """Names of the modules of these classes, in network order."""
    return [n for n, module in network.named_modules() if type(module).__name__ in classes]


def block_layers(student: nn.Module, blocks: list[str]) -> dict[str, list[FakeLayer]]:
    """Block -> its fake layers. Layers outside every block belong to none and are left out."""
    layers = fake_layers(student)
    return {
        block: own
        for block in blocks
        if (own := [layer for name, layer in layers.items() if name.startswith(f"{block}.")])
    }
