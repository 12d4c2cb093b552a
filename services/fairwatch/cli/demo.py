"""`fairwatch demo`: the main job on the embedded broker."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps.interrupted import run_to_its_end
from fairwatch.domain.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    seconds: Annotated[float, typer.Option(help="How long the cameras send.", min=1, max=3600)] = 30,
    console_wait: Annotated[
        bool | None,
        typer.Option(
            "--console-wait/--no-console-wait", help="Keep the console open afterwards; the default on a terminal."
        ),
    ] = None,
    folder: Annotated[Path, typer.Option(help="Configuration, media and logs of this run; emptied first.")] = Path(
        ".demo"
    ),
    models: Annotated[Path, typer.Option(help="Models and pictures that `make models` built.")] = Path(".models"),
    kafka: Annotated[
        str, typer.Option(help="host:port of a Kafka without topics of ours, instead of the embedded broker.")
    ] = "",
    redis: Annotated[str, typer.Option(help="URL of an empty Redis, instead of the embedded Valkey.")] = "",
    chains: Annotated[
        bool, typer.Option("--chains", help="Processors that share a key run as one process: less memory and latency.")
    ] = False,
) -> None:
    """Play the main job with simulated cameras of four makers, and check what came of it.

    Exit code 0 when every expected alert arrived exactly once, 1 otherwise.
    """
    try:
        from fairwatch.apps.demo.run import run_demo  # noqa: PLC0415  an image for production comes without its parts
        from fairwatch.apps.demo.stage import CHAINED, PROCESSORS, Servers  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the demo needs {error.name}: pip install 'fairwatch[demo]'") from error
    wait = sys.stdin.isatty() and sys.stdout.isatty() if console_wait is None else console_wait
    out = Console(soft_wrap=True)
    servers, workers = Servers(kafka, redis), CHAINED if chains else PROCESSORS
    story = run_demo(folder.resolve(), models.resolve(), seconds, wait=wait, out=out, servers=servers, workers=workers)
    raise typer.Exit(run_to_its_end(story, out))
