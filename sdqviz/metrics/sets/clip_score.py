"""CLIP score (Hessel et al. 2021): how well a picture fits its prompt; of both models' pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from sdqviz.base.keys import seed_from

MODEL = "openai/clip-vit-large-patch14"
SIZE = "1.7 GB"
PATTERNS = ["*.json", "*.txt", "model.safetensors"]
_RESAMPLES = 2000


class ClipScore:
    name, label, direction, order = "clip_score", "CLIP score", "higher", 2
    settings = (
        f"{MODEL}, 100 times the cosine of picture and prompt, at least 0, mean over scenes; its "
        "processor crops to 224; prompts are cut at 77 tokens"
    )
    smallest_count = 100  # the interval says the rest

    def unavailable(self) -> str | None:
        if model_folder() is None:
            return f"not available offline: run sdqviz fetch metrics --net clip ({SIZE})"
        return None

    def extractor(self, device: str) -> "ClipCosines":
        from transformers import CLIPModel, CLIPProcessor

        folder = model_folder()
        network = CLIPModel.from_pretrained(folder, local_files_only=True)
        processor = CLIPProcessor.from_pretrained(folder, local_files_only=True)
        return ClipCosines(network, processor, device)

    def score(self, reference: np.ndarray, test: np.ndarray) -> dict[str, Any]:
        """The means of both, and their difference with a 95 % bootstrap interval over scenes."""
        change = (test - reference)[:, 0].astype(np.float64)
        generator = np.random.default_rng(seed_from("bootstrap", self.name))
        means = [
            change[generator.integers(0, len(change), len(change))].mean()
            for _ in range(_RESAMPLES)
        ]
        return {
            "value": float(test.mean()),
            "fp": float(reference.mean()),
            "difference": float(change.mean()),
            "interval": [float(edge) for edge in np.percentile(means, (2.5, 97.5))],
        }


class ClipCosines:
    """Pictures uint8 [B, 3, H, W] and their prompts -> {"clip_score": float32 [B, 1]}."""

    kind = "clip"

    def __init__(self, network: Any, processor: Any, device: str) -> None:
        self.network, self.processor, self.device = network.eval().to(device), processor, device

    @torch.no_grad()
    def __call__(self, pictures: torch.Tensor, prompts: Sequence[str]) -> dict[str, np.ndarray]:
        given = self.processor(
            text=list(prompts),
            images=list(pictures),
            return_tensors="pt",
            padding=True,
            truncation=True,
        ).to(self.device)
        found = self.network(**given)
        cosine = torch.cosine_similarity(found.image_embeds, found.text_embeds, dim=-1)
        return {"clip_score": 100 * cosine.clamp(min=0).float().cpu().numpy()[:, None]}


def model_folder() -> str | None:
    """The model in the Hugging Face cache, None where it was not fetched."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return snapshot_download(MODEL, local_files_only=True, allow_patterns=PATTERNS)
    except LocalEntryNotFoundError:
        return None


def fetch_clip() -> str:
    """Downloads the model (1.7 GB) and returns its folder."""
    from huggingface_hub import snapshot_download

    return snapshot_download(MODEL, allow_patterns=PATTERNS)


SET_METRIC = ClipScore()
