"""`fairwatch erase`: erases from every store, and says of each what was done there."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import erasure
from fairwatch.apps.keys import signing_key
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import operator
from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import ErasureReceipt
from fairwatch.policy.signatures import PrivateKey

EXIT_KEPT = 1
NO_TIME = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("erase")(erase)


def erase(
    subject: Annotated[
        str,
        typer.Argument(help="Id of an authorisation, entry or candidate; fw-media:… for whoever a picture shows."),
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; in the receipt and in the audit log.")] = "",
    key: Annotated[
        Path | None, typer.Option("--key", help="Ed25519 key in PEM that signs the receipt; else that of the console.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--receipt", help="Write the receipt as JSON.")] = None,
    check: Annotated[Path | None, typer.Option("--check", help="Check the signature of a receipt instead.")] = None,
) -> None:
    """Erase an authorisation that has ended, an entry, a candidate or whoever a picture shows.

    The receipt names every store and what was done there. Exit code 1 where a legal hold kept everything, or a store
    did not answer.
    """
    if check is not None:
        _check(check)
        return
    if not subject or not reason:
        raise ConfigurationError("name what is to be erased, and say why with --reason")
    signing = PrivateKey.load(key) if key else signing_key(settings())
    if signing is None:
        raise ConfigurationError("a receipt is signed: name a key with --key, or FAIRWATCH_SIGNING_KEY_FILE")
    who, now = operator(), SystemClock().now()
    made = asyncio.run(erasure.erase(settings(), subject, reason=reason, actor=who, key=signing, now=now))
    if out is not None:
        out.write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n")
    _show(made)
    left = made.get("holds") and not (made.get("entries") or made.get("candidates"))
    if left or any(one.get("outcome") == "UNREACHABLE" for one in made["stores"]):
        raise typer.Exit(EXIT_KEPT)


def _check(file: Path) -> None:
    try:
        written: ErasureReceipt = orjson.loads(file.read_bytes())
        good = erasure.authentic(settings(), written)
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file}: is no receipt of `fairwatch erase`") from error
    typer.echo("authentic" if good else "NOT AUTHENTIC: no key that is known here signed this")
    if not good:
        raise typer.Exit(EXIT_KEPT)


def _show(made: ErasureReceipt) -> None:
    table = Table("store", "what was done", "objects", "gone by", "", box=None)
    for one in made["stores"]:
        until = one.get("until")
        day = NO_TIME if until is None else iso_8601(until)
        told = (one["store"], one.get("outcome", "NONE"), str(one.get("objects", 0)), day, one.get("detail", ""))
        table.add_row(*map(shown, told))
    out = Console()
    out.print(table)
    for hold in made.get("holds", []):
        out.print(f"[yellow]kept by the legal hold {shown(hold)}[/]: see `fairwatch holds list`")
    out.print(f"receipt {made['receipt_id']}, signed by {made.get('key_id')}", highlight=False)
