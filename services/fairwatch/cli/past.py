"""`fairwatch past`: whether somebody or something was seen before, under an order that allows looking back."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.acting import Proven, past_window, proved
from fairwatch.apps.past.asking import MODE, Question, asked
from fairwatch.apps.past.lists import Listed
from fairwatch.apps.past.sightings import sightings
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import tell
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.json_form import to_json

if TYPE_CHECKING:  # numpy and the models are loaded where something is compared
    from fairwatch.apps.past.description import Description
    from fairwatch.matching.face_search import FaceSearch

ACTION = "past.search"
Case = Annotated[str, typer.Option("--case", help="Number of the case; in the audit log.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What for; in the audit log.")]
Start = Annotated[str, typer.Option("--from", help="2026-03-01T08:00+01:00; a day ago without.")]
End = Annotated[str, typer.Option("--to", help="Now without.")]
Files = Annotated[list[Path] | None, typer.Option("--history", help="Files of `tail --json`, instead of the topic.")]
AsJson = Annotated[bool, typer.Option("--json", help="One object a line.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="past", help="Who or what was seen before, by order.", no_args_is_help=True)
    group.command("entry")(entry)
    group.command("like")(like)
    app.add_typer(group)


def entry(
    entry_id: Annotated[str, typer.Argument(metavar="ENTRY", help="A watchlist entry: a face or a plate.")],
    who: Proven, case: Case = "", purpose: Purpose = "", start: Start = "", end: End = "", history: Files = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Look for a listed face or plate among what was seen, from the pictures that are still kept.

    What is found are candidates that nobody has confirmed. They are shown here and go nowhere else.
    """
    listed = Listed.read(settings())
    wanted = listed.entries.get(entry_id)
    if wanted is None:
        raise ConfigurationError(f"there is no watchlist entry {entry_id!r}")
    about = {"by": "entry", "kind": wanted["kind"]}
    question = _question(who, entry_id, str(wanted.get("authorisation_id") or ""), case, purpose, start, end, about)
    _look_for(question, wanted, listed, history, as_json=as_json)


def like(
    order: Annotated[str, typer.Argument(metavar="AUTHORISATION", help="The order that allows it.")],
    who: Proven, what: Annotated[str, typer.Option("--what", help="PERSON or VEHICLE.")], case: Case = "",
    purpose: Purpose = "", colour: Annotated[str, typer.Option(help="Such as RED.")] = "",
    kind: Annotated[str, typer.Option(help="Of a vehicle, such as CAR.")] = "",
    heading: Annotated[float | None, typer.Option(min=0, max=360, help="Compass degrees, within 45.")] = None,
    wears: Annotated[list[str] | None, typer.Option("--wears", help="part=code, such as upper=5.")] = None,
    device: Annotated[list[str] | None, typer.Option("--device", help="Seen by one of these.")] = None,
    site: Annotated[list[str] | None, typer.Option("--site", help="Seen at one of these.")] = None,
    start: Start = "", end: End = "", history: Files = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Look for somebody or something by how it looks; nothing is compared with a picture."""
    from fairwatch.apps.past.description import Description, kind_of  # noqa: PLC0415  # see above

    worn = dict(part.partition("=")[::2] for part in wears or ())
    where = frozenset(device or ()), frozenset(site or ())
    described = Description(kind_of(what), colour.upper(), kind.upper(), heading, worn, *where)
    about = {"by": "description", "kind": described.kind, "description": described.said}
    question = _question(who, order, order, case, purpose, start, end, about)
    _look_like(question, described, Listed.read(settings()), history, as_json=as_json)


def _question(
    who: str, subject: str, order: str, case: str, purpose: str, start: str, end: str, about: dict[str, str]
) -> Question:
    now = SystemClock().now()
    since, until = past_window(start, end, now)
    question = Question(who, subject, order, case, purpose, since, until, now, about)
    signer = proved(who, ACTION)
    return replace(question, about={**about, "role": signer.role, **signer.citing(ACTION)})


def _look_for(
    question: Question, wanted: dict[str, Any], listed: Listed, history: list[Path] | None, *, as_json: bool
) -> None:
    from fairwatch.apps.past.search import look  # noqa: PLC0415  # see above
    from fairwatch.matching.match_policy import FILE, MatchPolicy  # noqa: PLC0415

    order: Any = listed.authorisations.get(question.authorisation_id)
    asyncio.run(asked(question, order, wanted["kind"], partial(tell, settings()), wanted))
    policy = MatchPolicy.load(settings().config_dir / FILE).model_copy(update={"mode": MODE, "every_shot": True})
    faces = _faces() if wanted["kind"] == "FACE" else None
    seen = sightings(settings(), question.since, question.until, history)
    looked = asyncio.run(look(seen, listed.references([wanted]), policy, SystemClock(), faces))
    counts = {"found": str(len(looked.candidates)), "sightings": str(looked.sightings)}
    counts |= {f"not_{reason}": str(number) for reason, number in sorted(looked.reasons.items())}
    asyncio.run(tell(settings(), question.record("past.found", **counts)))
    _show(looked.candidates, as_json=as_json, score=True)
    typer.echo(
        f"{looked.sightings} sightings, {len(looked.candidates)} candidates; nobody has confirmed them", err=True
    )
    for reason, number in looked.reasons.most_common():
        typer.echo(f"  {number} {reason}", err=True)


def _look_like(
    question: Question, described: "Description", listed: Listed, history: list[Path] | None, *, as_json: bool
) -> None:
    from fairwatch.apps.past.description import allowed  # noqa: PLC0415  # see above

    order: Any = listed.authorisations.get(question.authorisation_id)
    asyncio.run(asked(question, order, described.kind, partial(tell, settings())))
    found, looked_at, elsewhere = list[dict[str, Any]](), 0, 0
    for sighting in sightings(settings(), question.since, question.until, history):
        looked_at += 1
        if not allowed(sighting, order, described.kind, listed.sites, question.at):
            elsewhere += 1
        elif described.fits(sighting):
            found.append(sighting)
    counts = {"found": str(len(found)), "sightings": str(looked_at), "not_out_of_mandate": str(elsewhere)}
    asyncio.run(tell(settings(), question.record("past.found", **counts)))
    _show(found, as_json=as_json)
    typer.echo(f"{looked_at} sightings, {elsewhere} of them out of the mandate, {len(found)} fit", err=True)


def _faces() -> "FaceSearch":
    from fairwatch.apps.media import media_store  # noqa: PLC0415  # see above
    from fairwatch.matching.face_search import FaceSearch  # noqa: PLC0415
    from fairwatch.matching.faces import FaceReader  # noqa: PLC0415
    from fairwatch.matching.models import FaceConfig  # noqa: PLC0415

    reader = FaceReader(FaceConfig.load(settings().config_dir / "models.yaml"), settings().model_dir)
    return FaceSearch(reader, media_store(settings()))


def _show(records: Iterable[dict[str, Any]] | Any, *, as_json: bool, score: bool = False) -> None:
    if as_json:
        for record in records:
            typer.echo(to_json(dict(record)))
        return
    table = Table("when", "device", "site", *(["score"] if score else []), "picture", box=None)
    for record in sorted(records, key=lambda one: one["occurred_at"]):
        seen = record.get("observation") or record
        pictures = [record.get("probe"), *(seen.get("media") or ())]
        uri = next((one["uri"] for one in pictures if one), "")
        when = datetime.fromtimestamp(record["occurred_at"] / 1e6, UTC).isoformat(timespec="seconds")
        place = (record.get("device_name") or seen["device_id"], record.get("site_name") or record.get("site_id") or "")
        table.add_row(when, *map(shown, place), *([f"{record['score']:.3f}"] if score else []), shown(uri))
    Console().print(table)
