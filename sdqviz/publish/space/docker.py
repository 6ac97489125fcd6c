"""A Space that runs the app in a container: visitors draw scenes of their own, on a CPU."""

from pathlib import Path
from typing import Any

from sdqviz.publish.space.contract import Space
from sdqviz.publish.space.source import RUNS, requirements, write_program

_PORT = 7860
_TORCH = ("torch", "torchvision")
_DOCKERFILE = """# sdqviz on a Docker Space: uid 1000, one writable home, port {port}.
FROM python:3.12-slim

# PyTorch comes with its CUDA libraries from the usual index. For a Space without a GPU set a
# variable TORCH_INDEX to the address of PyTorch's index of CPU builds: gigabytes less.
ARG TORCH_INDEX=
RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/app
COPY --chown=user requirements.txt requirements-torch.txt ./
RUN pip install --no-cache-dir ${{TORCH_INDEX:+--index-url $TORCH_INDEX}} -r requirements-torch.txt
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=user . .

USER user
ENV HOME=/home/user \\
    SDQVIZ_HOME=/home/user/data \\
    SDQVIZ_RUNS=/home/user/app/{runs} \\
    SDQVIZ_PINNED={pinned} \\
    HF_HOME=/home/user/.cache/huggingface \\
    TORCH_HOME=/home/user/torch \\
    GRADIO_TEMP_DIR=/home/user/data/tmp \\
    GRADIO_ANALYTICS_ENABLED=False
RUN mkdir -p /home/user/data/tmp
# The backbone of LPIPS (alex, 233 MB), outside of the data: a volume mounted there hides nothing.
RUN python -m sdqviz fetch metrics
EXPOSE {port}
CMD ["python", "-m", "sdqviz", "app", "--host", "0.0.0.0", "--port", "{port}"]
"""


class DockerSpace:
    name = "docker"
    about = "Type a prompt and press *Generate*: both models draw it from one noise, on a CPU."

    def front(self, space: Space) -> dict[str, Any]:
        front: dict[str, Any] = {"sdk": "docker", "app_port": _PORT}
        if space.hub_models:
            front["preload_from_hub"] = space.hub_models
        return front

    def write(self, space: Space, out: Path) -> None:
        write_program(space, out)
        (out / "requirements.txt").write_text(requirements(left_out=_TORCH), encoding="utf-8")
        torch = [line for line in requirements().splitlines() if line.split("==")[0] in _TORCH]
        (out / "requirements-torch.txt").write_text("\n".join(torch) + "\n", encoding="utf-8")
        text = _DOCKERFILE.format(port=_PORT, runs=RUNS, pinned=space.runs[0].id)
        (out / "Dockerfile").write_text(text, encoding="utf-8")
        (out / ".dockerignore").write_text(".git\nREADME.md\nthumbnail.png\n", encoding="utf-8")


KIND = DockerSpace()
