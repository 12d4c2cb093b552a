"""What happens to the incidents of a partition: an event comes, ends or is taken back, a person merges or splits."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fairwatch.domain.ids import stable_id
from fairwatch.policy.incidents.choosing import chosen
from fairwatch.policy.incidents.deeds import IncidentObjection, objection
from fairwatch.policy.incidents.incident import HUB, MATCH, ROWS, Incident
from fairwatch.policy.incidents.rows import Row
from fairwatch.policy.incidents.rules import MICROSECOND, IncidentRule
from fairwatch.policy.incidents.shelf import Shelf
from fairwatch.policy.incidents.step import Step

Took = Literal["opened", "joined", "ended", "withdrawn", "nothing_open"]


def take(shelf: Shelf, step: Step, rule: IncidentRule, now: int) -> Took:
    """Take an event in, or its end."""
    own = shelf.with_alert(step.alert_id)
    known = [incident for one in own if (incident := shelf.get(one)) is not None]
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
    listed = _listed(first, others, 1)
    first.add(row, rule)
    for other in others:
        _merge(shelf, other, first, within, now)
    _link(shelf, first, listed)
    shelf.put(first)
    return "opened" if new else "joined"


def take_back(shelf: Shelf, step: Step) -> Took:
    """Take out what was revoked: of its alert, or where that is long over, wherever the match is."""
    found = withdraw(shelf, step.alert_id, step.cause) or _withdraw(shelf, MATCH + step.cause, None, step.cause)
    return "withdrawn" if found else "nothing_open"


def withdraw(shelf: Shelf, alert_id: str, cause: str | None = None) -> bool:
    """Take out what an alert said, or one of its causes; return whether there was such."""
    return _withdraw(shelf, alert_id, alert_id, cause)


def _withdraw(shelf: Shelf, name: str, alert_id: str | None, cause: str | None) -> bool:
    found = False
    for incident_id in list(shelf.with_alert(name)):
        incident = shelf.get(incident_id)
        listed = [] if incident is None else incident.names
        if incident is not None and incident.withdraw(alert_id, cause):
            found = True
            _unlink(shelf, incident, listed)
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
        listed = _listed(into, [incident])
        _merge(shelf, incident, into, within, now, deed["actor"], deed.get("note", ""))
        _link(shelf, into, listed)
        shelf.put(into)
        return None
    new = incident.split(deed["alerts"], deed, within)
    _unlink(shelf, incident, new.names)
    shelf.link(new)
    shelf.put(incident)
    shelf.put(new)
    return None


def _merge(
    shelf: Shelf, incident: Incident, into: Incident, within: int, now: int, actor: str = HUB, note: str = ""
) -> None:
    shelf.unlink(incident.id, incident.names)
    into.absorb(incident, within, now, actor, note)
    shelf.put(incident)


def _listed(incident: Incident, others: Sequence[Incident], more: int = 0) -> list[str]:
    """Return what an incident is found by, where it may not list all of it with what is added to it."""
    return incident.names if more + sum(len(each.rows) for each in (incident, *others)) > ROWS else []


def _link(shelf: Shelf, incident: Incident, listed: list[str]) -> None:
    """Note what it is found by now; of what it listed before some may be counted only."""
    shelf.link(incident)
    _unlink(shelf, incident, listed)


def _unlink(shelf: Shelf, incident: Incident, listed: list[str]) -> None:
    now = set(incident.names)
    shelf.unlink(incident.id, [name for name in listed if name not in now])


def _value(incident: Incident | None) -> Mapping[str, Any] | None:
    return None if incident is None else incident.value
