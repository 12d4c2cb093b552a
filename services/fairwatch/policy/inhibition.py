"""Alerts that keep others from being told: which are in force, written by the owner of their group, read by `notify`.

An inhibition in force is a record of the topic `inhibitions`, of the form of a silence: `silence_id` names the source
alert and the rule, `role` the rule, `matchers` what has to be equal. Target and source stand in quiet.yaml.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final

from fairwatch.domain.ports import Reference
from fairwatch.policy.matchers import CUT_AT, Labels, Matcher, labels_of, matcher, place_of, places_of
from fairwatch.policy.quiet import LONGEST_EVER, MICROSECOND, Inhibition

AUTHOR: Final = "processor:group"
PLACE: Final = "/"  # between the alert's id, the rule's name and what is equal


@dataclass(frozen=True, slots=True)
class Inhibitor:
    """One open alert that inhibits; times in microseconds."""

    alert_id: str
    rule: Inhibition
    equal: tuple[Matcher, ...]
    expires_at: int

    def takes(self, labels: Labels) -> bool:
        """Tell whether it holds an alert back."""
        rule = self.rule
        if "EXTREME" in labels.get("severity", ()) and not rule.extreme:
            return False
        if not all(one.holds(labels) for one in (*self.equal, *rule.target)):
            return False
        return not all(one.holds(labels) for one in rule.source)


def inhibitions_of(
    rules: Iterable[Inhibition], alert: Mapping[str, Any], devices: Iterable[str], now: int
) -> dict[str, dict[str, Any]]:
    """Return what an open alert inhibits, as records by key.

    Args:
        rules: Of quiet.yaml.
        alert: As it stands.
        devices: Those of what holds.
        now: Our clock, in microseconds.
    """
    labels = labels_of({**alert, "device_ids": list(devices)})
    found = {}
    for rule in rules:
        if not all(one.holds(labels) for one in rule.source):
            continue
        there = [labels.get(source, ()) for source in rule.equal.values()]  # none: what it does not say is not equal
        for values in islice(product(*there), CUT_AT):
            key = PLACE.join((alert["alert_id"], rule.name, *values))
            found[key] = {
                "silence_id": key,
                "author": AUTHOR,
                "role": rule.name,
                "reason": f"inhibited by alert {alert['alert_id']}",
                "matchers": [str(Matcher(label, "=", value)) for label, value in zip(rule.equal, values, strict=True)],
                "starts_at": now,
                "expires_at": now + LONGEST_EVER // MICROSECOND,
                "updated_at": now,
            }
    return found


class Inhibitors:
    """What inhibits now.

    Args:
        reference: The topic `inhibitions`.
        rules: Of quiet.yaml; a record of a rule that is not there inhibits nothing.
    """

    def __init__(self, reference: Reference, rules: Iterable[Inhibition]) -> None:
        self._reference = reference
        self._rules = {rule.name: rule for rule in rules}
        self._read_at: int | None = None
        self._by_value: dict[tuple[str, str], list[Inhibitor]] = {}

    @property
    def version(self) -> int:
        """Grow by one at each change."""
        return self._reference.version

    @property
    def any(self) -> bool:
        """Whether any alert inhibits others."""
        self._read()
        return bool(self._by_value)

    def holding(self, labels: Labels, now: int) -> Inhibitor | None:
        """Return what holds an alert back, or None."""
        self._read()
        for place in places_of(labels):
            for one in self._by_value.get(place, ()):
                if one.expires_at > now and one.takes(labels):
                    return one
        return None

    def gone(self) -> Mapping[str, list[Inhibitor]]:
        """Return what says that a device is gone, by the device."""
        self._read()
        found = defaultdict[str, list[Inhibitor]](list)
        for one in (one for there in self._by_value.values() for one in there if one.rule.stale):
            for same in one.equal:
                if same.label == "device_id":
                    found[same.value].append(one)
        return found

    def _read(self) -> None:
        if self._read_at == self._reference.version:
            return
        self._read_at = self._reference.version
        found = defaultdict[tuple[str, str], list[Inhibitor]](list)
        for key, record in self._reference.items():
            rule = self._rules.get(record["role"])
            equal = _read_matchers(record["matchers"])
            if rule is not None and equal is not None:
                one = Inhibitor(key.partition(PLACE)[0], rule, equal, record["expires_at"])
                found[place_of(equal)].append(one)
        self._by_value = dict(found)


def _read_matchers(texts: Iterable[str]) -> tuple[Matcher, ...] | None:
    """Return matchers, or None for what no owner of a group wrote: that inhibits nothing."""
    try:
        return tuple(map(matcher, texts))
    except ValueError:
        return None
