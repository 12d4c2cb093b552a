"""Decides which sightings and verdicts are alerts, for whom, and under which group."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.ports import Reference
from fairwatch.parts import spec_of
from fairwatch.policy.absence import MINUTE, last_sign, life_sign
from fairwatch.policy.arming import TOPIC as ARMINGS
from fairwatch.policy.arming import ArmedSites, audited, key_of
from fairwatch.policy.correlation.step import Token, written
from fairwatch.policy.device_status import is_of_devices, of_status, site_of
from fairwatch.policy.release import verdict_may_leave
from fairwatch.policy.routing import RouteTree, Rule
from fairwatch.policy.rule_book import RuleBook
from fairwatch.policy.subject import Subject, is_biometric, of_sighting, of_verdict
from fairwatch.policy.template import Template
from fairwatch.telemetry import metrics
from fairwatch.wire.kinds.names import Names
from fairwatch.wire.refused_records import is_foreign, refused_record

SIGNED = 200_000  # groups of rules that are gone for which it is remembered when the last sign was written


class Route:
    """Raises alerts by the route tree.

    What is about a match comes from confirmed verdicts only (it fails closed); everything else that a rule names is
    raised as seen (it fails open).

    Args:
        rules: Which hold now.
        sites: Known sites, for the time zone of a verdict.
        devices: Known devices, for where those stand that say that they are there; None where nobody hears of that.
        names: Makes the tokens that stand for plates.
        site_armings: Which sites people and devices armed; None for what schedules say alone.
    """

    spec = spec_of("route")

    def __init__(
        self,
        rules: RuleBook | RouteTree,
        sites: Reference,
        devices: Reference | None = None,
        names: Names | None = None,
        site_armings: Reference | None = None,
    ) -> None:
        self._names = names or Names()
        self._rules = rules if isinstance(rules, RuleBook) else RuleBook(rules)
        self._sites, self._devices = sites, devices
        self._armed = ArmedSites(lambda: self._rules.tree, site_armings, sites)
        self._signed: dict[str, int] = {}  # when a sign of life was written last for a rule that is gone, by group

    def subject_of(self, type_: str, record: dict[str, Any]) -> Subject | Skip:
        """See a record of a type as a subject, or say why it raises nothing.

        Raises:
            RejectedError: It cannot be.
        """
        subject = self._verdict(record) if type_ == "Verdict" else self._sighting(record)
        if isinstance(subject, Skip) or not self._rules.tree.asks_armed:
            return subject
        return replace(subject, armed=self._armed.at(subject.site_id, subject.occurred_at))

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Answer each event with one trigger for each rule that takes it."""
        return [self._answer(event) for event in batch]

    def _answer(self, event: Event) -> list[Outcome]:
        if event.record is None:
            return [Skip("tombstone")]
        if event.type == "Verdict" and is_foreign(event):
            return [*refused_record("route", event, event.record["decided_at"])]  # not the clock: it has none
        answers = self._alive(event.record) if event.type == "DeviceStatus" else self._seen(event)
        for answer in answers:
            if answer.__class__ is Emit and answer.topic == "alert-triggers":
                answer.record["follows"] = event.places
        return answers

    def _seen(self, event: Event) -> list[Outcome]:
        try:
            subject = self.subject_of(event.type, event.record)
            raised = [*self._arms(subject), *self._raise(subject, event.record)]
            if event.type == "Verdict" or not (self._rules.tree.routes.absent or self._rules.unwatched):
                return raised
            return [*self._signs(of_sighting(event.record)), *raised]
        except RejectedError as error:
            return [Reject(error.reason, error.detail, error.field)]

    def _arms(self, subject: Subject | Skip) -> list[Outcome]:
        """Return that an event arms or disarms its site, from the next event on."""
        if isinstance(subject, Skip) or not self._rules.tree.routes.arming:
            return []
        record = self._armed.said_by(subject)
        if record is None:
            return []
        site_id = record["site_id"]
        return [Emit(ARMINGS, key_of(record), record), Emit("audit", site_id, audited(record))]

    def _signs(self, subject: Subject, fits: Callable[[Rule], bool] = lambda _rule: True) -> list[Emit]:
        """Return that something was heard, of faces too: where it comes from, and nothing of what was seen."""
        signs = signs_of(self._rules.tree, subject, fits)
        groups = {sign["group"] for sign in signs}
        for tree, names in self._rules.unwatched:
            for rule in tree.watching(subject):
                if rule.name not in names or not fits(rule):
                    continue
                sign = last_sign(rule, subject)
                if sign["group"] not in groups and self._is_first_in_a_while(sign["group"], subject.received_at):
                    groups.add(sign["group"])
                    signs.append(sign)
        return [Emit("alert-triggers", sign["group"], sign) for sign in signs]

    def _is_first_in_a_while(self, group: str, at: int) -> bool:
        """Tell whether nothing was written for a rule that is gone within a minute: one sign ends all that is open."""
        if len(self._signed) > SIGNED:
            self._signed = {}
        is_first = not 0 < at - self._signed.get(group, -MINUTE) < MINUTE  # one that comes again is written again
        if is_first:
            self._signed[group] = at
        return is_first

    def subject_of_status(self, status: dict[str, Any]) -> Subject | Skip:
        """See the status of a device that is there as a sign of life, or say why it is none."""
        if status["state"] != "ALIVE":
            return Skip("device_gone")
        device = self._devices.get(status["device_id"]) if self._devices is not None else None
        if self._devices is None or device is None:
            return Skip("unknown_device")
        recorder = self._devices.get(device.get("parent_id") or "")
        site = self._sites.get(site_of(device, recorder) or "")
        return of_status(status, device, recorder, site)

    def _alive(self, status: dict[str, Any]) -> list[Outcome]:
        """Return the signs of life of a device that is there, for rules that ask for no event."""
        subject = self.subject_of_status(status)
        if isinstance(subject, Skip):
            return [subject]
        return [*self._signs(subject, is_of_devices)] or [Skip("unrouted")]

    def _sighting(self, sighting: dict[str, Any]) -> Subject | Skip:
        if is_biometric(sighting):
            return Skip("unverified")
        return of_sighting(sighting)

    def _verdict(self, verdict: dict[str, Any]) -> Subject | Skip:
        if verdict["outcome"] not in ("CONFIRMED", "REVOKED"):
            return Skip(f"verdict_{verdict['outcome'].lower()}")
        if verdict["outcome"] == "CONFIRMED" and not verdict_may_leave(verdict):
            return Skip("unverified")
        site = self._sites.get(verdict["candidate"].get("site_id") or "")
        return of_verdict(verdict, site.get("time_zone") if site else None)

    def _raise(self, subject: Subject | Skip, record: dict[str, Any]) -> list[Outcome]:
        if isinstance(subject, Skip):
            return [subject]
        if not (subject.begins or subject.ends):
            return [Skip("inactive")]
        tree = self._rules.tree
        found: list[Outcome] = [*triggers_of(tree, subject), *steps_of(tree, subject, record, self.token)]
        if subject.ends and self._rules.earlier:
            found += self._of_earlier_rules(subject, {each.key for each in found if isinstance(each, Emit)})
        return found or [Skip("unrouted")]

    def token(self, plate: str) -> str:
        """Return what stands for a plate in keys."""
        return self._names.token("plate", "id", plate)

    def _of_earlier_rules(self, subject: Subject, known: set[str]) -> Iterator[Emit]:
        """Yield the end for alerts that began under rules that do not hold any more; nothing comes of it elsewhere."""
        for tree in self._rules.earlier:
            for rule in tree.rules_for(subject):
                emit = _emit(rule, subject, subject.occurred_at)  # it speaks for no beginning: that rule is gone
                if emit.key not in known:
                    known.add(emit.key)
                    yield emit


def signs_of(tree: RouteTree, subject: Subject, fits: Callable[[Rule], bool]) -> list[dict[str, Any]]:
    """Return the signs of life that a subject is, for those of the rules that fit."""
    return [life_sign(rule, subject) for rule in tree.watching(subject) if fits(rule)]


def triggers_of(tree: RouteTree, subject: Subject) -> list[Emit]:
    """Return one trigger for each rule that takes a subject that begins or ends."""
    rules = tree.rules_for(subject)
    if not subject.ends or subject.started_at >= subject.occurred_at:
        return [_emit(rule, subject, subject.started_at) for rule in rules]
    # An end speaks for its beginning, should that be lost, where the beginning would have raised an alert.
    begun = {rule.name for rule in tree.rules_for(replace(subject, begins=True, ends=False))}
    starts = [subject.started_at if rule.name in begun else subject.occurred_at for rule in rules]
    return [_emit(rule, subject, at) for rule, at in zip(rules, starts, strict=True)]


def steps_of(tree: RouteTree, subject: Subject, record: Mapping[str, Any], token: Token) -> Iterator[Emit]:
    """Yield what rules of several events are told of a subject.

    Args:
        tree: The rules.
        subject: What is seen.
        record: The sighting or verdict itself.
        token: Says what stands for a plate.
    """
    for term in tree.terms_for(subject) if tree.correlations else ():
        alone = _trigger(tree.rules[term.name], subject, "", subject.started_at)
        part = term.part_of(subject)
        for step in written(term.rule, part, subject, record, alone, token):
            yield Emit("correlation-steps", step["group"], step)


def _emit(rule: Rule, subject: Subject, started_at: int) -> Emit:
    group = "|".join((rule.name, *(subject.text(name) for name in rule.group_by)))
    return Emit("alert-triggers", group, _trigger(rule, subject, group, started_at))


def _trigger(rule: Rule, subject: Subject, group: str, started_at: int) -> dict[str, Any]:
    state = "CANCELLED" if subject.cancels else "ENDED" if subject.ends else "NEW"
    return {
        "alert_id": stable_id("trigger", rule.name, subject.trigger, state),
        "group": group,
        "revision": 0,
        "state": state,
        "rule": rule.name,
        "event_type": subject.event_type,
        "title": _filled(rule, "title", rule.title, subject),
        "description": _filled(rule, "description", rule.description, subject),
        "category": rule.category,
        "severity": rule.severity,
        "urgency": rule.urgency,
        "certainty": subject.certainty,
        "receivers": list(rule.receivers),
        "started_at": started_at,
        "updated_at": subject.occurred_at,
        "ended_at": subject.occurred_at if subject.ends else None,
        "received_at": subject.received_at,
        "issued_at": subject.received_at,  # not the clock: a replay writes the same trigger
        "count": 1,
        "triggers": [subject.trigger],
        "device_ids": [subject.device_id],
        "device_name": subject.device_name,
        "site_id": subject.site_id,
        "site_name": subject.site_name,
        "zones": list(subject.zones),
        "geo": subject.geo,
        "candidate_id": subject.candidate_id,
        "entry_id": subject.entry_id,
        "authorisation_id": subject.authorisation_id,
        "verified_by": list(subject.verified_by),
        "media": list(subject.media),
        "parameters": dict(subject.facts),
        "exercise": subject.exercise,
        "causes": [_cause(subject, started_at)],
    }


def _filled(rule: Rule, part: str, template: Template, subject: Subject) -> str:
    """Return a text of the alert; one that fails is plain, and counted: the alert itself is not late for it."""
    filled = template.fill(subject)
    if filled.failed:
        metrics.RULES_FAILED.labels(rule.name, part).inc()
    return filled.text


def _cause(subject: Subject, started_at: int) -> dict[str, Any]:
    return {
        "cause_id": subject.cause_id,
        "kind": subject.cause_kind,
        "state": "ENDED" if subject.ends else "FIRING",
        "device_id": subject.device_id,
        "event_type": subject.event_type,
        "started_at": started_at,
        "updated_at": subject.occurred_at,
    }
