"""`fairwatch config`: is the configuration right, where does it come from, what of it belongs on topics."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps import configuration, reference, retention
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.cli.main import EXIT_CONFIGURATION
from fairwatch.domain.errors import ConfigurationError

FOLDER = typer.Argument(help="Folder of routes.yaml and the others; FAIRWATCH_CONFIG_DIR without.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="config", help="Checks, fetches and publishes configuration.", no_args_is_help=True)
    group.command("check")(check)
    group.command("fetch")(fetch)
    group.command("publish")(publish)
    app.add_typer(group)


def check(
    folder: Annotated[Path | None, FOLDER] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A list of sentences.")] = False,
    hub: Annotated[bool, typer.Option("--hub", help="Hold it against the authorisations on the hub, too.")] = False,
) -> None:
    """Say everything that is wrong with the files of a folder; secrets need not be there.

    Exit code 78 when something is wrong.
    """
    chosen = folder or settings().config_dir
    if not chosen.is_dir():
        raise ConfigurationError(f"there is no folder {chosen}")
    found = list(configuration.faults(chosen))
    if hub and not found:
        found = retention.contradictions(settings().model_copy(update={"config_dir": chosen}))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        out = Console(stderr=True)
        for line in [f"[red]✗[/] {shown(fault)}" for fault in found] or [f"[green]✓[/] {chosen}"]:
            out.print(line, highlight=False)
    if found:
        raise typer.Exit(EXIT_CONFIGURATION)


def fetch(
    repository: Annotated[str, typer.Argument(help="https:// address of a Git repository.")],
    ref: Annotated[str, typer.Option("--ref", help="Tag, branch or whole commit id.")],
    path: Annotated[str, typer.Option("--path", help="Folder in the repository.")] = "",
    to: Annotated[Path | None, typer.Option("--to", help="Folder here; FAIRWATCH_CONFIG_DIR without.")] = None,
    beside: Annotated[Path | None, typer.Option("--beside", help="Folder of files to lay beside them.")] = None,
) -> None:
    """Write the configuration of a commit into a folder, if nothing is wrong with it.

    User name and password or token: FAIRWATCH_GIT_USERNAME and FAIRWATCH_GIT_PASSWORD, or their _FILE twins.
    FAIRWATCH_GIT_SIGNERS names keys of which one must have signed the commit: `git commit -S` with gpg.format=ssh.
    """
    target = to or settings().config_dir
    found = configuration.fetch(settings(), repository, ref, path, target, beside)
    by = f", signed by {shown(found.signer)}" if found.signer else ""
    Console(stderr=True).print(f"[green]✓[/] {target}: commit {found.commit}{by}", highlight=False)


def publish(folder: Annotated[Path | None, FOLDER] = None) -> None:
    """Publish what differs of reference.yaml's sites and devices; what it does not name stays as it is."""
    path = (folder or settings().config_dir) / reference.FILE
    out = Console(stderr=True)
    if not path.exists():
        out.print(f"there is no {path}: nothing to publish", highlight=False)
        return
    result = asyncio.run(reference.publish_reference(settings(), reference.read_reference(path)))
    for what in result.changed:
        out.print(f"published {shown(what)}", highlight=False)
    for what in result.unnamed:
        out.print(f"[yellow]not in the file, left as it is:[/yellow] {shown(what)}", highlight=False)
    out.print(f"{len(result.changed)} published, {len(result.same)} as before", highlight=False)
