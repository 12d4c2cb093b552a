"""Whether a site is armed: what people and its devices said, and what a schedule of the rules says; the newest counts.

A person's word holds until the schedule turns the next time. A site of which nobody says anything is armed: an alert
too many is better than one too few. What happened earlier is judged by what held then, so that a replay judges alike.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from fairwatch.domain.calendar import local_time, zone
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import Reference
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.subject import Subject

TOPIC = "site-armings"
KEPT = 20  # changes of a site that its record holds
MINUTE = 60_000_000
QUARTER = 15  # minutes: each zone is a multiple of it apart from UTC, and turns its clocks at one
REMEMBERED = 50_000  # minutes of sites, before all are forgotten
UTC = ZoneInfo("UTC")
OF_DEVICES = "/devices"  # ends the key of what the devices of a site say: they and people write at the same time
Way = Literal["PERSON", "EVENT"]
Record = dict[str, Any]


class ArmedSites:
    """Answers whether a site was armed at a time.

    Args:
        tree: Gives the rules that hold now, with their schedules.
        known: What was said, by site; None for nothing ever.
        sites: For the time zone of each; None where they are not known.
    """

    def __init__(
        self, tree: Callable[[], RouteTree], known: Reference | None = None, sites: Reference | None = None
    ) -> None:
        self._tree = tree
        self._known = known
        self._sites = sites
        self._minutes: dict[tuple[str, int], bool] = {}
        # When the schedule turned first after the minute of a word, and up to which one it is known not to have turned.
        self._turns: dict[tuple[str, int], tuple[int | None, int]] = {}
        self._of: tuple[object, int] = (None, -1)

    @property
    def version(self) -> int:
        """Grow with each change that somebody makes."""
        return self._known.version if self._known is not None else 0

    def at(self, site_id: str | None, at: int) -> bool:
        """Tell whether a site was, or will be, armed at a time in microseconds."""
        tree = self._tree()
        schedule = tree.schedule_of(site_id or "")
        change = self._change(site_id or "", at)
        if not schedule:
            return True if change is None else bool(change["armed"])
        scheduled = self._scheduled(tree, site_id or "", at // MINUTE)
        if change is None:
            return scheduled
        return scheduled if self._turned(tree, site_id or "", change["at"], at) else bool(change["armed"])

    def said_by(self, subject: Subject) -> Record | None:
        """Return the record of a site whose device arms or disarms it with an event; None where nothing changes."""
        said = self._tree().arming_of(subject)
        if said is None or not subject.site_id or self.at(subject.site_id, subject.occurred_at) is said:
            return None
        if any(change["at"] >= subject.occurred_at for change in changes_of(self._known, subject.site_id)):
            return None  # somebody has said otherwise since, or a replay says it again
        known = self._known.get(f"{subject.site_id}{OF_DEVICES}") if self._known is not None else None
        return changed(known, subject.site_id, armed=said, at=subject.occurred_at, by=subject.device_id, way="EVENT")

    def _change(self, site_id: str, at: int) -> Mapping[str, Any] | None:
        return next((one for one in reversed(changes_of(self._known, site_id)) if one["at"] <= at), None)

    def _turned(self, tree: RouteTree, site_id: str, since: int, at: int) -> bool:
        """Tell whether the schedule turned after `since`, up to `at`: whether it said otherwise in any minute."""
        first, last = since // MINUTE, at // MINUTE
        then = self._scheduled(tree, site_id, first)
        turn, minute = self._turns.get((site_id, first), (None, first))
        turning = _turning(tree, site_id) if minute < last else ()
        while turn is None and minute < last:
            minute += 1
            if minute % QUARTER in turning and self._scheduled(tree, site_id, minute) is not then:
                turn = minute
        self._turns[site_id, first] = turn, minute
        return turn is not None and turn <= last

    def _scheduled(self, tree: RouteTree, site_id: str, minute: int) -> bool:
        version = self._sites.version if self._sites is not None else 0
        if self._of[0] is not tree or self._of[1] != version:
            self._minutes, self._turns, self._of = {}, {}, (tree, version)
        elif len(self._minutes) > REMEMBERED:
            self._minutes = {}
        key = (site_id, minute)
        if key not in self._minutes:
            site = self._sites.get(site_id) if self._sites is not None else None
            where = zone((site or {}).get("time_zone")) or UTC
            self._minutes[key] = tree.holds(tree.schedule_of(site_id), local_time(minute * MINUTE, where))
        return self._minutes[key]


def _turning(tree: RouteTree, site_id: str) -> frozenset[int]:
    """Return in which minutes of a quarter of an hour a site's schedule may turn: a word may be a year old."""
    intervals = (each for name in tree.schedule_of(site_id) for each in tree.routes.time_intervals[name])
    return frozenset({0, *(minute % QUARTER for each in intervals for minute in (each.start, each.end))})


def changes_of(known: Reference | Mapping[str, Any] | None, site_id: str) -> Sequence[Mapping[str, Any]]:
    """Return what people and devices said of a site, the newest last.

    Args:
        known: The topic, by key.
        site_id: Of the site.
    """
    if known is None:
        return ()
    found = [record for key in (site_id, f"{site_id}{OF_DEVICES}") if (record := known.get(key)) is not None]
    if len(found) == 1:
        return cast("Sequence[Mapping[str, Any]]", found[0]["changes"])
    return sorted((one for record in found for one in record["changes"]), key=lambda one: int(one["at"]))


def key_of(record: Mapping[str, Any]) -> str:
    """Return the key under which a record is written, by who made its last change."""
    return str(record["site_id"]) + (OF_DEVICES if record["changes"][-1]["way"] == "EVENT" else "")


def changed(
    known: Mapping[str, Any] | None, site_id: str, *, armed: bool, at: int, by: str, way: Way, reason: str = ""
) -> Record:
    """Return the record of a site after one more change; `at` in microseconds."""
    change = {"armed": armed, "at": at, "by": by, "way": way, "reason": reason}
    before = [one for one in (known or {}).get("changes", ()) if one["at"] <= at]
    return {"site_id": site_id, "changes": [*before, change][-KEPT:], "updated_at": at}


def audited(record: Mapping[str, Any]) -> Record:
    """Return the audit record of the last change of a site."""
    change = record["changes"][-1]
    action = "site.armed" if change["armed"] else "site.disarmed"
    return {
        "audit_id": stable_id("audit", action, record["site_id"], change["at"], change["by"]),
        "action": action,
        "actor": change["by"],
        "at": change["at"],
        "subject": record["site_id"],
        "details": {"way": change["way"], **({"reason": change["reason"]} if change["reason"] else {})},
    }
