"""`fairwatch authorisations`: asked for by one person, approved by another, revoked by either; each step is signed."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import authorising
from fairwatch.apps.acting import Because, Proven, proved
from fairwatch.apps.authorising import SIGNING, Record
from fairwatch.apps.printing import shown
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.authorisation import urgent
from fairwatch.wire.signings import APPROVE, REJECT, REQUEST, REVOKE, action_of

Id = Annotated[str, typer.Argument(metavar="AUTHORISATION", help="Its id, or the beginning of it.")]
Urgent = Annotated[str, typer.Option("--urgent", help="Why it cannot wait for a second person; signed with it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stays with the authorisation.")]

EITHER = tuple(action_of(SIGNING, act) for act in (REQUEST, APPROVE))


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Authorisations: who asked, who agreed, what holds.", no_args_is_help=True)
    app.add_typer(group, name="authorisations")
    for command in (request, approve, reject, revoke, sign):
        group.command(command.__name__)(command)
    group.command("list")(list_)


def request(file: Path, who: Proven, because: Because = "", urgency: Urgent = "") -> None:
    """Ask for an authorisation that a JSON file describes; it waits for `approve` by somebody else.

    What cannot wait is in force at once, for 24 hours at most; where nobody approves it by then, what came of it goes.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    if urgency:
        document = {**document, "urgency": urgency}
    _do(
        REQUEST,
        who,
        (action_of(SIGNING, REQUEST),),
        lambda signer, now: authorising.requested(document, signer, now),
        because,
    )


def approve(authorisation: Id, who: Proven, reason: Reason = "") -> None:
    """Agree to what somebody else asked for; from then on it is in force."""
    _decide(APPROVE, authorisation, who, reason)


def reject(authorisation: Id, who: Proven, reason: Reason) -> None:
    """Say no."""
    _decide(REJECT, authorisation, who, reason)


def revoke(authorisation: Id, who: Proven, reason: Reason) -> None:
    """Take an authorisation back: nothing is compared under it, and what was found is taken back."""
    _decide(REVOKE, authorisation, who, reason)


def sign(authorisation: Id, who: Proven) -> None:
    """Sign an authorisation of before signatures, as somebody whom it names; it stands as it stood."""
    record = authorising.one(settings(), authorisation)
    _do(
        "sign",
        who,
        EITHER,
        lambda signer, now: authorising.countersigned(record, signer, now),
    )


def list_() -> None:
    """Show all authorisations, and whose signatures they carry."""
    table = Table("authorisation", "state", "asked by", "approved by", "signed", "until", box=None)
    for key, record in sorted(latest(settings(), authorising.TOPIC).items()):
        acts = ", ".join(deed["act"] for deed in record["deeds"]) or "[red]nobody[/]"
        agreed = ", ".join(record["approved_by"])
        state = "REQUESTED, urgent" if urgent(record) else record["state"]
        rows = (shown(key), state, shown(record["requested_by"]), shown(agreed))
        table.add_row(*rows, acts, str(record["valid_until"]))
    Console().print(table)


def _decide(act: str, authorisation: str, who: str, reason: str) -> None:
    record = authorising.one(settings(), authorisation)
    _do(act, who, (action_of(SIGNING, act),), lambda signer, now: authorising.decided(record, act, signer, now, reason))


def _do(act: str, who: str, actions: tuple[str, ...], make: Callable[[Signer, int], Record], because: str = "") -> None:
    signer = proved(who, *actions)
    record = make(signer, SystemClock().now())
    asyncio.run(authorising.write(settings(), act, signer, record, because))
    typer.echo(f"{record['authorisation_id']}: {record['state'].lower()}")
