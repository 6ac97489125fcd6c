"""The text encoders work on the model's device, and are there only while they do."""

from types import SimpleNamespace

import torch
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.families.contract import Model
from sdqviz.families.encoding import conditioning_of, encode


class Part(nn.Module):
    """Says where it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def to(self, device):  # type: ignore[override]
        self.sent.append(str(device))
        return self


def test_encoders_come_and_go_once_for_all_scenes():
    encoder, checker, vae = Part(), Part(), Part()
    network = nn.Linear(2, 2, device="meta")
    components = {"text_encoder": encoder, "safety_checker": checker, "vae": vae}
    pipeline = SimpleNamespace(components={**components, "unet": network, "tokenizer": 1}, vae=vae)
    asked = []

    class Family:
        def condition(self, model, scene):
            assert encoder.sent[-1] == "meta"
            asked.append(scene.prompt)
            return {"encoder_hidden_states": torch.ones(2, 3), "more": {"x": torch.ones(2)}}

    model = Model(Family(), "", network, pipeline, {})
    scenes = [Scene(prompt=text, seed=seed) for text in ("a", "b") for seed in (0, 1)]
    encode(model, scenes)
    assert asked == ["a", "b"]
    assert encoder.sent == checker.sent == ["meta", "cpu"]
    assert vae.sent == []
    found = conditioning_of(model, scenes[3])
    assert found["more"]["x"].device.type == "cpu"
    assert asked == ["a", "b"]
    conditioning_of(model, Scene(prompt="b", width=64, height=64))  # XL's depends on the size
    assert asked == ["a", "b", "b"]
