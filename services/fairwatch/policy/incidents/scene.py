"""What happens to the incidents of a partition: an event comes, ends or is taken back, a person merges or splits."""

from collections.abc import Mapping
from typing import Any, Literal

from fairwatch.domain.ids import stable_id
from fairwatch.policy.incidents.choosing import chosen
from fairwatch.policy.incidents.deeds import IncidentObjection, objection
from fairwatch.policy.incidents.incident import HUB, Incident
from fairwatch.policy.incidents.rows import Row
from fairwatch.policy.incidents.rules import MICROSECOND, IncidentRule
from fairwatch.policy.incidents.shelf import Shelf
from fairwatch.policy.incidents.step import Step

Took = Literal["opened", "joined", "ended", "withdrawn", "nothing_open"]


def take(shelf: Shelf, step: Step, rule: IncidentRule, now: int) -> Took:
    """Take an event in, or its end, or take back what was."""
    own = shelf.with_alert(step.alert_id)
    known = [incident for one in own if (incident := shelf.get(one)) is not None]
    if step.state == "CANCELLED":
        return "withdrawn" if withdraw(shelf, step.alert_id, step.cause) else "nothing_open"
    if step.state == "ENDED" and (known or step.since >= step.at):
        ended = [incident for incident in known if incident.end(step)]
        for incident in ended:
            shelf.put(incident)
        return "ended" if ended else "nothing_open"
    return _join(shelf, step, rule, now)


def _join(shelf: Shelf, step: Step, rule: IncidentRule, now: int) -> Took:
    row, within = Row.of(step, rule), rule.within // MICROSECOND
    ids = chosen(shelf.open_in(step.place), row.at, within, shelf.with_alert(step.alert_id))
    found = [incident for one in ids if (incident := shelf.get(one)) is not None]
    new = not found
    if new:
        name = stable_id("incident", step.place, step.step_id)
        found = [Incident.opened(name, step.place, rule.name, step.site_id, step.site_name)]
    first, *others = found
    first.add(row, rule)
    for other in others:
        _merge(shelf, other, first, within, now)
    shelf.link(first)
    shelf.put(first)
    return "opened" if new else "joined"


def withdraw(shelf: Shelf, alert_id: str, cause: str | None = None) -> bool:
    """Take out what an alert said, or one of its causes; return whether there was such."""
    found = False
    for name in list(shelf.with_alert(alert_id)):
        incident = shelf.get(name)
        if incident is not None and incident.withdraw(alert_id, cause):
            found = True
            if alert_id not in incident.alerts:
                shelf.unlink(name, [alert_id])
            shelf.put(incident)
    return found


def act(shelf: Shelf, deed: Mapping[str, Any], rule: IncidentRule | None, now: int) -> IncidentObjection | None:
    """Do what a person wants; return why not, or None.

    Args:
        shelf: The incidents.
        deed: An IncidentAction.
        rule: Of the place; None where it is gone.
        now: Our clock, microseconds.
    """
    incident, into = shelf.get(deed["incident_id"]), shelf.get(deed.get("into") or "")
    alerts = incident.alerts if incident is not None else ()
    against = objection(deed, _value(incident), _value(into), alerts)
    if against is not None or incident is None:
        return against
    within = rule.within // MICROSECOND if rule is not None else 0
    if deed["action"] == "MERGE":
        if into is None:
            return "no_other"
        _merge(shelf, incident, into, within, now, deed["actor"], deed.get("note", ""))
        shelf.link(into)
        shelf.put(into)
        return None
    new = incident.split(deed["alerts"], deed, within)
    shelf.unlink(incident.id, new.alerts)
    shelf.link(new)
    shelf.put(incident)
    shelf.put(new)
    return None


def _merge(
    shelf: Shelf, incident: Incident, into: Incident, within: int, now: int, actor: str = HUB, note: str = ""
) -> None:
    shelf.unlink(incident.id, incident.alerts)
    into.absorb(incident, within, now, actor, note)
    shelf.put(incident)


def _value(incident: Incident | None) -> Mapping[str, Any] | None:
    return None if incident is None else incident.value
