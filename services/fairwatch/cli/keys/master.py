"""`fairwatch keys master`: the key under which data keys of pictures are wrapped, and how it is changed."""

import asyncio

import typer

from fairwatch.apps import key_rotation
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import operator
from fairwatch.domain.clock import SystemClock
from fairwatch.stores.key_rotation import Wrapped

EXIT_LOST = 1
FEW = 5


def register(group: typer.Typer) -> None:
    """Add the group `master` to `fairwatch keys`."""
    master = typer.Typer(help="The master key of sealed pictures.", no_args_is_help=True)
    group.add_typer(master, name="master")
    master.command("show")(show)
    master.command("rotate")(rotate)


def show() -> None:
    """Tell by which master key how many data keys are wrapped. Exit code 1 where one is wrapped by neither."""
    masters, found = asyncio.run(key_rotation.look(settings()))
    typer.echo(f"{found.counts['current']} data keys under the master key {masters.current.key_id}")
    if masters.other:
        typer.echo(f"{found.counts['other']} under the other, {masters.other.key_id}")
    _say_lost(found)


def rotate() -> None:
    """Wrap all data keys anew under FAIRWATCH_MEDIA_KEY; FAIRWATCH_MEDIA_KEY_OTHER is the old one.

    Pictures are not touched. Every component has to know both keys by then. Interrupted, it goes on where it is called
    again. Exit code 1 where a data key is wrapped by neither.
    """
    who, now = operator(), SystemClock().now()
    masters, found = asyncio.run(key_rotation.rotate(settings(), who, now))
    done = found.counts
    typer.echo(
        f"{done['renewed']} data keys wrapped anew under {masters.current.key_id}, {done['current']} were before"
    )
    if not found.lost:
        typer.echo("nothing is wrapped by the old one any more: take FAIRWATCH_MEDIA_KEY_OTHER away, and destroy it")
    _say_lost(found)


def _say_lost(found: Wrapped) -> None:
    if not found.lost:
        return
    some = ", ".join(map(shown, found.lost[:FEW])) + (" …" if len(found.lost) > FEW else "")
    typer.echo(
        f"LOST: {len(found.lost)} data keys were wrapped by a master key that is not here ({some}): what is sealed"
        " under them cannot be read until it is given as FAIRWATCH_MEDIA_KEY_OTHER"
    )
    raise typer.Exit(EXIT_LOST)
