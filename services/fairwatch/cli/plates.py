"""`fairwatch plates`: why a reading is, or is not, a listed plate, and what other settings would accept."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from fairwatch.apps.acting import past_window
from fairwatch.apps.past.lists import Listed
from fairwatch.apps.past.sightings import sightings
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import tell, told
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from fairwatch.apps.past.preview import Preview


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="plates", help="How plates are compared.", no_args_is_help=True)
    group.command("explain")(explain)
    group.command("preview")(preview)
    group.command("calibrate")(calibrate)
    app.add_typer(group)


def explain(
    read: Annotated[str, typer.Argument(help="What was read; ? for an unread character.")],
    listed: Annotated[str, typer.Argument(help="The plate on the list.")],
    edits: Annotated[int, typer.Option(min=0, max=1, help="Characters that may be wrong, missing or too much.")] = 0,
    confidence: Annotated[float | None, typer.Option(min=0, max=1, help="Of every character that was read.")] = None,
    alternative: Annotated[
        list[str] | None,
        typer.Option(help="Another hypothesis of the reader, TEXT or TEXT:CONFIDENCE; likeliest first."),
    ] = None,
    country: Annotated[str, typer.Option(help="That was read, ISO 3166-1 alpha-2.")] = "",
    listed_country: Annotated[str, typer.Option(help="Of the listed plate.")] = "",
    of_list: Annotated[str, typer.Option("--list", help="Of matching.yaml, whose strictness counts.")] = "",
) -> None:
    """Say position by position how a reading agrees with a listed plate, and whether it would be a candidate.

    Exit code 0 when it would, 1 when not.
    """
    from fairwatch.apps.plate_explanation import Explained, hypotheses_of  # noqa: PLC0415  # only here
    from fairwatch.matching.match_policy import FILE, MatchPolicy  # noqa: PLC0415
    from fairwatch.matching.plate_text import normalise  # noqa: PLC0415

    out = Console(soft_wrap=True)
    policy = MatchPolicy.load(settings().config_dir / FILE)
    strict = policy.plates
    if of_list:
        own = next((one.plates for one in policy.lists if one.name == of_list and one.plates), None)
        if own is None:
            raise ConfigurationError(f"{FILE}: no list {of_list!r} says anything of plates")
        strict = own
    said, plate = hypotheses_of(read, confidence, alternative or [], country or None), normalise(listed)
    out.print(f"compared: {shown(said[0].text)} read, {shown(plate)} listed", highlight=False)
    explained = Explained(said, plate, listed_country or None, edits, strict, policy.reader)
    for sentence in explained.sentences():
        out.print(shown(sentence), highlight=False)
    raise typer.Exit(0 if explained.hits else 1)


def preview(
    name: Annotated[str, typer.Argument(metavar="LIST", help="Of matching.yaml, an authorisation, or an objective.")],
    threshold: Annotated[float | None, typer.Option(min=0.01, max=1, help="Likelihood.")] = None,
    edit_from: Annotated[int | None, typer.Option(min=5, help="Characters from which on an edit counts.")] = None,
    confusable: Annotated[bool, typer.Option(help="Whether characters that readers confuse may differ.")] = True,
    alternatives: Annotated[bool, typer.Option(help="Whether a reader's other hypotheses count.")] = True,
    least_evidence: Annotated[float | None, typer.Option(min=0, help="log10 of the likelihood ratio.")] = None,
    start: Annotated[str, typer.Option("--from", help="2026-03-01T08:00+01:00; a day ago without.")] = "",
    end: Annotated[str, typer.Option("--to", help="Now without.")] = "",
    history: Annotated[list[Path] | None, typer.Option("--history", help="Files of `tail --json`.")] = None,
    most: Annotated[int, typer.Option(min=0, help="Pairs of reading and plate to show of each kind.")] = 20,
) -> None:
    """Say what other settings would have accepted of what was read, beside those in force.

    Only readings within the mandate are compared. Shown are readings and listed plates, not where or when; that
    somebody looked is in the audit log.
    """
    from fairwatch.apps.past.preview import members  # noqa: PLC0415  # numpy, only here
    from fairwatch.apps.past.preview import preview as previewed  # noqa: PLC0415
    from fairwatch.matching.match_policy import FILE, MatchPolicy  # noqa: PLC0415
    from fairwatch.matching.strictness import PlateStrictness  # noqa: PLC0415

    clock = SystemClock()
    now = clock.now()
    since, until = past_window(start, end, now)
    policy, listed = MatchPolicy.load(settings().config_dir / FILE), Listed.read(settings())
    entries = members(listed, policy, name)
    asked = {"threshold": threshold, "edit_from": edit_from, "least_evidence": least_evidence}
    given = {key: value for key, value in asked.items() if value is not None}
    taken = {"confusable": confusable, "alternatives": alternatives, "threshold": policy.plate_threshold, **given}
    wanted = PlateStrictness(policy="preview", **taken)  # type: ignore[arg-type]
    details = {
        "list": name,
        "from": str(since),
        "until": str(until),
        **{key: str(value) for key, value in given.items()},
    }
    asyncio.run(tell(settings(), told("plates.previewed", name, at=now, details=details)))
    made = previewed(sightings(settings(), since, until, history), listed, entries, policy, wanted, clock)
    _show(made, len(entries), most)


def _show(made: "Preview", entries: int, most: int) -> None:
    out = Console(soft_wrap=True)
    out.print(f"{made.readings} readings within the mandate of {entries} plates", highlight=False)
    for label, counts in (("in force", made.now), ("as asked", made.then)):
        said = ", ".join(f"{number} {manner.replace('_', ' ')}" for manner, number in sorted(counts.items()))
        out.print(f"{label}: {counts.total()} candidates" + (f" ({said})" if said else ""), highlight=False)
    for label, pairs in (("only as asked", made.more), ("only in force", made.less)):
        ordered = sorted(pairs.items(), key=lambda one: (-one[1], one[0].read, one[0].listed))
        for pair, number in ordered[:most]:
            manner, ratio = pair.manner.replace("_", " "), f"10^{pair.evidence or 0:.1f}"
            plates = f"read {shown(pair.read)}, listed {shown(pair.listed)}"
            out.print(f"  {label}: {number} x {plates}, {manner}, {pair.likelihood:.3f}, {ratio}", highlight=False)


def calibrate(
    file: Annotated[
        Path, typer.Argument(help="Lines read,plate: what a reader said, and what was there.", exists=True)
    ],
    source: Annotated[str, typer.Option(help="Which reader, where and when; candidates name it.")] = "",
) -> None:
    """Measure how often a plate reader is wrong, and print what to write into matching.yaml.

    Exit code 1 when there are too few characters to rely on.
    """
    from fairwatch.apps.past.reader_rates import counted, rows_of  # noqa: PLC0415  # only here

    out = Console(soft_wrap=True)
    counts = counted(rows_of(file))
    rates = counts.rates(source)
    out.print(f"{counts.plates} plates, {counts.apart} readings like no plate", highlight=False)
    out.print(rates.sentence, highlight=False)
    said = rates.model_dump()
    out.print("reader: " + json.dumps(said, ensure_ascii=False), highlight=False, markup=False)
    raise typer.Exit(0 if rates.is_measured else 1)
