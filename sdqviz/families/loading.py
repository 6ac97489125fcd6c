"""From a name to a loaded model: a mini, a local folder, a single file, a hub id."""

from pathlib import Path
from typing import Any

import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.reading import first_line, is_damage, reading
from sdqviz.base.request import FLOAT32, check_dtype
from sdqviz.base.settings import local_device
from sdqviz.families.arithmetic import whole_float32
from sdqviz.families.contract import Family, Model, family_of
from sdqviz.families.devices import check_device
from sdqviz.families.honoured import check_configs
from sdqviz.families.scheduler_config import scheduler_config
from sdqviz.families.sources import (
    Source,
    family_of_file,
    find,
    is_packed,
    network_folder,
    read_json,
)
from sdqviz.families.whole_parts import refuse_unfilled
from sdqviz.integrations.diffusers_quantizer import register
from sdqviz.layers.damage import DAMAGED

NETWORK_FILE = "diffusion_pytorch_model.safetensors"


def family_of_folder(folder: Path) -> Family:
    index = read_json(folder / "model_index.json")
    config = read_json(folder / network_folder(folder) / "config.json")
    return family_of(str(index.get("_class_name")), config)


def family_named(name: str, config: str | None = None) -> Family:
    """The family of a named model, from its configs alone."""
    source = find(name, config)
    with reading(name, "check the folder's configs"):
        return family_of_folder(source.config or source.path)


def own_scheduler(name: str, config: str | None = None) -> str:
    """The diffusers class that a named model samples with, from its configs alone."""
    source = find(name, config)
    with reading(name, "check the scheduler's config"):
        return str(scheduler_config(source.config or source.path)["_class_name"])


def load(
    name: str,
    config: str | None = None,
    device: str = "cpu",
    dtype: str = FLOAT32,
) -> Model:
    """The model, ready to sample; a packed folder loads as its packed self.

    On a GPU float32 is whole in this process from then on, also in convolutions: not TF32.
    """
    source, kind = find(name, config), getattr(torch, check_dtype(dtype))
    check_device(device)  # before anything is read
    with reading(name, "check the folder's files, or download the model again"):
        return _load(source, device, kind)


def _load(source: Source, device: str, kind: torch.dtype) -> Model:
    if source.path.is_file():
        return _load_single_file(source, device, kind)
    family = family_of_folder(source.path)
    check_configs(source.path, family)
    if is_packed(source.path):
        pipeline = _load_packed(source.path, family, kind)
        refuse_unfilled(pipeline, source.path, besides=family.network_folder)
    else:
        pipeline = _quietly(lambda: family.load(source.path, kind), source.name)
        refuse_unfilled(pipeline, source.path)
    return _model(family, source, pipeline, device)


def _load_single_file(source: Source, device: str, dtype: torch.dtype) -> Model:
    import diffusers
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    assert source.config is not None
    family = family_of_folder(source.config)
    check_configs(source.config, family)
    own = family_of_file(source.path)
    if own and own != family.name:
        raise SdqvizError(
            f"{source.path.name} is a {own} model, the configs in {source.config} are of "
            f"{family.name}",
            f"give --config DIR with the configs of a {own} model",
        )
    kind = getattr(diffusers, family.pipeline_class)
    options = {"dtype": dtype, "local_files_only": True, **family.absent(source.config)}

    def open_file() -> Any:
        try:
            return kind.from_single_file(str(source.path), config=str(source.config), **options)
        except SingleFileComponentError as error:
            part = str(error).removeprefix("Failed to load ").split(".")[0]
            hint = f"use the file that includes it, or put its weights into {source.config}"
            if part.startswith("T5"):
                hint += "; or leave it out: text_encoder_3 and tokenizer_3 [null, null] there"
            raise SdqvizError(f"{source.path.name} holds no {part}", hint) from error

    pipeline = _quietly(open_file, source.name)
    return _model(family, source, pipeline, device)


def _quietly(load_pipeline: Any, name: str) -> Any:
    """Loads without diffusers' progress bars; its many error types become one line."""
    from diffusers.utils import logging
    from transformers.utils import logging as text_logging

    logging.disable_progress_bar()
    text_logging.disable_progress_bar()
    try:
        return load_pipeline()
    except SdqvizError:
        raise
    except Exception as error:
        if not (is_damage(error) or isinstance(error, ImportError)):
            raise
        raise SdqvizError(
            f"{name} cannot be loaded: {first_line(error)}", "check the folder's files"
        ) from error


def _load_packed(folder: Path, family: Family, dtype: torch.dtype) -> Any:
    """By diffusers' own loading, so that it saves as what it is."""
    import diffusers

    register()
    config = read_json(folder / family.network_folder / "config.json")
    kind = getattr(diffusers, str(config["_class_name"]))

    def load_network() -> Any:
        return kind.from_pretrained(
            folder,
            subfolder=family.network_folder,
            torch_dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )

    network, info = _quietly(load_network, str(folder))
    if info["unexpected_keys"]:
        more = sorted(info["unexpected_keys"])
        raise SdqvizError(
            f"the packed file does not fit its config: {more[0]} and {len(more) - 1} more", DAMAGED
        )
    parts = {family.network_folder: network.eval()}
    return _quietly(lambda: family.load(folder, dtype, **parts), str(folder))


def _model(family: Family, source: Source, pipeline: Any, device: str) -> Model:
    if device != "cpu":
        whole_float32()
    pipeline.to(local_device(device))
    network = getattr(pipeline, family.network_folder)
    network.eval().requires_grad_(False)
    return Model(
        family=family,
        source=source.name,
        network=network,
        pipeline=pipeline,
        scheduler_config={
            **pipeline.scheduler.config,
            "_class_name": type(pipeline.scheduler).__name__,
        },
    )
