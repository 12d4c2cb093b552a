"""Times in which a rule's alerts are told to nobody: within its `mute` intervals, and outside of its `active` ones."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from fairwatch.domain.calendar import local_time, zone
from fairwatch.domain.ports import Reference
from fairwatch.policy.rule_book import RuleBook

MINUTE = 60_000_000
AHEAD = 24 * 60  # minutes that are looked through at once; what is muted for longer is looked at again
UTC = ZoneInfo("UTC")


class MuteTimes:
    """When alerts of which rule may be told.

    Args:
        rules: Which hold now.
        sites: For the time zone of each.
    """

    def __init__(self, rules: RuleBook, sites: Reference | None = None) -> None:
        self._rules = rules
        self._sites = sites
        self._found: dict[tuple[str, str], int | None] = {}
        self._minute = -1

    @property
    def version(self) -> int:
        """Grow with each change of the rules."""
        return self._rules.number

    def until(self, alert: Mapping[str, Any], now: int) -> int | None:
        """Return when an alert may be told at the earliest, or is to be asked about again; None where it may now."""
        rule = self._rules.tree.rules.get(alert["rule"])
        if rule is None or not (rule.mute or rule.active):
            return None
        site = self._sites.get(alert.get("site_id") or "") if self._sites is not None else None
        key = (rule.name, (site or {}).get("time_zone") or "UTC")
        if now // MINUTE != self._minute:
            self._found, self._minute = {}, now // MINUTE
        if key not in self._found:
            self._found[key] = self._search(*key, now)
        return self._found[key]

    def _search(self, name: str, zone_name: str, now: int) -> int | None:
        tree, where = self._rules.tree, zone(zone_name) or UTC
        rule, first = tree.rules[name], now - now % MINUTE
        for step in range(AHEAD):
            local = local_time(first + step * MINUTE, where)
            quiet = tree.holds(rule.mute, local) or (bool(rule.active) and not tree.holds(rule.active, local))
            if not quiet:
                return first + step * MINUTE if step else None
        return first + AHEAD * MINUTE
