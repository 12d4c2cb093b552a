"""One event on its way to an incident: a trigger that became part of an alert, or its end.

Steps travel from `group`, which knows of what alert a trigger is part, to `incident`, which has all that happens in a
place. They are records like the triggers they come from, without what an incident has no business with: texts,
pictures, parameters, who confirmed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from fairwatch.domain.calendar import is_plausible
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.policy.causes import cause_of
from fairwatch.policy.incidents.rules import IncidentRule

STEP, RULE = "incident.step", "incident.rule"
APART = "|"  # stands between a rule and a site
TAKEN = (
    "state", "rule", "event_type", "certainty", "started_at", "updated_at", "ended_at", "received_at", "issued_at",
    "triggers", "site_id", "site_name", "entry_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """An event of one place. Times are microseconds UTC.

    Attributes:
        step_id: The same when it comes again.
        place: Rule of incidents, and site where each has its own.
        state: `NEW`, `ENDED` or `CANCELLED`.
        at: When it happened.
        since: When that began.
        cause: What it is about, within its alert.
        source: The sighting or verdict: two rules may have raised an alert each of it.
        who: The same for sightings of the same listed person or plate; empty where nobody is known.
    """

    step_id: str
    incident_rule: str
    place: str
    state: str
    alert_id: str
    rule: str
    event_type: str
    device_id: str
    site_id: str | None
    site_name: str | None
    at: int
    since: int
    known_at: int
    certainty: str
    cause: str
    source: str
    who: str

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Step":
        """Read a step.

        Raises:
            RejectedError: invalid_field: it says of no rule that it is for it, or is of no plausible time.
        """
        said = record.get("parameters") or {}
        if not said.get(STEP) or not said.get(RULE):
            raise RejectedError("invalid_field", "is no step of an incident", "parameters")
        if not all(is_plausible(record[name]) for name in ("started_at", "updated_at", "issued_at")):
            raise RejectedError("invalid_field", f"{record['updated_at']} is no plausible time", "updated_at")
        return cls(
            step_id=said[STEP],
            incident_rule=said[RULE],
            place=record["group"],
            state=record.get("state", "NEW"),
            alert_id=record["alert_id"],
            rule=record["rule"],
            event_type=record["event_type"],
            device_id=next(iter(record.get("device_ids") or ()), ""),
            site_id=record.get("site_id"),
            site_name=record.get("site_name"),
            at=record["updated_at"],
            since=record["started_at"],
            known_at=record["issued_at"],
            certainty=record.get("certainty", "UNKNOWN"),
            cause=short(cause_of(record)[0]),
            source=short(next(iter(record["triggers"]), record["alert_id"])),
            who=short(record["entry_id"]) if record.get("entry_id") else "",
        )


def step_of(trigger: Mapping[str, Any], alert_id: str, rules: Sequence[IncidentRule]) -> dict[str, Any] | None:
    """Return the step of a trigger for the first rule that takes it, or None.

    Args:
        trigger: As `route` writes it.
        alert_id: Of the alert of which it became part.
        rules: In the order of the file.
    """
    rule = next((rule for rule in rules if _takes(rule, trigger)), None)
    if rule is None:
        return None
    site_id = trigger.get("site_id") or ""
    return {
        **{name: trigger[name] for name in TAKEN if name in trigger},
        "alert_id": alert_id,
        "group": f"{rule.name}{APART}{site_id if rule.per == 'site' else ''}",
        "revision": 0,
        "title": "",
        "receivers": [],
        "device_ids": list(trigger.get("device_ids") or ())[:1],
        "parameters": {STEP: trigger["alert_id"], RULE: rule.name},
        "causes": list(trigger.get("causes") or ())[:1],
    }


def steps_of(
    trigger: Mapping[str, Any], alert_id: str, sets: Sequence[Sequence[IncidentRule]]
) -> Iterator[dict[str, Any]]:
    """Yield the steps of a trigger for several sets of rules, one for each place.

    Args:
        trigger: As `route` writes it.
        alert_id: Of the alert of which it became part, or its own.
        sets: Those that hold, then those before them, in whose places something may be that is taken back.
    """
    places = set[str]()
    for rules in sets:
        step = step_of(trigger, alert_id, rules)
        if step is None or step["group"] in places:
            continue
        if places:  # two places may lie on one partition, where it is known by its id
            own = stable_id("incident-step", trigger["alert_id"], step["group"])
            step["parameters"] = {**step["parameters"], STEP: own}
        places.add(step["group"])
        yield step


def steps_of_told(alert: Mapping[str, Any], rules: Sequence[IncidentRule]) -> Iterator[dict[str, Any]]:
    """Yield the steps of an alert that is told only now, of each of its causes: until then it was part of nothing.

    Args:
        alert: Its first revision.
        rules: In the order of the file.
    """
    for cause in alert["causes"]:
        for state in ("NEW",) if cause["state"] == "FIRING" else ("NEW", "ENDED"):
            at = cause["updated_at"] if state == "ENDED" else cause["started_at"]
            step_id = stable_id("incident-step", alert["alert_id"], cause["cause_id"], state)
            said = {"event_type": cause["event_type"], "started_at": cause["started_at"], "updated_at": at}
            step = step_of(
                {**alert, **said, "alert_id": step_id, "state": state, "ended_at": at if state == "ENDED" else None,
                 "triggers": [stable_id("incident-step", alert["alert_id"], cause["cause_id"])],
                 "device_ids": [cause["device_id"]], "causes": [cause]},
                alert["alert_id"], rules,
            )  # fmt: skip
            if step is not None:
                yield step


def short(text: str) -> str:
    """Return 16 hexadecimal digits that stand for a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _takes(rule: IncidentRule, trigger: Mapping[str, Any]) -> bool:
    there = {
        "rules": (trigger["rule"],),
        "sites": (trigger.get("site_id"),),
        "zones": trigger.get("zones") or (),
        "devices": trigger.get("device_ids") or (),
    }
    for name, values in there.items():
        wanted = getattr(rule, name)
        if wanted and not set(values) & set(wanted):
            return False
    event_type = trigger["event_type"]
    return not rule.event_types or any(
        event_type.startswith(text[:-1]) if text.endswith("*") else event_type == text for text in rule.event_types
    )
