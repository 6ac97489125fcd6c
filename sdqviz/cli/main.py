"""The command line. Each command is one function of `sdqviz.api`, `sdqviz.studies` or
`sdqviz.store`.

With --json the last line of standard output is one object; errors are {"error", "hint"} on
standard error with exit code 1.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sdqviz.base.errors import SdqvizError
from sdqviz.base.places import writing
from sdqviz.base.quiet import quiet_libraries
from sdqviz.base.request import DEFAULT_RECIPE, QUANTIZE
from sdqviz.base.scene import AUTO, OWN
from sdqviz.base.writing import disk_error
from sdqviz.cli.app import app_command
from sdqviz.cli.doctor import doctor_command
from sdqviz.cli.overrides import Prompts, overrides
from sdqviz.cli.pages import quantized, scores
from sdqviz.cli.recipes import recipes_command
from sdqviz.cli.runs import Json, RunId, open_store, runs_app
from sdqviz.cli.space import space_command
from sdqviz.cli.studies import ablate, ladder, leaderboard, table
from sdqviz.cli.terminal import emit, print_version, progress, show_error

_HELP = "Quantize Stable Diffusion to few bits, and see what it does to your picture."
_EXAMPLES = (
    "Examples: `sdqviz app` · `sdqviz quantize mini-sd1 --out w4a8` · `sdqviz recipes fidelity` · "
    "`sdqviz compare mini-sd1 w4a8`"
)
app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help=_HELP, epilog=_EXAMPLES
)
app.command("app")(app_command)
app.add_typer(runs_app, name="runs")
app.command("space")(space_command)
for study in (ablate, table, ladder, leaderboard):
    app.command()(study)
app.command("recipes")(recipes_command)
app.command("doctor")(doctor_command)
bench_app = typer.Typer(no_args_is_help=True, help="Speed and memory, beside the alternatives.")
app.add_typer(bench_app, name="bench")


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    pass


@app.command(
    epilog="Examples: `sdqviz quantize mini-sd1 --out w4a8` · `sdqviz quantize OWNER/NAME "
    "--device cuda --dtype float16 --preset balanced` · `--set weight_bits=3` (keys: "
    "`sdqviz recipes NAME`)"
)
def quantize(
    model: Annotated[str, typer.Argument(help="A mini, a folder, a .safetensors file, a hub id.")],
    recipe: Annotated[str, typer.Option(help="The method.")] = DEFAULT_RECIPE,
    preset: Annotated[str, typer.Option(help="quick, balanced or paper.")] = "quick",
    out: Annotated[Path | None, typer.Option(help="Folder for the quantized model.")] = None,
    prompts: Prompts = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE, repeatable; see sdqviz recipes NAME."),
    ] = None,
    config: Annotated[str | None, typer.Option(help="Config folder of a single file.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    dtype: Annotated[str, typer.Option(help="float32, float16 or bfloat16.")] = "float32",
    force: Annotated[
        bool, typer.Option("--force", help="Go on where memory or disk seem not to suffice.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Quantize a model to W4A8."""
    from sdqviz import api

    with progress(as_json) as see:
        report = api.quantize(
            model,
            recipe=recipe,
            preset=preset,
            config=overrides(set_),
            model_config=config,
            device=device,
            dtype=dtype,
            prompts_file=prompts,
            out=out,
            force=force,
            see=see,
        )
    emit(report, as_json, quantized)


@bench_app.command("step")
def bench_step(
    size: Annotated[str, typer.Option(help="mini, sd1, sd2, sdxl or sd3.")] = "mini",
    engines: Annotated[str, typer.Option(help="Contenders; all when empty.")] = "",
    rounds: Annotated[int, typer.Option(help="Timed steps of each, interleaved.")] = 5,
    side: Annotated[int, typer.Option(help="Side of the latents; 0 takes the published.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="SVG file of the medians.")] = None,
    as_json: Json = False,
) -> None:
    """One denoising step of W4A8 and of what else a user would pick, on random weights."""
    from sdqviz import api

    with progress(as_json) as see:
        names = engines.split(",") if engines else []
        report = api.bench_step(
            size, engines=names, rounds=rounds, latent_side=side or None, plot=plot, see=see
        )
    table = report.pop("table")
    if as_json:
        emit(report, as_json)
    else:
        print(table)


@app.command()
def generate(
    run: RunId,
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    seed: int = 0,
    steps: int = 25,
    guidance: Annotated[float, typer.Option(help="0 takes the model's own.")] = 0.0,
    scheduler: Annotated[str, typer.Option(help="auto takes the run's own.")] = "auto",
    spacing: Annotated[
        str, typer.Option(help="leading, trailing, linspace, karras or beta; empty: the run's.")
    ] = "",
    negative: str = "",
    width: Annotated[int, typer.Option(help="Pixels; 0 takes the run's own.")] = 0,
    height: Annotated[int, typer.Option(help="Pixels; 0 takes the run's own.")] = 0,
    shift: Annotated[
        float, typer.Option(help="Of flow matching (v3); 0 takes the model's own.")
    ] = 0.0,
    only: Annotated[
        str, typer.Option(help="Quantize just weights, activations, or the layer of this name.")
    ] = "",
    engine: Annotated[
        str, typer.Option(help="Compute with this engine, such as eager; see: sdqviz doctor.")
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder for the pictures and maps, PNG.")] = Path(),
    as_json: Json = False,
) -> None:
    """Draw one prompt with the FP and the quantized model of a finished run."""
    from sdqviz import api
    from sdqviz.base.config import from_dict
    from sdqviz.base.scene import Scene
    from sdqviz.families.contract import sampler_of
    from sdqviz.families.loading import family_named, own_scheduler
    from sdqviz.runner.prompts import usual_guidance

    base = open_store().runs.get(run)
    if base.kind != QUANTIZE:
        raise SdqvizError(f"run {base.id} is a {base.kind} run", "generate with a quantize run")
    model = base.spec["model"]
    family = family_named(model, base.spec.get("model_config"))
    if scheduler == AUTO:  # a cancelled training has a model, but no scenes to ask
        own = own_scheduler(model, base.spec.get("model_config"))
        scheduler = sampler_of(family, base.spec["config"].get("scheduler", AUTO), own)
    values = {
        "prompt": prompt,
        "negative_prompt": negative,
        "seed": seed,
        "steps": steps,
        "guidance": guidance or usual_guidance(model, family, base.spec.get("model_config")),
        "shift": shift,
        "scheduler": scheduler,
        "spacing": spacing or base.spec["config"].get("spacing", OWN),
        "width": width or base.spec["config"].get("width", 0),
        "height": height or base.spec["config"].get("height", 0),
    }
    with progress(as_json) as see:
        report = api.generate(run, from_dict(Scene, values), see, only=only, engine=engine)
    store, files = api.open_store(), {}
    drawn = store.runs.get(report["run"]).scenes[0].pictures
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    for name, blob in {"fp": drawn.fp, "w4a8": drawn.student, **drawn.maps}.items():
        files[name] = str(out / f"{name}.png")
        with writing(out):
            Path(files[name]).write_bytes(store.blobs.get(blob))
    emit({"run": report["run"], "files": files, "metrics": report["metrics"]}, as_json)


@app.command()
def compare(
    model: Annotated[str, typer.Argument(help="The FP model.")],
    folder: Annotated[str, typer.Argument(help="The quantized folder.")],
    prompts: Prompts = None,
    seeds: Annotated[int, typer.Option(help="Seeds 0 to N-1 for each prompt.")] = 1,
    count: Annotated[
        int,
        typer.Option(
            help="Draw so many scenes, as papers do (FID, sFID and CLIP score): needs --prompts "
            "and --out; run again, it goes on."
        ),
    ] = 0,
    out: Annotated[Path | None, typer.Option(help="The folder of --count's pictures.")] = None,
    steps: int = 25,
    scheduler: Annotated[str, typer.Option(help="auto takes the model's own.")] = "auto",
    spacing: Annotated[
        str, typer.Option(help="own, leading, trailing, linspace, karras or beta.")
    ] = OWN,
    guidance: Annotated[float, typer.Option(help="0 takes the model's own.")] = 0.0,
    config: Annotated[str | None, typer.Option(help="Config folder of a single file.")] = None,
    device: Annotated[str, typer.Option(help="With --count several: cuda:0,cuda:1.")] = "cpu",
    dtype: Annotated[str, typer.Option(help="float32, float16 or bfloat16.")] = "float32",
    lpips: Annotated[str, typer.Option(help="LPIPS backbone: alex, squeeze, vgg.")] = "alex",
    as_json: Json = False,
) -> None:
    """Score a quantized folder against its FP model."""
    from sdqviz import api

    if bool(count) != bool(out) or (count and prompts is None):
        raise SdqvizError("--count, --prompts and --out go together", "give all three, or none")
    if count and seeds != 1:
        raise SdqvizError(f"--seeds is {seeds}, but --count gives each scene its own", "leave it")
    with progress(as_json) as see:
        if count and prompts and out:
            emit(
                api.compare_many(
                    model,
                    folder,
                    prompts,
                    count,
                    out,
                    steps=steps,
                    scheduler=scheduler,
                    spacing=spacing,
                    guidance=guidance,
                    model_config=config,
                    devices=device.split(","),
                    dtype=dtype,
                    lpips_net=lpips,
                    see=see,
                ),
                as_json,
            )
            return
        report = api.compare(
            model,
            folder,
            prompts_file=prompts,
            seeds=seeds,
            steps=steps,
            scheduler=scheduler,
            spacing=spacing,
            guidance=guidance,
            model_config=config,
            device=device,
            dtype=dtype,
            lpips_net=lpips,
            see=see,
        )
    emit(report, as_json, lambda found: [scores(found["metrics"])])


@app.command()
def fetch(
    what: Annotated[str, typer.Argument(help="'metrics', or a hub id such as owner/name.")],
    net: Annotated[
        str, typer.Option(help="LPIPS backbone: alex, squeeze, vgg; inception for FID; clip.")
    ] = "alex",
    variant: Annotated[
        str, typer.Option(help="Of a model's weights, such as fp16: half the download.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Download what is missing: a metric's backbone, or a model."""
    from sdqviz.runner.fetch import fetch_metrics, fetch_model

    path = fetch_metrics(net) if what == "metrics" else fetch_model(what, variant)
    emit({"fetched": what, "path": str(path)}, as_json)


def main() -> None:
    """The entry point: a known error is one line and exit code 1, never a traceback."""
    quiet_libraries()
    try:
        app()
    except SdqvizError as error:
        show_error(error, "--json" in sys.argv)
        sys.exit(1)
    except OSError as error:
        told = disk_error(error)
        if told is None:
            raise
        show_error(told, "--json" in sys.argv)
        sys.exit(1)
