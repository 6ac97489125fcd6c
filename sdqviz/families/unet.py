"""What the UNet families share: the roles of a UNet's layers, and v1's and v2's conditioning."""

import torch
from torch import nn

from sdqviz.base.scene import OWN, Scene
from sdqviz.families.contract import Model
from sdqviz.families.pipeline import PipelineFamily
from sdqviz.layers.plan import CONDITIONING, EMBEDDER, FIRST, LAST, MODULATION, TIME


class UNetFamily(PipelineFamily):
    network_folder = "unet"
    samplers = ("pndm", "ddim", "euler", "dpmpp", OWN)
    optional = unread = ("safety_checker", "feature_extractor", "image_encoder")
    block_classes = ("ResnetBlock2D", "Transformer2DModel", "Downsample2D", "Upsample2D")

    def roles(self, network: nn.Module) -> dict[str, str]:
        """A network that is told the guidance scale beside the time has no table over the time."""
        told = network.config.get("time_cond_proj_dim") is not None  # type: ignore[union-attr]
        embedding, projection = (EMBEDDER, MODULATION) if told else (TIME, TIME)
        roles = {"conv_in": FIRST, "conv_out": LAST}
        for name, _ in network.named_modules():
            if name.endswith(("attn2.to_k", "attn2.to_v")):
                roles[name] = CONDITIONING
            elif name.startswith("time_embedding."):
                roles[name] = embedding
            elif name.endswith(".time_emb_proj"):
                roles[name] = projection
        return roles

    def joined(self, network: nn.Module) -> dict[str, int]:
        """The shortcut convolutions of the decoder's ResNet blocks."""
        found: dict[str, int] = {}
        own = int(network.mid_block.resnets[-1].out_channels)  # type: ignore[union-attr,index]
        for place, block in enumerate(network.up_blocks):  # type: ignore[arg-type]
            for number, resnet in enumerate(block.resnets):  # type: ignore[arg-type]
                if resnet.conv_shortcut is not None:
                    found[f"up_blocks.{place}.resnets.{number}.conv_shortcut"] = own
                own = int(resnet.out_channels)
        return found

    def middle(self, network: nn.Module) -> str:
        attentions = getattr(network.mid_block, "attentions", None)
        return "mid_block.attentions.0" if attentions else "mid_block.resnets.0"

    @torch.no_grad()
    def condition(self, model: Model, scene: Scene) -> dict[str, torch.Tensor]:
        conditional, unconditional = model.pipeline.encode_prompt(
            scene.prompt,
            device=model.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=self.guided(model, scene),
            negative_prompt=scene.negative_prompt,
        )
        guided = self.guided(model, scene)
        branches = [unconditional, conditional] if guided else [conditional]
        return {
            "encoder_hidden_states": torch.cat(branches),
            **self.guidance_input(model, scene),
        }
