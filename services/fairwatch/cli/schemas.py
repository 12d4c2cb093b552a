"""`fairwatch schemas`: proves the schemas folder, releases what is new in it, and registers it."""

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console

from fairwatch.apps.settings import settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.example_checks import check_folder
from fairwatch.wire.registry import COMPATIBILITY, Registry
from fairwatch.wire.schema_checks import Problem, unreleased
from fairwatch.wire.schema_checks import freeze as freeze_folder
from fairwatch.wire.schemas import FOLDER, released

EXIT_PROBLEMS = 1
FOLDER_OPTION = typer.Option(FOLDER, "--folder", help="Folder with avro, topics and examples.", exists=True)


def register(app: typer.Typer) -> None:
    """Add `schemas check`, `schemas register` and `schemas freeze`."""
    group = typer.Typer(help="Prove and release the Avro schemas of [bold]schemas[/bold].", no_args_is_help=True)
    group.command("check")(check)
    group.command("register")(register_all)
    group.command("freeze")(freeze)
    app.add_typer(group, name="schemas")


def check(
    folder: Path = FOLDER_OPTION,
    as_json: bool = typer.Option(False, "--json", help="One JSON object a problem on stdout."),
    release: bool = typer.Option(False, "--release", help="What is not frozen is a problem, too: for a release."),
) -> None:
    """Check docs, names, versions, frozen hashes, examples in both framings, topics and protected attributes.

    Exit code 1 when something is wrong.
    """
    problems, open_ = check_folder(folder), unreleased(folder)
    if release:
        problems += [Problem(name, "is not frozen: run fairwatch schemas freeze") for name in open_]
    console = Console(stderr=bool(problems))
    for problem in problems:
        if as_json:
            typer.echo(json.dumps(asdict(problem)))
        else:
            console.print(f"[red]{problem.where}[/red]: {problem.what}", highlight=False)
    if problems:
        raise typer.Exit(EXIT_PROBLEMS)
    if not as_json:
        files = len(list((folder / "avro").glob("*.avsc")))
        console.print(f"{files} schemas are sound; {len(open_)} of them are not released yet.", highlight=False)


def register_all() -> None:
    """Register every version of every record with the schema registry; the same twice changes nothing.

    From then on the registry refuses what readers of other versions could not read. FAIRWATCH_REGISTRY_URL says where.
    """
    url = settings().registry_url
    if not url:
        raise ConfigurationError("FAIRWATCH_REGISTRY_URL: not set, so there is no schema registry to register with")
    registry = Registry(url)
    found = [registry.register(schema) for schema in released()]
    for one in found:
        typer.echo(f"{one.subject}\tv{one.schema.version}\tid {one.id}\t{'registered' if one.new else 'was there'}")
    new = sum(one.new for one in found)
    Console(stderr=True).print(
        f"{new} of {len(found)} schemas registered; compatibility is {COMPATIBILITY}.", highlight=False
    )


def freeze(folder: Path = FOLDER_OPTION) -> None:
    """Release the schema files that are new: their hashes go into released.sha256 and they never change again."""
    problems = check_folder(folder)
    if problems:
        Console(stderr=True).print(f"[red]not released:[/red] {problems[0].where}: {problems[0].what}", highlight=False)
        raise typer.Exit(EXIT_PROBLEMS)
    new = freeze_folder(folder)
    for name in new:
        typer.echo(name)
    Console(stderr=True).print(f"{len(new)} files released.", highlight=False)
