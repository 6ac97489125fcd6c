"""`python -m tests.gpu OUT` measures sdqviz on this machine's GPU in at most ten minutes.

Each part has a time limit and a file of its own in OUT; summary.json and summary.md hold all.
Status 0: all is right. 1: a part is wrong or unfinished. 2: there is no GPU, or a package is
missing: nothing was measured.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

MINUTES = 10.0
NEEDED = (  # modules: all that the parts import beside torch; the page's packages are none of them
    *("accelerate", "diffusers", "flip_evaluator", "lpips", "numpy", "PIL", "platformdirs"),
    *("psutil", "rich", "safetensors", "skimage", "torchvision", "transformers", "typer"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for all parts")
    parser.add_argument("--parts", nargs="*", help="these alone, by name")
    parser.add_argument("--wheels", type=Path, help="folder of wheels for what is not installed")
    arguments = parser.parse_args()
    absent = no_gpu()
    if absent:
        print(f"tests.gpu: {absent}; nothing was measured", file=sys.stderr)
        return 2
    site = (arguments.out / "site").resolve()
    if arguments.wheels is not None:
        from tests.gpu.wheels import install

        print(f"from {arguments.wheels}: {', '.join(install(arguments.wheels, site)) or 'nothing'}")
        sys.path.append(str(site))
        importlib.invalidate_caches()
    missing = lacking(NEEDED)
    if missing:
        told = f"missing here: {', '.join(missing)}; put their wheels into a folder, and give it"
        print(f"tests.gpu: {told} with --wheels; nothing was measured", file=sys.stderr)
        return 2
    from tests.gpu.part import parts
    from tests.gpu.session import run_parts

    known = parts()
    names = [part.name for part in known]
    unknown = set(arguments.parts or ()) - set(names)
    if unknown:
        parser.error(f"unknown part {sorted(unknown)[0]}: there is {', '.join(names)}")
    chosen = [part for part in known if not arguments.parts or part.name in arguments.parts]
    here = [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")]), str(site)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(here),
        "SDQVIZ_HOME": str((arguments.out / "home").resolve()),
        "HF_HUB_OFFLINE": "1",
    }
    results = run_parts(chosen, arguments.out.resolve(), arguments.minutes * 60, environment)
    print(f"see {arguments.out / 'summary.md'}")
    return 0 if all(result["ok"] for result in results) else 1


def no_gpu() -> str:
    """Why there is nothing to measure here, or nothing."""
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    import torch

    if torch.cuda.is_available():
        return ""
    return f"torch {torch.__version__} sees no NVIDIA GPU"


def lacking(modules: Sequence[str]) -> list[str]:
    """Those that are not installed."""
    return [name for name in modules if importlib.util.find_spec(name) is None]


if __name__ == "__main__":
    sys.exit(main())
