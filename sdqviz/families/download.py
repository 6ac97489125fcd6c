"""A model of the hub, downloaded by diffusers' own rules."""

from pathlib import Path

# What a copy of the model must bring along; a pipeline's download leaves it out.
_PAPERS = ["LICENSE*", "LICENCE*", "NOTICE*", "README.md"]


def download_pipeline(name: str, variant: str | None = None) -> Path:
    """The folder in the hub's cache: of `owner/name` only what its model_index.json names, in
    safetensors, plain or in the variant ("fp16") where a part has it. Errors are the hub's own.
    """
    import diffusers
    from huggingface_hub import snapshot_download

    folder = diffusers.DiffusionPipeline.download(name, use_safetensors=True, variant=variant)
    snapshot_download(name, allow_patterns=_PAPERS)
    return Path(folder)
