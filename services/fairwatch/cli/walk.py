"""`fairwatch walk`: an authorisation from request to erasure, with twelve forgeries on the way."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps.interrupted import run_to_its_end
from fairwatch.domain.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("walk")(walk)


def walk(
    folder: Annotated[Path, typer.Option(help="Configuration, media and logs of this run; emptied first.")] = Path(
        ".walk"
    ),
    models: Annotated[Path, typer.Option(help="Models and pictures that `make models` built.")] = Path(".models"),
    kafka: Annotated[
        str, typer.Option(help="host:port of a Kafka without topics of ours, instead of the embedded broker.")
    ] = "",
    redis: Annotated[str, typer.Option(help="URL of an empty Redis, instead of the embedded Valkey.")] = "",
) -> None:
    """Play an authorisation from request to erasure; try twelve forgeries on the way; hold the audit log to its anchor.

    Exit code 0 when every line held, 1 otherwise.
    """
    try:
        from fairwatch.apps.demo.stage import Servers  # noqa: PLC0415  an image for production comes without its parts
        from fairwatch.apps.walk.run import run_walk  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the walk needs {error.name}: pip install 'fairwatch[demo]'") from error
    out = Console(soft_wrap=True)
    story = run_walk(folder.resolve(), models.resolve(), out, Servers(kafka, redis))
    raise typer.Exit(run_to_its_end(story, out))
