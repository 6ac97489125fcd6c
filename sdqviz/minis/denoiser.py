"""Training the denoising network and its text encoders on cached latents."""

import copy
import random

import torch
from diffusers import AutoencoderKL, SD3Transformer2DModel, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import nn
from transformers import CLIPTokenizer

from sdqviz.minis.architecture import TOKENS
from sdqviz.minis.captions import Caption
from sdqviz.minis.contract import Mini
from sdqviz.minis.equal_tokens import fold_equal_tokens
from sdqviz.minis.scenes import render, to_array

BATCH = 32
CAPTION_DROPOUT = 0.1
EMA_DECAY = 0.999

Background = tuple[int, int, int] | None  # None: the colour that the caption names
Shares = dict[str, float]  # of single, double and unnamed captions in a batch


@torch.no_grad()
def encode_scenes(
    model: AutoencoderKL, scenes: list[tuple[Caption, Background]], batch: int = 16
) -> torch.Tensor:
    """The latents of the scenes' ideal pictures as the denoiser sees them: float32
    [N, C, 16, 16].
    """
    device, latents = model.device, []
    shift = model.config.get("shift_factor") or 0.0
    for start in range(0, len(scenes), batch):
        part = scenes[start : start + batch]
        arrays = [torch.from_numpy(to_array(render(*scene)).copy()) for scene in part]
        pictures = torch.stack(arrays).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1.0
        with torch.autocast(device.type, torch.bfloat16):
            mean = model.encode(pictures).latent_dist.mean.float().cpu()
        latents.append((mean - shift) * model.config.scaling_factor)
    return torch.cat(latents)


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

    @torch.no_grad()
    def update_average(self, step: int) -> None:
        decay = min(EMA_DECAY, (1 + step) / (10 + step))
        for kept, new in zip(self.average.parameters(), self.live.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)


def draw_batch(
    latents: torch.Tensor, captions: list[Caption], shares: Shares, rng: random.Random
) -> tuple[torch.Tensor, list[str]]:
    """BATCH latents [B, C, 16, 16] and their texts, each kind of caption with its share."""
    kinds = {kind: rows for kind, rows in _rows_by_kind(captions).items() if shares.get(kind)}
    weights = [shares[kind] for kind in kinds]
    drawn = rng.choices(list(kinds), weights, k=BATCH)
    rows = [rng.choice(kinds[kind]) for kind in drawn]
    texts = ["" if rng.random() < CAPTION_DROPOUT else captions[row].text for row in rows]
    return latents[rows], texts


def _rows_by_kind(captions: list[Caption]) -> dict[str, list[int]]:
    kinds: dict[str, list[int]] = {"single": [], "double": [], "unnamed": []}
    for row, caption in enumerate(captions):
        kind = (
            "unnamed" if not caption.colour else "double" if len(caption.names) == 2 else "single"
        )
        kinds[kind].append(row)
    return kinds
