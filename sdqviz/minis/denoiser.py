"""Training the denoising network and its text encoder on cached latents."""

import copy
import random

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from sdqviz.minis.captions import Caption
from sdqviz.minis.scenes import render, to_array

BATCH = 48
CAPTION_DROPOUT = 0.1
SNR_LIMIT = 5.0
EMA_DECAY = 0.999

Background = tuple[int, int, int] | None  # None: the colour that the caption names
Shares = dict[str, float]  # of single, double and unnamed captions in a batch


@torch.no_grad()
def encode_scenes(
    model: AutoencoderKL, scenes: list[tuple[Caption, Background]], batch: int = 16
) -> torch.Tensor:
    """The latents of the scenes' ideal pictures: float32 [N, 4, 16, 16]."""
    device, latents = model.device, []
    for start in range(0, len(scenes), batch):
        part = scenes[start : start + batch]
        arrays = [torch.from_numpy(to_array(render(*scene)).copy()) for scene in part]
        pictures = torch.stack(arrays).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1.0
        with torch.autocast(device.type, torch.bfloat16):
            latents.append(model.encode(pictures).latent_dist.mean.float().cpu())
    return torch.cat(latents)


class Denoiser(nn.Module):
    """The trained networks and their exponential moving averages, with the training loss."""

    def __init__(
        self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel, tokenizer: CLIPTokenizer
    ) -> None:
        super().__init__()
        self.unet, self.text_encoder = unet, text_encoder
        # The fused attention's backward is slow on CPUs; the plain one trains 1.5 times faster.
        self.unet.set_attn_processor(AttnProcessor())
        self.ema_unet = copy.deepcopy(unet).requires_grad_(False)
        self.ema_text_encoder = copy.deepcopy(text_encoder).requires_grad_(False)
        self.tokenizer = tokenizer
        self.noise = DDPMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
        )

    def trainable(self) -> list[nn.Parameter]:
        return [*self.unet.parameters(), *self.text_encoder.parameters()]

    def loss(self, latents: torch.Tensor, texts: list[str]) -> torch.Tensor:
        """Epsilon MSE, weighted by min(SNR, 5) / SNR (Hang et al. 2023, eq. 7).

        latents float32 [B, 4, 16, 16]; texts, B captions, empty for the unconditional branch.
        """
        device = latents.device
        tokens = self.tokenizer(
            texts, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids.to(device)
        noise = torch.randn_like(latents)
        steps = torch.randint(0, 1000, (len(latents),), device=device)
        noisy = self.noise.add_noise(latents, noise, steps)
        with torch.autocast(device.type, torch.bfloat16):
            conditioning = self.text_encoder(tokens).last_hidden_state
            predicted = self.unet(noisy, steps, conditioning).sample
        alpha = self.noise.alphas_cumprod.to(device)[steps]
        snr = alpha / (1.0 - alpha)
        weight = snr.clamp(max=SNR_LIMIT) / snr
        error = (predicted.float() - noise).square().mean(dim=(1, 2, 3))
        return (weight * error).mean()

    @torch.no_grad()
    def update_average(self, step: int) -> None:
        decay = min(EMA_DECAY, (1 + step) / (10 + step))
        pairs = ((self.ema_unet, self.unet), (self.ema_text_encoder, self.text_encoder))
        for average, live in pairs:
            for kept, new in zip(average.parameters(), live.parameters(), strict=True):
                kept.lerp_(new, 1.0 - decay)


def draw_batch(
    latents: torch.Tensor, captions: list[Caption], shares: Shares, rng: random.Random
) -> tuple[torch.Tensor, list[str]]:
    """BATCH latents [B, 4, 16, 16] and their texts, each kind of caption with its share."""
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
