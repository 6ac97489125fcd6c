"""A scene: prompt, seed and sampler settings, all that fixes one picture."""

from dataclasses import dataclass
from typing import Any

from sdqviz.base.config import complete, from_dict, option, schema, to_dict
from sdqviz.base.errors import SdqvizError
from sdqviz.base.keys import content_key

FLOW = "flow"
OWN = "own"  # the diffusers class that the model's folder names, whichever it is
SCHEDULERS = ("pndm", "ddim", "euler", "dpmpp", FLOW, OWN)
BETA, KARRAS = "beta", "karras"
SPACINGS = (OWN, "leading", "trailing", "linspace", KARRAS, BETA)
AUTO = "auto"  # the sampler of the model's own scheduler
# Settings that came later, and the value that is what was before them.
_LATER = {"shift": 0.0, "spacing": OWN}
MAX_SEED = 2**32 - 1
MAX_PROMPT_CHARACTERS = 10_000


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that fixes one picture. width and height are pixels, 0 for the model's own size."""

    prompt: str = option("", label="Prompt", help="What to draw.")
    negative_prompt: str = option("", label="Negative prompt", help="What to steer away from.")
    seed: int = option(0, label="Seed", help="Fixes the initial noise.", low=0, high=MAX_SEED)
    steps: int = option(25, label="Steps", help="Sampling steps.", low=1, high=1000)
    guidance: float = option(
        2.0, label="Guidance", help="Classifier-free guidance scale; 1 is off.", low=1.0, high=30.0
    )
    scheduler: str = option("pndm", label="Sampler", help="The solver.", choices=SCHEDULERS)
    shift: float = option(
        0.0,
        label="Shift",
        help="Flow matching: more shift spends more steps at high noise; 0 takes the model's own.",
        low=0.0,
        high=20.0,
    )
    spacing: str = option(
        OWN,
        label="Spacing",
        help="Where the steps lie; own is the model's own, beta has more of them at both ends.",
        choices=SPACINGS,
    )
    width: int = option(0, label="Width", help="Pixels, a multiple of 8.", low=0, high=4096)
    height: int = option(0, label="Height", help="Pixels, a multiple of 8.", low=0, high=4096)

    def __post_init__(self) -> None:
        for name, value in complete(schema(Scene), to_dict(self), "Scene").items():
            object.__setattr__(self, name, value)  # 2 becomes 2.0: one scene has one id
        if not self.prompt.strip():
            raise SdqvizError("the prompt is empty", "write what to draw")
        if len(self.prompt) > MAX_PROMPT_CHARACTERS:
            raise SdqvizError(
                f"the prompt has {len(self.prompt)} characters, over {MAX_PROMPT_CHARACTERS}",
                "the model reads at most 77 tokens; shorten it",
            )
        for name in ("width", "height"):
            if getattr(self, name) % 8:
                raise SdqvizError(f"{name} is {getattr(self, name)}", "use a multiple of 8")

    @property
    def guided(self) -> bool:
        """Whether each step calls the network for an unconditional branch too."""
        return self.guidance > 1.0

    @property
    def id(self) -> str:
        # A setting that came later must not rename the scenes of before.
        given = {k: v for k, v in to_dict(self).items() if _LATER.get(k, ...) != v}
        return content_key("scene", given)[:12]

    def as_dict(self) -> dict[str, Any]:
        return to_dict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Scene":
        return from_dict(Scene, values)
