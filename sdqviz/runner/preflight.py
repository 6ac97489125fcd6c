"""What can be told of a run before it starts, from the model's configs alone."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import OWN, Scene
from sdqviz.diffusion.schedulers import rehearse
from sdqviz.families.contract import Model, sampler_of
from sdqviz.families.honoured import check_configs
from sdqviz.families.loading import family_of_folder
from sdqviz.families.scheduler_config import scheduler_config
from sdqviz.families.sources import find, read_json
from sdqviz.layers.time_table import TimeRows
from sdqviz.stages.scenes import ScenesStage


def refuse_undrawable(spec: dict[str, Any]) -> Scene:
    """A scene as a quantize spec draws them. Raises SdqvizError where they could not be drawn
    as its model's configs ask, or its student could not follow.
    """
    source = find(spec["model"], spec.get("model_config"))
    folder = source.config or source.path
    family = family_of_folder(folder)
    refuse_quantized(spec["model"], spec.get("model_config"))
    check_configs(folder, family)
    network = read_json(folder / family.network_folder / "config.json")
    config, own = spec["config"], scheduler_config(folder)
    stage = ScenesStage.of(config)
    sampler = sampler_of(family, stage.scheduler, own["_class_name"])
    size = {"width": stage.width, "height": stage.height}
    asked = {"steps": stage.steps, "scheduler": sampler, "spacing": stage.spacing}
    scene = Scene(prompt="any", **asked, **size)
    timesteps = rehearse(scene, own).timesteps
    if config.get("time_rows") == "sampler" and _has_time_table(network):
        _refuse_fractions(timesteps.tolist(), scene, own)
    return scene


def refuse_quantized(name: str, config: str | None) -> None:
    """Raises SdqvizError for a quantized folder where the FP model is asked for."""
    source = find(name, config)
    folder = source.config or source.path
    for file in sorted(folder.glob("*/config.json")):
        if read_json(file).get("quantization_config"):
            raise SdqvizError(
                f"{name} is quantized already: {file.parent.name}/config.json says so",
                "give the FP model that it was made from",
            )


def _refuse_fractions(timesteps: list[float], scene: Scene, config: dict[str, Any]) -> None:
    """Raises SdqvizError for timesteps that a table of one sampler's rows does not hold."""
    between = [t for t in timesteps if t != round(t)]
    if not between:
        return
    asked = [k for k, v in config.items() if k.startswith("use_") and v is True]
    spacing = asked[0] if asked else f"timestep_spacing {config.get('timestep_spacing')}"
    spacing = f"the model's {spacing}" if scene.spacing == OWN else f"spacing {scene.spacing}"
    raise SdqvizError(
        f"sampler {scene.scheduler} with {spacing} asks for timestep {between[0]:.2f}: a time "
        "table of one sampler's rows holds whole ones only",
        "choose time_rows all, or sampler ddim",
    )


def _has_time_table(network: dict[str, Any]) -> bool:
    more = ("addition_embed_type", "time_cond_proj_dim", "class_embed_type", "num_class_embeds")
    return "UNet" in str(network.get("_class_name")) and not any(network.get(k) for k in more)


def refuse_scenes(model: Model, scenes: Sequence[Scene], student: nn.Module | None = None) -> None:
    """Raises SdqvizError where a scene has a size or timesteps that the networks cannot draw."""
    rows = getattr(student, "time_proj", None)
    for scene in scenes:
        timesteps = rehearse(scene, model.scheduler_config).timesteps
        model.family.latent_shape(model, scene)
        if isinstance(rows, TimeRows):
            rows.compute(timesteps.to(rows.timesteps.device), timesteps.tolist())
