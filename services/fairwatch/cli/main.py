"""The `fairwatch` command: parses, calls, and turns errors into sentences and exit codes."""

import importlib
import sys

import typer
from rich.console import Console

from fairwatch import __version__
from fairwatch.domain.errors import ConfigurationError, FairwatchError

GROUPS = ("demo", "run", "topics", "schemas", "translate", "publish", "tail", "dlq", "audit", "doctor")
EXIT_CONFIGURATION = 78  # EX_CONFIG
EXIT_FAILURE = 1


def build() -> typer.Typer:
    """Return the application with every command group registered."""
    app = typer.Typer(
        name="fairwatch",
        help="The neutral, governed interop hub for cameras, analytics and watchlists.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_show_locals=False,
    )

    @app.callback(invoke_without_command=True)
    def root(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
        if version:
            typer.echo(__version__)
            raise typer.Exit

    for group in GROUPS:
        importlib.import_module(f"fairwatch.cli.{group}").register(app)
    return app


def main() -> None:
    """Run the command line."""
    try:
        build()()
    except ConfigurationError as error:
        Console(stderr=True).print(f"[red]configuration:[/red] {error}", highlight=False)
        sys.exit(EXIT_CONFIGURATION)
    except FairwatchError as error:
        Console(stderr=True).print(f"[red]error:[/red] {error}", highlight=False)
        sys.exit(EXIT_FAILURE)
