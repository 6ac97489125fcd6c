"""Training the denoising network and its text encoders on cached latents."""

import copy

import torch
from diffusers import SD3Transformer2DModel, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import nn
from transformers import CLIPTokenizer

from sdqviz.minis.architecture import TOKENS
from sdqviz.minis.contract import Mini
from sdqviz.minis.equal_tokens import fold_equal_tokens


class Denoiser(nn.Module):
    """The trained networks and their exponential moving average, with the training loss."""

    def __init__(self, mini: Mini, tokenizer: CLIPTokenizer) -> None:
        super().__init__()
        self.mini, self.tokenizer = mini, tokenizer
        self.live = mini.networks(tokenizer)
        if isinstance(self.live["denoiser"], UNet2DConditionModel):
            # The fused attention's backward is slow on CPUs; the plain one trains 1.5 times faster.
            self.live["denoiser"].set_attn_processor(AttnProcessor())
            self.live["text"].set_attn_implementation("eager")
        self.average = copy.deepcopy(self.live).requires_grad_(False)
        if isinstance(self.live["denoiser"], SD3Transformer2DModel):
            fold_equal_tokens(self.live["denoiser"], TOKENS)

    def trainable(self) -> list[nn.Parameter]:
        return list(self.live.parameters())

    def loss(self, latents: torch.Tensor, texts: list[str]) -> torch.Tensor:
        """The family's objective on latents float32 [B, C, 16, 16]; texts, B captions, empty for
        the unconditional branch.
        """
        device = latents.device
        tokens = self.tokenizer(
            texts, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids.to(device)

        def call(noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
            with torch.autocast(device.type, torch.bfloat16):
                conditioning = self.mini.condition(self.live, tokens)
                return self.live["denoiser"](noisy, timestep=timesteps, **conditioning).sample

        return self.mini.objective(call, latents)
