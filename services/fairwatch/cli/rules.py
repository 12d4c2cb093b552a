"""`fairwatch rules`: can these rules do what they are meant to, do they, and which of them takes a sighting."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fairwatch.apps import reference, rule_sets
from fairwatch.apps.backtest.history import FileHistory, TopicHistory
from fairwatch.apps.backtest.play import processors
from fairwatch.apps.backtest.run import estimate
from fairwatch.apps.rehearsal.table import as_table
from fairwatch.apps.rehearsal.trial import PATTERN, Trial, files, run_file
from fairwatch.apps.settings import settings
from fairwatch.cli.main import EXIT_CONFIGURATION, EXIT_FAILURE
from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.policy.escalations import FILE, Escalations
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_faults import Places, rule_faults, rule_notes
from fairwatch.policy.rule_trace import trace
from fairwatch.policy.subject import Subject, is_biometric, of_sighting, of_verdict
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schemas import newest

FOLDER = typer.Option("--config", help="Folder of routes.yaml; FAIRWATCH_CONFIG_DIR without.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="rules", help="Checks, tests and explains the rules of routes.yaml.", no_args_is_help=True)
    group.command("check")(check)
    group.command("test")(try_out)
    group.command("explain")(explain)
    group.command("publish")(publish)
    group.command("history")(history)
    app.add_typer(group)


def check(
    folder: Annotated[Path | None, FOLDER] = None,
    days: Annotated[int, typer.Option("--days", help="Say how often each rule fired in so many days.", min=0)] = 0,
    history: Annotated[
        list[Path] | None, typer.Option("--history", help="Files that `tail --json` wrote, instead of the topics.")
    ] = None,
) -> None:
    """Say which rules are never reached, name what is not there, can never do what they say, or overlap.

    Of escalations.yaml it says whom schedules name that is nobody, which end soon, and when nobody of one is on call.
    Exit code 78 when something is wrong; an overlap, or a time with nobody, may be meant.
    """
    chosen = folder or settings().config_dir
    tree, places = _read(chosen)
    calls, now = Escalations.read(chosen / FILE), time.time_ns() // 1000
    out, found = Console(stderr=True), [*rule_faults(tree, places), *calls.faults(None, now)]
    for fault in found:
        out.print(f"[red]✗[/] {escape(fault)}", highlight=False)
    for note in (*rule_notes(tree), *calls.notes(now)):
        out.print(f"[yellow]![/] {escape(note)}", highlight=False)
    if found:
        raise typer.Exit(EXIT_CONFIGURATION)
    out.print(f"[green]✓[/] {len(tree.rules)} rules", highlight=False)
    if days or history:
        since = (time.time_ns() // 1000 - days * 86_400_000_000) if days else 0
        records = FileHistory(history) if history else TopicHistory(settings())
        covered, tallies, left_out = estimate(tree, records, places.sites or {}, since, processors(), places.devices)
        for note in left_out:
            out.print(f"[yellow]![/] {escape(note)}", highlight=False)
        for name, tally in sorted(tallies.items(), key=lambda each: -each[1].alerts):
            typer.echo(f"{tally.alerts / covered:10.1f} alerts a day  {name}")


def try_out(
    tests: Annotated[
        list[Path] | None, typer.Argument(help=f"Files of tests; {PATTERN} of the folder without.")
    ] = None,
    folder: Annotated[Path | None, FOLDER] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show also what passed, line by line.")] = False,
    table: Annotated[bool, typer.Option("--table", help="Print how tests compare with another system.")] = False,
) -> None:
    """Play the tests of the rules: events at given times, and what receivers are told then.

    Exit code 1 when something is told that was not wanted, or is not told that was; 78 when a test cannot be read.
    """
    chosen = folder or settings().config_dir
    paths = tests or list(files(chosen))
    if not paths:
        raise ConfigurationError(f"{chosen}: there is no {PATTERN}")
    trials = [trial for path in paths for trial in asyncio.run(run_file(path))]
    if table:
        typer.echo(as_table(trials), nl=False)
    for trial in trials if not table else ():
        _show(trial, everything=everything)
    failed = sum(not trial.passed for trial in trials)
    Console(stderr=True).print(f"{len(trials) - failed} passed, {failed} failed", highlight=False)
    if failed:
        raise typer.Exit(EXIT_FAILURE)


def _show(trial: Trial, *, everything: bool) -> None:
    out = Console()
    name = escape(trial.case.name)
    title = f"[green]✓[/] {name}" if trial.passed else f"[red]✗[/] {name} [dim]({trial.file.name})[/]"
    out.print(title, highlight=False, soft_wrap=True)
    colours = {" ": "dim", "-": "red", "+": "yellow", "~": "magenta"}
    for line in trial.lines if everything or not trial.passed else ():
        text = escape(f"{line.mark} {line.text}")
        out.print(f"    [{colours[line.mark]}]{text}[/]", highlight=False, soft_wrap=True)


def explain(
    file: Annotated[
        Path, typer.Argument(help="A sighting or verdict as JSON, as `fairwatch tail --json` prints it; - reads it.")
    ],
    folder: Annotated[Path | None, FOLDER] = None,
) -> None:
    """Say which rule takes a sighting or verdict, and why the others do not.

    Exit code 1 when none takes it.
    """
    tree, places = _read(folder or settings().config_dir)
    subject, why = _subject(file, places)
    out = Console()
    if subject is None:
        out.print(f"[yellow]raises nothing:[/] {why}", highlight=False)
        raise typer.Exit(1)
    steps = trace(tree, subject)
    for step in steps:
        name = escape(step.name) or "(no name)"
        end = (
            f"[dim]{escape(step.reason)}[/]"
            if step.reason
            else "[green]takes it[/]"
            if step.raises
            else "looks further"
        )
        out.print(f"{'  ' * step.depth}{name}: {end}", highlight=False, soft_wrap=True)
    for rule in tree.rules_for(subject):
        if rule.tell_when is not None:
            out.print(f"{escape(rule.name)}: told once {escape(str(rule.tell_when))}", highlight=False, soft_wrap=True)
    terms = tree.terms_for(subject)
    for term in terms:
        out.print(f"{escape(term.name)}: [green]counts[/] ({term.part} of {term.rule.kind})", highlight=False)
    if not terms and not any(step.raises for step in steps):
        raise typer.Exit(1)


def publish(
    author: Annotated[str, typer.Option("--as", help="Who publishes them.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    folder: Annotated[Path | None, FOLDER] = None,
    back: Annotated[bool, typer.Option("--back-to-file", help="Let each worker go back to its own file.")] = False,
    faulty: Annotated[bool, typer.Option("--faulty", help="Publish them though `rules check` finds faults.")] = False,
    because: Annotated[str, typer.Option("--because", help="Why a word that is asked about is meant.")] = "",
) -> None:
    """Let rules hold everywhere at once, without a restart; alerts that are open end under those they began under."""
    chosen, before = settings(), rule_sets.known(settings())
    place = folder or chosen.config_dir
    if not back and not faulty and (found := list(rule_faults(*_read(place)))):
        raise ConfigurationError("; ".join(found))
    text = "" if back else rule_sets.travelling(place / "routes.yaml")
    record = rule_sets.next_set(before, text, author, reason)
    asyncio.run(rule_sets.publish(chosen, before, record, because))
    Console(stderr=True).print(f"[green]✓[/] rules number {record['number']} are published", highlight=False)


def history() -> None:
    """Say which rules were published, by whom and why; the last one holds."""
    for record in rule_sets.known(settings()):
        what = "the workers' own files" if not record["routes"] else f"{len(record['routes']):,} characters"
        when, who = iso_8601(record["published_at"])[:19], f"{record['author']}: {record['reason']}"
        typer.echo(f"{record['number']:>5}  {when}Z  {who} ({what})")


def _read(folder: Path) -> tuple[RouteTree, Places]:
    tree = RouteTree.read(folder / "routes.yaml")
    path = folder / reference.FILE
    records = reference.read_reference(path) if path.exists() else {}
    return tree, Places(records.get("sites") or None, records.get("devices") or None)


def _subject(file: Path, places: Places) -> tuple[Subject | None, str]:
    text = sys.stdin.read() if str(file) == "-" else _text(file)
    try:
        said = dict(json.loads(text))
        said = said.get("record", said)
        type_ = "Verdict" if "verdict_id" in said else "Sighting"
        record = from_json(newest()[type_], said)
        if type_ == "Verdict":
            site = (places.sites or {}).get(record["candidate"].get("site_id") or "")
            return of_verdict(record, site.get("time_zone") if site else None), ""
        if is_biometric(record):
            return None, "a face, or a device's own claim: only confirmed verdicts raise alerts about these"
        subject = of_sighting(record)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{file}: is no JSON object: {error}") from error
    except RejectedError as error:
        raise ConfigurationError(f"{file}: {error.field or 'record'}: {error.detail}") from error
    return (subject, "") if subject.begins or subject.ends else (None, "it says that something is as it was")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read") from error
