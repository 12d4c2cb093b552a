"""Runs the tests of rules that stand in `*.test.yaml` beside the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from fairwatch.apps import reference
from fairwatch.apps.rehearsal.comparison import Line, compare
from fairwatch.apps.rehearsal.hub import Rehearsal
from fairwatch.apps.rehearsal.incidents import compare_incidents
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.apps.rehearsal.moments import Moments
from fairwatch.apps.rehearsal.receivers import Message, Trouble
from fairwatch.apps.rehearsal.records import Places, sighting, verdict
from fairwatch.apps.rehearsal.script import STEP_LIMIT, Case, RuleTests, Step
from fairwatch.apps.rule_sets import travelling
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import AlertDeed, AlertOutcome
from fairwatch.policy import quiet
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.escalations import FILE, Escalations
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.silencing import faults
from fairwatch.sinks.receivers import Receivers

PATTERN = "*.test.yaml"
HOUR = 3_600_000_000
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one test.

    Attributes:
        lines: What was told beside what was wanted, and alerts where they were asked for.
        told: What receivers were told, in a few words.
    """

    file: Path
    case: Case
    lines: list[Line]
    told: str

    @property
    def passed(self) -> bool:
        """Whether all is as it should be."""
        return all(line.mark == " " for line in self.lines)


async def run_file(path: Path) -> list[Trial]:
    """Run the tests of one file.

    Raises:
        ConfigurationError: Names the file, the test and what is wrong with it.
    """
    tests = read_yaml(path, RuleTests)
    folder, trials = path.parent, list[Trial]()
    tree = None if all(case.rules for case in tests.tests) else RouteTree.read(folder / tests.rules)
    records = reference.read_reference(folder / reference.FILE) if (folder / reference.FILE).exists() else {}
    receivers = {**_receivers(folder), **tests.receivers}
    for case in tests.tests:
        places = Places(records.get("sites", {}), records.get("devices", {}), case.zone or tests.zone)
        try:
            trials.append(await _Run(case, tests, path, places).play(tree, receivers))
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: test {case.name!r}: {error}") from error
    return trials


class _Run:
    def __init__(self, case: Case, tests: RuleTests, path: Path, places: Places) -> None:
        self._case = case
        self._path = path
        self._places = places
        self._quiet = Quiet.read(path.parent / quiet.FILE) if case.quiet is None else case.quiet
        self._moments = Moments(case.zone or tests.zone, case.day)

    async def play(self, tree: RouteTree | None, receivers: Mapping[str, Any]) -> Trial:
        own, steps = self._case.rules, self._steps()
        tree = tree if own is None else RouteTree(own)
        assert tree is not None
        hub = Rehearsal(
            tree,
            steps[0][0],
            sites=MemoryReference(self._places.known(step for _, step in steps)),
            receivers=receivers if self._case.receivers is None else self._case.receivers,  # type: ignore[arg-type]
            troubles=self._troubles(),
            escalations=Escalations.read(self._path.parent / FILE),
            quiet=self._quiet,
        )
        for name, device in self._places.devices.items():
            hub.devices.put(name, device)
        for number, (at, step) in enumerate(steps):
            await hub.pass_time(at)
            await self._do(hub, step, number, at)
        case, end = self._case, steps[-1][0] + HOUR
        await hub.pass_time(end if case.until is None else self._moments.read(case.until))
        lines = [] if case.told is None else compare(case.told, hub.messages, self._moments)
        if case.alerts is not None:
            alerts = [Message(alert["issued_at"], "(alert)", alert) for alert in hub.alerts]
            lines += compare(case.alerts, alerts, self._moments)
        if case.incidents is not None:
            lines += compare_incidents(case.incidents, hub.incidents.values(), self._moments)
        return Trial(self._path, case, lines, self._summary(hub))

    def _summary(self, hub: Rehearsal) -> str:
        named = len({message.receiver for message in hub.messages}) > 1
        words = [
            f"{self._moments.write(each.at)[-9:-2]} {each.receiver + ' ' if named else ''}{each.alert['state']}"
            f" ({each.alert['firing']})"
            for each in hub.messages
        ]
        return ", ".join(words) or "nothing"

    def _steps(self) -> list[tuple[int, Step]]:
        found: list[tuple[int, Step]] = []
        for step in self._case.events:
            first, pause = self._moments.read(step.at), (step.every or timedelta()) // MICROSECOND
            self._moments.first = first if self._moments.first is None else self._moments.first
            found += [(first + pause * number, step) for number in range(step.times)]
            if len(found) > STEP_LIMIT:
                raise ConfigurationError(f"has more than {STEP_LIMIT:,} events")
        return sorted(found, key=lambda each: each[0])

    def _troubles(self) -> dict[str, list[Trouble]]:
        found: dict[str, list[Trouble]] = {}
        for each in self._case.answers:
            first, last = self._moments.read(each.after), self._moments.read(each.until)
            takes = (each.takes or timedelta()) // MICROSECOND
            found.setdefault(each.receiver, []).append(Trouble(first, last, each.answers, takes))
        return found

    async def _do(self, hub: Rehearsal, step: Step, number: int, at: int) -> None:
        if step.restart:
            await hub.restart()
        elif step.deed is not None:
            action, outcome = cast("AlertDeed", step.deed.upper()), cast("AlertOutcome", (step.was or "none").upper())
            await hub.answer(action, step.by, outcome, step.note)
        elif step.silence is not None or step.expire:
            await self._silence(hub, step, at)
        elif site := step.arm or step.disarm:
            await hub.set_armed(site, armed=step.arm is not None, by=step.by)
        elif step.rules is not None:
            hub.publish_rules(travelling(self._path.parent / step.rules))
        else:
            happened = at if step.happened is None else self._moments.read(step.happened)
            build, type_ = (sighting, "Sighting") if step.event else (verdict, "Verdict")
            record = build(step, number, at, happened, self._places)
            for _ in range(2 if step.again else 1):
                await hub.show(type_, record)

    async def _silence(self, hub: Rehearsal, step: Step, at: int) -> None:
        """Silence alerts, or end the silence that was made last."""
        if step.silence is None:
            for name, last in list(hub.silences.items())[-1:]:
                hub.silences.put(name, {**last, "expires_at": at})
        else:
            limits = self._quiet.silence_at_most
            record: dict[str, Any] = {
                "silence_id": f"silence-{at}",
                "author": "somebody",
                "role": max(limits, key=lambda role: limits[role], default=""),
                "reason": "test",
                "matchers": list(step.silence),
                "starts_at": at,
                "expires_at": self._moments.read(step.until or ""),
                "approved_by": [step.agreed_by] if step.agreed_by else [],
            }
            if wrong := list(faults(record, self._quiet)):
                raise ConfigurationError("silence: " + "; ".join(sentence for _, sentence in wrong))
            hub.silences.put(record["silence_id"], record)
        await hub.look_again()


def files(folder: Path) -> Iterator[Path]:
    """Iterate over the files of tests in a folder."""
    yield from sorted(folder.glob(PATTERN))


def _receivers(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what receivers.yaml says of receivers, apart from their addresses and secrets."""
    path = folder / "receivers.yaml"
    if not path.exists():
        return {}
    found = {}
    for options in read_yaml(path, Receivers).receivers:
        values = options.model_dump(include={"send_resolved", "min_severity", "fallback", "max_attempts"})
        times = {name: getattr(options, name) // MICROSECOND for name in ("give_up_after", "backoff", "backoff_max")}
        found[options.name] = {**values, **times, "concurrency": options.concurrency}
    return found
