"""Where the incidents of a partition lie: each by its id, those of a place that are open, those of an alert."""

from typing import Any, Final

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State
from fairwatch.policy.incidents.choosing import OPEN_LIMIT
from fairwatch.policy.incidents.incident import Incident

PLACE: Final = HIDDEN + "place."
ALERT: Final = HIDDEN + "alert."


class Shelf:
    r"""The incidents of one partition, for the time of one batch; `save` puts what changed.

    Args:
        agenda: Of the state; key: id of an incident, value: the incident.
        state: Key `\0place.<place>`: {open: [{id, spans, parted}]}; key `\0alert.<alert>`: {in: [incident ids]}.
        partition: Of the batch.
        now: Our clock, microseconds: when an incident is closed to make room in a place that has too many open ones.
    """

    def __init__(self, agenda: Agenda, state: State, partition: int, now: int) -> None:
        self._agenda = agenda
        self._state = state
        self._partition = partition
        self._now = now
        self._held: dict[str, Incident | None] = {}
        self._changed: dict[str, None] = {}
        self._touched: dict[str, None] = {}
        self._open: dict[str, list[dict[str, Any]]] = {}
        self._alerts: dict[str, list[str]] = {}

    def get(self, incident_id: str) -> Incident | None:
        """Return an incident, or None where it is not known."""
        if incident_id not in self._held:
            value = self._agenda.get(self._partition, incident_id)
            self._held[incident_id] = None if value is None or "rows" not in value else Incident(value)
        return self._held[incident_id]

    def open_in(self, place: str) -> list[dict[str, Any]]:
        """Return {id, spans, parted} of what is open in a place."""
        if place not in self._open:
            value = self._state.get(self._partition, PLACE + place)
            self._open[place] = value["open"] if value else []
        return self._open[place]

    def with_alert(self, alert_id: str) -> list[str]:
        """Return the ids of incidents that have events of an alert, or a match by its name."""
        if alert_id not in self._alerts:
            value = self._state.get(self._partition, ALERT + alert_id)
            self._alerts[alert_id] = value["in"] if value else []
        return self._alerts[alert_id]

    def put(self, incident: Incident) -> None:
        """Note that an incident changed: also where it is found."""
        self._held[incident.id] = incident
        self._changed[incident.id] = self._touched[incident.id] = None
        value = incident.value
        others = [entry for entry in self.open_in(value["place"]) if entry["id"] != incident.id]
        if value["state"] == "OPEN":
            others.append({name: value[name] for name in ("id", "spans", "parted")})
        self._open[value["place"]] = others
        if len(others) > OPEN_LIMIT:
            first = self.get(min(others, key=lambda entry: (entry["spans"][-1][1], entry["id"]))["id"])
            if first is not None:
                first.close(self._now)
                self.put(first)

    def link(self, incident: Incident) -> None:
        """Note in which incidents its alerts and matches are."""
        for name in incident.names:
            if incident.id not in (ids := self.with_alert(name)):
                self._alerts[name] = [*ids, incident.id]

    def unlink(self, incident_id: str, names: list[str]) -> None:
        """Note that an incident has nothing of these alerts and matches any more."""
        for name in names:
            self._alerts[name] = [one for one in self.with_alert(name) if one != incident_id]

    def drop(self, incident: Incident) -> None:
        """Forget an incident."""
        self.unlink(incident.id, incident.names)
        self._agenda.delete(self._partition, incident.id)
        self._held[incident.id] = None
        self._changed.pop(incident.id, None)

    def touched(self) -> list[str]:
        """Return the ids of those that changed since the last call."""
        found, self._touched = list(self._touched), {}
        return found

    @property
    def changed(self) -> list[Incident]:
        """Those that changed."""
        return [incident for name in self._changed if (incident := self._held[name]) is not None]

    def save(self) -> None:
        """Put what changed into the state."""
        for incident in self.changed:
            self._agenda.put(self._partition, incident.id, incident.kept())
        for place, entries in self._open.items():
            self._keep(PLACE + place, "open", entries)
        for alert_id, ids in self._alerts.items():
            self._keep(ALERT + alert_id, "in", ids)
        self._changed, self._open, self._alerts = {}, {}, {}

    def _keep(self, key: str, name: str, content: list[Any]) -> None:
        if content:
            self._state.put(self._partition, key, {name: content})
        else:
            self._state.delete(self._partition, key)
