"""The `fairwatch` command: parses, calls, and turns errors into sentences and exit codes."""

import gc
import importlib
import pkgutil
import sys

import typer
from rich.console import Console

from fairwatch import __version__, cli
from fairwatch.apps.printing import shown
from fairwatch.domain.errors import ConfigurationError, FairwatchError

EXIT_CONFIGURATION = 78  # EX_CONFIG
EXIT_FAILURE = 1
IMPORTS = 10_000  # objects between two looks for cycles; Python looks every 700


def groups(arguments: list[str]) -> list[str]:
    """Return the modules to load: the one that a command is named after, else all; a worker should start quickly."""
    known = sorted(module.name for module in pkgutil.iter_modules(cli.__path__) if module.name != "main")
    return [arguments[0]] if arguments and arguments[0] in known else known


def build(arguments: list[str]) -> typer.Typer:
    """Return the application with the command groups registered that the arguments may name."""
    app = typer.Typer(
        name="fairwatch",
        help="The neutral, governed interop hub for cameras, analytics and watchlists.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )

    @app.callback(invoke_without_command=True)
    def root(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
        if version:
            typer.echo(__version__)
            raise typer.Exit

    for group in groups(arguments):
        importlib.import_module(f"fairwatch.cli.{group}").register(app)
    return app


def main() -> None:
    """Run the command line."""
    gc.set_threshold(IMPORTS)  # importing makes objects that stay: looking through them was a tenth of a start
    try:
        build(sys.argv[1:])()
    except ConfigurationError as error:
        Console(stderr=True).print(f"[red]configuration:[/red] {shown(error)}", highlight=False)
        sys.exit(EXIT_CONFIGURATION)
    except FairwatchError as error:
        Console(stderr=True).print(f"[red]error:[/red] {shown(error)}", highlight=False)
        sys.exit(EXIT_FAILURE)
