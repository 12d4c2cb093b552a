"""Who acts at the command line, and when: options and questions that the commands of people share."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from fairwatch.apps.settings import settings
from fairwatch.apps.signer import Signer, known_signer
from fairwatch.domain.calendar import instant
from fairwatch.domain.errors import ConfigurationError

DAY = 86_400_000_000
Named = Annotated[str, typer.Option("--as", help="Who does it, as people.yaml names them.")]
Proven = Annotated[str, typer.Option("--as", help="Who does it, as people.yaml names them; the password is asked for.")]
Because = Annotated[str, typer.Option("--because", help="Why a word that is asked about is meant; audited.")]


def password_of(who: str) -> str:
    """Ask for the password of a person."""
    return str(typer.prompt(f"Password of {who}", hide_input=True, err=True))


def proved(who: str, *actions: str) -> Signer:
    """Return a person who proved who it is, in a role that allows one of these; ConfigurationError otherwise."""
    return asyncio.run(known_signer(settings(), who, password_of(who), actions))


def instant_of(option: str, text: str) -> int:
    """Return a time that an option gives, in microseconds UTC; ConfigurationError where it lacks its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigurationError(f"{option}: must be a time with its zone such as 2026-03-01T18:00+01:00")
    return instant(moment)


def past_window(start: str, end: str, now: int) -> tuple[int, int]:
    """Return the times that `--from` and `--to` give, in microseconds UTC: the last day where nothing is said."""
    return instant_of("--from", start) if start else now - DAY, instant_of("--to", end) if end else now
