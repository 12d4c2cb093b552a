"""`fairwatch plates`: why a reading is, or is not, a listed plate."""

from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="plates", help="How plates are compared.", no_args_is_help=True)
    group.callback()(_root)
    group.command("explain")(explain)
    app.add_typer(group)


def _root() -> None:
    """Make a group of what has one command."""


def explain(
    read: Annotated[str, typer.Argument(help="What was read; ? for an unread character.")],
    listed: Annotated[str, typer.Argument(help="The plate on the list.")],
    edits: Annotated[int, typer.Option(min=0, max=1, help="Characters that may be wrong, missing or too much.")] = 0,
    confidence: Annotated[float | None, typer.Option(min=0, max=1, help="Of every character that was read.")] = None,
    country: Annotated[str, typer.Option(help="That was read, ISO 3166-1 alpha-2.")] = "",
    listed_country: Annotated[str, typer.Option(help="Of the listed plate.")] = "",
) -> None:
    """Say position by position how a reading agrees with a listed plate, and whether it would be a candidate.

    Exit code 0 when it would, 1 when not.
    """
    from fairwatch.matching.match_policy import FILE, MatchPolicy  # noqa: PLC0415  # only here
    from fairwatch.matching.plate_likelihood import Reading, compare  # noqa: PLC0415
    from fairwatch.matching.plate_text import normalise  # noqa: PLC0415

    out = Console(soft_wrap=True)
    policy = MatchPolicy.load(settings().config_dir / FILE)
    text, plate = normalise(read), normalise(listed)
    out.print(f"compared: {shown(text)} read, {shown(plate)} listed", highlight=False)
    reading = Reading(text, (confidence,) * len(text), country or None)
    found = compare(reading, plate, country=listed_country or None, edits=edits)
    if found is None:
        out.print("they do not agree: more differs than is tolerated", highlight=False)
        raise typer.Exit(1)
    for sentence in found.explanation:
        out.print(f"  {shown(sentence)}", highlight=False)
    taken = found.likelihood >= policy.plate_threshold
    verdict = "a candidate" if taken else "no candidate"
    manner = found.manner.replace("_", " ")
    out.print(
        f"{manner}, likelihood {found.likelihood:.3f}, threshold {policy.plate_threshold:.3f} "
        f"({policy.plate_policy}): {verdict}",
        highlight=False,
    )
    raise typer.Exit(0 if taken else 1)
