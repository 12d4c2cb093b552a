"""Times in which a rule's alerts are told to nobody: within its `mute` intervals, and outside of its `active` ones."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from fairwatch.domain.calendar import local_time, zone
from fairwatch.domain.ports import Reference
from fairwatch.policy.arming import ArmedSites
from fairwatch.policy.rule_book import RuleBook

MINUTE = 60_000_000
AHEAD = 24 * 60  # minutes that are looked through at once; what is muted for longer is looked at again
UTC = ZoneInfo("UTC")


class MuteTimes:
    """When alerts of which rule may be told.

    Args:
        rules: Which hold now.
        sites: For the time zone of each.
        armings: Which sites people and devices armed; None for what schedules say alone.
    """

    def __init__(self, rules: RuleBook, sites: Reference | None = None, armings: Reference | None = None) -> None:
        self._armed = ArmedSites(lambda: rules.tree, armings, sites)
        self._rules = rules
        self._sites = sites
        self._found: dict[tuple[str, str, str], int | None] = {}
        self._found_at = (-1, -1)

    @property
    def version(self) -> int:
        """Grow with each change of the rules, and of what people and devices arm."""
        return self._rules.number + self._armed.version

    def until(self, alert: Mapping[str, Any], now: int) -> int | None:
        """Return when an alert may be told at the earliest, or is to be asked about again; None where it may now."""
        rule = self._rules.tree.rules.get(alert["rule"])
        if rule is None or not (rule.mute or rule.active):
            return None
        site = self._sites.get(alert.get("site_id") or "") if self._sites is not None else None
        place = str(alert.get("site_id") or "") if self._rules.tree.asks_armed else ""
        key = (rule.name, (site or {}).get("time_zone") or "UTC", place)
        if (now // MINUTE, self.version) != self._found_at:
            self._found, self._found_at = {}, (now // MINUTE, self.version)
        if key not in self._found:
            self._found[key] = self._search(*key, now)
        return self._found[key]

    def _search(self, name: str, zone_name: str, site_id: str, now: int) -> int | None:
        tree, where = self._rules.tree, zone(zone_name) or UTC
        rule, first = tree.rules[name], now - now % MINUTE
        for step in range(AHEAD):
            local = local_time(first + step * MINUTE, where)
            armed = not tree.asks_armed or self._armed.at(site_id, max(now, first + step * MINUTE))
            quiet = tree.holds(rule.mute, local, armed)
            quiet = quiet or (bool(rule.active) and not tree.holds(rule.active, local, armed))
            if not quiet:
                return first + step * MINUTE if step else None
        return first + AHEAD * MINUTE
