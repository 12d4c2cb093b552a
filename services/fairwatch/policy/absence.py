"""What is not heard: a rule of `absent` watches each group that it has heard of, and speaks up when it falls silent.

`route` writes a sign of life for what matches, as the end of an absence: it says where it comes from, and nothing of
what was seen. `group` holds when it last heard each, and lets an absence begin when none has come for so long while the
rule is armed: one with `during` counts the time within only.

A rule may change meanwhile. What it does not ask for any more is not missed; and what was raised before ends with the
next sign of life, which `route` writes for earlier rules, too, as one that is for ends only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from fairwatch.domain.agenda import BESIDE, Agenda
from fairwatch.domain.calendar import iso_8601, local_time, zone
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.taken_back import LookedThrough
from fairwatch.policy.arming_rules import ARMED, DISARMED
from fairwatch.policy.routing import Rule
from fairwatch.policy.rule_options import Match, Options
from fairwatch.policy.subject import Subject

WATCH = f"{BESIDE}watch|"  # begins the keys of what is watched, beside the groups
SILENT = "device.silent"
ENDS_ONLY = "absence.ends_only"  # parameter of a sign of life that lets nothing be watched
ELSEWHERE = ("sites", "devices", "during", "except_during")
SECOND, MINUTE = 1_000_000, 60_000_000
AHEAD = 8 * 24 * 60  # minutes in which the next armed one is looked for
NEXT = -1  # stands for the next armed minute, where else minutes stand
UTC = ZoneInfo("UTC")
Armed = Callable[[str, datetime, bool], bool]


class SitesArmed(Protocol):
    """Says which sites are armed when."""

    @property
    def version(self) -> int:
        """Grow with each change that somebody makes."""
        ...

    def at(self, site_id: str | None, at: int) -> bool:
        """Tell whether a site is armed at a time in microseconds."""
        ...


class AlwaysArmed:
    """Every site is armed for ever."""

    version = 0

    def at(self, _site_id: str | None, _at: int) -> bool:
        """Return True."""
        return True


def life_sign(rule: Rule, subject: Subject) -> dict[str, Any]:
    """Return a trigger that ends the absence of what a subject is of."""
    group = "|".join((rule.name, *(subject.text(name) for name in rule.group_by)))
    return {
        "alert_id": stable_id("trigger", rule.name, subject.trigger, "heard"),
        "group": group,
        "revision": 0,
        "state": "ENDED",
        "rule": rule.name,
        "event_type": SILENT,
        "title": rule.title.fill(_silent(subject)).text,
        "description": rule.description.fill(_silent(subject)).text,
        "category": rule.category,
        "severity": rule.severity,
        "urgency": rule.urgency,
        "certainty": "OBSERVED",
        "receivers": list(rule.receivers),
        "started_at": subject.received_at,
        "updated_at": subject.received_at,
        "ended_at": subject.received_at,
        "received_at": subject.received_at,
        "issued_at": subject.received_at,
        "count": 1,
        "triggers": [subject.trigger],
        "device_ids": [subject.device_id],
        "device_name": subject.device_name,
        "site_id": subject.site_id,
        "site_name": subject.site_name,
        "zones": [],
        "geo": subject.geo,
        "causes": [_over(group, subject)],
    }


def last_sign(rule: Rule, subject: Subject) -> dict[str, Any]:
    """Return a trigger that ends an absence, for a rule that does not ask for this subject any more."""
    return {**life_sign(rule, subject), "parameters": {ENDS_ONLY: "true"}}


def is_last_sign(trigger: Mapping[str, Any]) -> bool:
    """Tell whether a sign of life is for the end of what is open only."""
    return ENDS_ONLY in (trigger.get("parameters") or {})


def _over(group: str, subject: Subject) -> dict[str, Any]:
    """Return the absence that a sign of life ends."""
    return {
        "cause_id": stable_id("absence", group),
        "kind": "CONDITION",
        "state": "ENDED",
        "device_id": subject.device_id,
        "event_type": SILENT,
        "started_at": subject.received_at,
        "updated_at": subject.received_at,
    }


class Watches:
    """What is watched, in the state of the owner of its group.

    Args:
        rules: Options by rule.
        agenda: Keeps it in the lane `WATCH`.
        state: Which the agenda is of.
        armed: Says of a rule's name, a local time and whether the site is armed then, whether it counts.
        sites: For the time zone of each.
        devices: One that is disabled is not missed; None where they are not known.
        sites_armed: Says which sites are armed when.
    """

    def __init__(
        self,
        rules: Mapping[str, Options],
        agenda: Agenda,
        state: State,
        armed: Armed,
        sites: Reference | None = None,
        devices: Reference | None = None,
        sites_armed: SitesArmed | None = None,
    ) -> None:
        self.follow(rules)
        self._sites_armed: SitesArmed = sites_armed or AlwaysArmed()
        self._looked_through = LookedThrough(state)
        self._agenda = agenda
        self._armed = armed
        self._sites = sites
        self._devices = devices

    def follow(self, rules: Mapping[str, Options], matches: Mapping[str, Match] | None = None) -> None:
        """Go on with other rules; `matches` is what each asks for, None where that does not change."""
        watching = {name: rule for name, rule in rules.items() if isinstance(rule, Rule) and rule.absent_after}
        self._after = {
            name: after // timedelta(microseconds=1) for name, rule in watching.items() if (after := rule.absent_after)
        }
        self._matches = {name: match for name, match in (matches or {}).items() if name in watching}
        self._found: dict[tuple[str, str, str], dict[int, int]] = {}
        self._found_at = (-1, -1)
        self._asks = {name: _asks(match, watching[name].group_by) for name, match in self._matches.items()}

    def after(self, rule: str) -> int | None:
        """Return how long a rule lets something be silent, in microseconds; None for a rule of what is seen."""
        return self._after.get(rule)

    def hear(self, partition: int, sign: Mapping[str, Any], after: int, now: int) -> bool:
        """Note a sign of life; return False where something later was heard already."""
        key, heard = WATCH + sign["group"], min(now, sign["received_at"])
        value = self._agenda.get(partition, key)
        if value is not None and value["heard"] > now:  # by a clock that was ahead
            value = None
        if value is not None and heard <= value["heard"]:
            return False
        step, asks = _step(after), self._asks.get(sign["rule"])
        if value is None or value["due"] is None or heard - value["heard"] >= step or value.get("asks") != asks:
            value = {"heard": heard, "due": heard + after + step, "sign": dict(sign), "asks": asks}
            self._agenda.put(partition, key, value)
        return True

    def leave(self, partition: int, group: str) -> None:
        """Watch a group no more."""
        self._agenda.delete(partition, WATCH + group)

    def due(self, partitions: Sequence[int], now: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield what has fallen silent, as triggers with their partitions."""
        due = {(partition, key): value for partition, key, value in self._agenda.due(partitions, now, WATCH)}
        for (partition, key), value in [*due.items(), *self._looked_at_again(partitions, due)]:
            sign = value["sign"]
            after = self.after(sign["rule"])
            if after is None or self._is_off(sign) or not self._is_asked_for(value):
                self._agenda.delete(partition, key)
                continue
            at = self._deadline(sign, value["heard"], after, now)
            if (partition, key) not in due:
                at += _step(after)
            self._agenda.put(partition, key, {**value, "due": at if at > now else None})
            if at <= now:
                yield partition, _absence(sign, value["heard"], now)

    def _looked_at_again(
        self, partitions: Sequence[int], due: Mapping[tuple[int, str], Any]
    ) -> list[tuple[tuple[int, str], Any]]:
        """Return the rest of what is watched where somebody armed or disarmed a site since it was looked at."""
        changed = self._looked_through.changed(partitions, self._sites_armed.version)
        places = [(partition, key) for partition in changed for key in self._agenda.keys(partition, WATCH)]
        values = [(place, self._agenda.get(*place)) for place in places if place not in due]
        return [(place, value) for place, value in values if value is not None and value["due"] is not None]

    def due_at(self) -> int | None:
        """Return when something may have been silent for long enough, in microseconds."""
        return self._agenda.next_at(WATCH)

    def _is_asked_for(self, value: Mapping[str, Any]) -> bool:
        """Tell whether a rule that may have changed since still asks for what was heard."""
        sign = value["sign"]
        match = self._matches.get(sign["rule"])
        if match is None:
            return True
        if value.get("asks") not in (None, self._asks[sign["rule"]]):
            return False
        is_there = not match.sites or sign.get("site_id") in match.sites
        return is_there and (not match.devices or sign["device_ids"][0] in match.devices)

    def _is_off(self, sign: Mapping[str, Any]) -> bool:
        device = self._devices.get(sign["device_ids"][0]) if self._devices is not None else None
        return device is not None and not device.get("enabled", True)

    def _deadline(self, sign: Mapping[str, Any], heard: int, after: int, now: int) -> int:
        """Return when it has been silent for long enough while the rule was armed, as far as that is known now."""
        site = self._sites.get(sign.get("site_id") or "") if self._sites is not None else None
        where, place = zone((site or {}).get("time_zone")) or UTC, self._place_of(sign)
        known = self._known_armed((sign["rule"], str(where), str(place)), now)

        def is_armed(at: int) -> bool:
            armed = place is None or self._sites_armed.at(sign.get("site_id"), at)
            return self._armed(sign["rule"], local_time(at, where), armed)

        def was_armed(at: int) -> bool:
            if at % MINUTE:
                return is_armed(at)
            if at not in known:
                known[at] = is_armed(at)
            return bool(known[at])

        minute = now - now % MINUTE
        if not is_armed(now):
            if NEXT not in known:
                ahead = (minute + step * MINUTE for step in range(1, AHEAD))
                known[NEXT] = next((at for at in ahead if is_armed(at)), minute + AHEAD * MINUTE)
            return known[NEXT] + after
        since = now
        while since > heard and was_armed(max(heard, minute)):
            since, minute = max(heard, minute), minute - MINUTE
            if now - since >= after:
                break
        return since + after

    def _place_of(self, sign: Mapping[str, Any]) -> str | None:
        """Return the site of which it matters whether it is armed; None where the rule does not ask that."""
        match = self._matches.get(sign["rule"])
        asks = match is None or {ARMED, DISARMED} & {*match.during, *match.except_during}
        return str(sign.get("site_id") or "") if asks else None

    def _known_armed(self, of: tuple[str, str, str], now: int) -> dict[int, int]:
        """Return what is known of a rule, zone and site in this minute: whole sites fall silent at the same time."""
        moment = (now // MINUTE, self._sites_armed.version)
        if moment != self._found_at:
            self._found, self._found_at = {}, moment
        return self._found.setdefault(of, {})


def _silent(subject: Subject) -> Subject:
    return Subject(
        record="sighting",
        trigger=subject.trigger,
        event_type=SILENT,
        occurred_at=subject.received_at,
        received_at=subject.received_at,
        local=subject.local,
        device_id=subject.device_id,
        device_name=subject.device_name,
        site_id=subject.site_id,
        site_name=subject.site_name,
        zones=(),
        cause_id="",
        cause_kind="CONDITION",
        started_at=subject.received_at,
    )


def _asks(match: Match, group_by: Sequence[str]) -> str:
    """Return what tells what a rule listens for, wherever and whenever, from anything else under its name."""
    fields = type(match).model_fields  # what is as by default says nothing: a new release may have more of it
    said = {name: value for name, value in match if name not in ELSEWHERE and value != fields[name].default}
    return blake2b(
        repr((sorted(said.items()), tuple(group_by))).encode("utf-8", "surrogatepass"), digest_size=6
    ).hexdigest()


def _step(after: int) -> int:
    """Return how late a sign of life may be noted: what comes more often is not noted each time."""
    return min(after // 20, SECOND)


def _absence(sign: Mapping[str, Any], heard: int, now: int) -> dict[str, Any]:
    [cause] = sign["causes"]
    return {
        **sign,
        "alert_id": stable_id("trigger", sign["rule"], sign["group"], heard, "silent"),
        "state": "NEW",
        "started_at": heard,
        "updated_at": now,
        "ended_at": None,
        "received_at": now,
        "issued_at": now,
        "parameters": {"last_heard": iso_8601(heard)},
        "causes": [{**cause, "state": "FIRING", "started_at": heard, "updated_at": now}],
    }
