"""The life of one incident: what belongs to it, what people did to it; a value that passes through JSON."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Literal

from fairwatch.domain.ids import stable_id
from fairwatch.policy.incidents.rows import ENDED, Row
from fairwatch.policy.incidents.rules import MICROSECOND, IncidentRule
from fairwatch.policy.incidents.spans import joined, spans_of
from fairwatch.policy.incidents.step import Step

ROWS: Final = 200  # events that are listed; the rest is counted
FIRST_ROWS: Final = 50  # of them the earliest, which say how it began
DEEDS: Final = 20
MERGED_FROM: Final = 50
HUB: Final = "processor:incident"
MATCH: Final = "match "  # begins what a match is found by
State = Literal["OPEN", "CLOSED", "MERGED"]


class Incident:
    """One incident, open or over.

    Args:
        value: {id, rule, place, site_id, site_name, state, revision, rows, more, spans, parted, merged_into,
            merged_from, split_from, deeds, closed_at, due, keep}; times in microseconds. `more` counts events that are
            not listed, `spans` are the stretches of time in which something happened, `parted` says that a person split
            it, so that it joins no other by itself; `keep` is how long it is known after its end.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
        self.rows = [Row(*row) for row in value["rows"]]

    @classmethod
    def opened(cls, incident_id: str, place: str, rule: str, site_id: str | None, site_name: str | None) -> "Incident":
        """Return a new one, in which nothing has happened yet."""
        return cls(
            {
                "id": incident_id, "rule": rule, "place": place, "site_id": site_id, "site_name": site_name,
                "state": "OPEN", "revision": -1, "rows": [], "more": 0, "spans": [], "parted": False,
                "merged_into": None, "merged_from": [], "split_from": None, "deeds": [], "closed_at": None, "due": None,
                "keep": 0,
            }
        )  # fmt: skip

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.value["id"])

    @property
    def is_merged(self) -> bool:
        """Whether it went into another one."""
        return self.value["merged_into"] is not None

    @property
    def alerts(self) -> list[str]:
        """Ids of the alerts of which it lists events, in the order of time."""
        return list(dict.fromkeys(row.alert_id for row in self.rows if row.alert_id))

    @property
    def names(self) -> list[str]:
        """What it is found by: its alerts, and its matches, which may be revoked when their alert is long over."""
        matches = dict.fromkeys(MATCH + row.cause for row in self.rows if row.who and row.alert_id)
        return [*self.alerts, *matches]

    def kept(self) -> dict[str, Any]:
        """Return the value with its rows."""
        self.value["rows"] = [row.kept() for row in self.rows]
        return self.value

    def add(self, row: Row, rule: IncidentRule) -> None:
        """Take an event in."""
        self._take([row])
        within = rule.within // MICROSECOND
        self.value["spans"] = joined(self.value["spans"], [[row.at, row.at]], within)
        self._reopen(rule)

    def end(self, step: Step) -> bool:
        """Note that something ended; return whether it was going on."""
        known = [row for row in self.rows if (row.alert_id, row.cause) == (step.alert_id, step.cause)]
        going = {row.event_id for row in known if row.state != ENDED and row.at <= step.at}
        self.rows = [row.ended(step.at) if row.event_id in going else row for row in self.rows]
        return bool(going)

    def withdraw(self, alert_id: str | None, cause: str | None = None) -> bool:
        """Take out what an alert said, or one of its causes, or a cause of any; return whether there was such."""
        of_alert = [row for row in self.rows if row.alert_id and alert_id in (None, row.alert_id)]
        gone = {row.event_id for row in of_alert if cause is None or row.cause == cause}
        self.rows = [row.withdrawn() if row.event_id in gone else row for row in self.rows]
        return bool(gone)

    def absorb(self, other: "Incident", within: int, now: int, actor: str = HUB, note: str = "") -> None:
        """Take in all of another one, which goes into this one.

        Args:
            other: Of the same place.
            within: How far events may be apart, microseconds.
            now: Our clock.
            actor: Who wanted it.
            note: Why.
        """
        mine, its = self.value, other.value
        self._take(other.rows)
        mine["more"] += its["more"]
        mine["spans"] = joined(mine["spans"], its["spans"], within)
        mine["merged_from"] = [*mine["merged_from"], other.id][-MERGED_FROM:]
        mine["parted"] = False
        if its["due"] is not None and its["state"] == "OPEN":
            mine.update(state="OPEN", closed_at=None, due=max(its["due"], _due_if_open(mine)))
        self.note("MERGE", actor, now, other.id, note)
        other.note("MERGE", actor, now, self.id, note)
        other.rows = []
        its.update(state="MERGED", merged_into=self.id, spans=[], more=0, closed_at=now, due=now + its["keep"])

    def split(self, alerts: Collection[str], deed: Mapping[str, Any], within: int) -> "Incident":
        """Return a new incident of these alerts, which leave this one.

        Args:
            alerts: Some of its alerts, not all.
            deed: The IncidentAction.
            within: How far events may be apart, microseconds.
        """
        mine = self.value
        new = Incident.opened(
            stable_id("incident", "split", deed["action_id"]), mine["place"], mine["rule"], mine["site_id"],
            mine["site_name"],
        )  # fmt: skip
        new.rows = [row for row in self.rows if row.alert_id in alerts]
        self.rows = [row for row in self.rows if row.alert_id not in alerts]
        for each in (self, new):
            each.value["spans"] = spans_of((row.at for row in each.rows), within)
            each.value["parted"] = True
        new.value.update({name: mine[name] for name in ("state", "closed_at", "due", "keep")}, split_from=self.id)
        self.note("SPLIT", deed["actor"], deed["at"], new.id, deed.get("note", ""))
        new.note("SPLIT", deed["actor"], deed["at"], self.id, deed.get("note", ""))
        return new

    def pass_time(self, now: int) -> Literal["closed", "forgotten", "nothing"]:
        """Close it when nothing came for long enough; say when it is to be forgotten."""
        value = self.value
        if value["due"] is None or now < value["due"]:
            return "nothing"
        if value["state"] != "OPEN":
            return "forgotten"
        self.close(now)
        return "closed"

    def close(self, now: int) -> None:
        """Let nothing join it any more."""
        self.value.update(state="CLOSED", closed_at=now, due=now + self.value["keep"])

    def _reopen(self, rule: IncidentRule) -> None:
        last = max(span[1] for span in self.value["spans"])
        due = last + (rule.within + rule.lateness) // MICROSECOND
        self.value.update(state="OPEN", closed_at=None, due=max(due, _due_if_open(self.value)))
        self.value["keep"] = rule.keep // MICROSECOND

    def _take(self, rows: Iterable[Row]) -> None:
        known = {row.event_id for row in self.rows}
        self.rows = sorted([*self.rows, *(row for row in rows if row.event_id not in known)])
        if (over := len(self.rows) - ROWS) > 0:
            self.value["more"] += over
            self.rows = [*self.rows[:FIRST_ROWS], *self.rows[FIRST_ROWS + over :]]

    def note(self, action: str, actor: str, at: int, other: str, note: str) -> None:
        """Remember what was done; `other` is the other incident, `at` in microseconds."""
        line = {"action": action, "actor": actor, "at": at, "other": other, "text": note}
        self.value["deeds"] = [*self.value["deeds"], line][-DEEDS:]


def _due_if_open(value: Mapping[str, Any]) -> int:
    return int(value["due"] or 0) if value["state"] == "OPEN" else 0
