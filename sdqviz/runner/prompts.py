"""The scenes of a run, split into calibrate, tune and held-out prompts that never mix."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.keys import seed_from
from sdqviz.base.scene import MAX_SEED, Scene
from sdqviz.families.contract import Family
from sdqviz.families.sources import find, minis, network_folder, read_json
from sdqviz.runner.prompt_files import read_prompts

# What the minis of each set of captions were trained on: of the emoji there is one picture a
# caption, and more guidance overshoots it.
MINI_GUIDANCE = {"emoji": 2.0, "scenes": 3.0}
_PLACE = '"forest</w>"'  # a word that only captions of `scenes` have


def is_mini(model: str, config: str | None = None) -> bool:
    """Whether the model is a mini: by its network's config, whatever its folder is called."""
    source = find(model, config)
    own = _network_config(source.config or source.path)
    return any(own == _network_config(folder) for folder in minis().values())


def _network_config(folder: Path) -> dict[str, Any]:
    config = read_json(folder / network_folder(folder) / "config.json")
    return {k: v for k, v in config.items() if k[0] != "_" and k != "quantization_config"}


def prompt_set(model: str, config: str | None = None) -> str:
    """The minis' own captions, everyday pictures for all others."""
    if not is_mini(model, config):
        return "general"
    source = find(model, config)
    words = ((source.config or source.path) / "tokenizer").glob("*.json")
    return "scenes" if any(_PLACE in file.read_text("utf-8") for file in words) else "emoji"


def usual_guidance(model: str, family: Family, config: str | None = None) -> float:
    return MINI_GUIDANCE.get(prompt_set(model, config), family.guidance)


def prompts(name: str, split: str) -> list[str]:
    """The prompts of a split of a bundled list: name.json has splits, name.txt is split here."""
    folder = assets_folder() / "prompts"
    lines = folder / f"{name}.txt"
    return read_prompts(lines if lines.is_file() else folder / f"{name}.json")[split]


@dataclass(frozen=True)
class PromptSource:
    """A model's prompts by split (`products.scenes.SceneSource`)."""

    name: str  # of the file in assets/prompts
    usual_guidance: float
    given: Mapping[str, Any] = field(default_factory=dict)  # split -> prompts, of a user's file

    @staticmethod
    def of(spec: Mapping[str, Any], family: Family) -> "PromptSource":
        model, config = spec["model"], spec.get("model_config")
        given = spec.get("prompts") or {}
        guidance = usual_guidance(model, family, config)
        return PromptSource(prompt_set(model, config), guidance, given)

    def prompts(self, split: str) -> list[str]:
        return list(self.given[split]) if self.given else prompts(self.name, split)

    def draw(self, split: str, count: int, start: int = 0, **settings: Any) -> list[Scene]:
        """Prompts repeat with new seeds when they run out."""
        texts = self.prompts(split)
        if not texts:
            raise SdqvizError(f"no {split} prompts in {self.name}", "add some to assets/prompts")
        found = []
        for index in range(start, start + count):
            again, place = divmod(index, len(texts))
            seed = seed_from(split, texts[place], again) % (MAX_SEED + 1)
            found.append(Scene(prompt=texts[place], seed=seed, **settings))
        return found
