"""What new rules would have changed: alerts a day, differences one by one, precision, minutes of operators."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fairwatch.apps.backtest.replay import Alerted, Seen
from fairwatch.domain.calendar import iso_8601
from fairwatch.policy.routing import RouteTree

ALERT_MINUTES = 2.0  # to look at an alert
MESSAGE_MINUTES = 0.2  # to read that it goes on or has ended
COMPARED = ("rule", "severity", "receivers", "title")


@dataclass
class Tally:
    """What one rule, or all of them, came to.

    Attributes:
        alerts, messages: In all.
        true, false: Alerts about what people closed as true or false in the past.
        shadow: The rule tells nobody; so its alerts and messages cost nobody's time.
    """

    alerts: int = 0
    messages: int = 0
    true: int = 0
    false: int = 0
    shadow: bool = False

    @property
    def precision(self) -> float | None:
        """Share of what was judged that was true; None where nothing was."""
        judged = self.true + self.false
        return self.true / judged if judged else None

    @property
    def minutes(self) -> float:
        """What it costs operators, in minutes."""
        further = max(0, self.messages - self.alerts)
        return 0.0 if self.shadow else self.alerts * ALERT_MINUTES + further * MESSAGE_MINUTES


@dataclass(frozen=True, slots=True)
class Difference:
    """An alert of one set of rules that the other has not, or has otherwise.

    Attributes:
        mark: Only the old ones raise it; only the new ones; both, but not the same.
        at: When it began, in microseconds.
        changed: By field, what it was and is.
    """

    mark: Literal["-", "+", "~"]
    at: int
    rule: str
    title: str
    device_id: str
    changed: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        more = "; ".join(f"{name}: {was} → {now}" for name, (was, now) in self.changed.items())
        return f"{self.mark} {iso_8601(self.at)[:19]}Z  {self.rule}: {self.title}{'   ' + more if more else ''}"


def tallies(tree: RouteTree, alerts: Iterable[Alerted], judged: Mapping[str, str]) -> dict[str, Tally]:
    """Return what each rule came to, also those that raised nothing."""
    found = {name: Tally(shadow=rule.shadow) for name, rule in tree.rules.items()}
    for alert in alerts:
        tally = found[alert.first["rule"]]
        tally.alerts += 1
        tally.messages += alert.messages
        said = [judged[trigger] for trigger in alert.triggers if trigger in judged]
        tally.true += "TRUE" in said
        tally.false += bool(said) and "TRUE" not in said
    return found


def total(found: Iterable[Tally]) -> Tally:
    """Return the sum of what tells somebody."""
    told = [tally for tally in found if not tally.shadow]
    names = ("alerts", "messages", "true", "false")
    return Tally(*(sum(getattr(tally, name) for tally in told) for name in names))


def differences(old: Sequence[Alerted], new: Sequence[Alerted]) -> list[Difference]:
    """Return what differs, in the order of time; alerts are the same that share a sighting or verdict."""
    by_trigger: dict[str, list[int]] = {}
    for number, alert in enumerate(new):
        for trigger in alert.triggers:
            by_trigger.setdefault(trigger, []).append(number)
    found, met = list[Difference](), set[int]()
    for alert in old:
        twins = {number for trigger in alert.triggers for number in by_trigger.get(trigger, ())}
        if not twins:
            found.append(_difference("-", alert))
            continue
        same = [number for number in twins if new[number].first["rule"] == alert.first["rule"]]
        number = min(same or twins)
        met.update(twins)
        pairs = {name: (alert.first[name], new[number].first[name]) for name in COMPARED}
        if changed := {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}:
            found.append(_difference("~", new[number], changed))
    found += [_difference("+", alert) for number, alert in enumerate(new) if number not in met]
    return sorted(found, key=lambda one: one.at)


def _difference(
    mark: Literal["-", "+", "~"], alert: Alerted, changed: Mapping[str, tuple[Any, Any]] | None = None
) -> Difference:
    first = alert.first
    device = next(iter(first["device_ids"]), "")
    return Difference(mark, first["started_at"], first["rule"], first["title"], device, changed or {})


@dataclass(frozen=True, slots=True)
class Backtest:
    """Everything that a back-test found; `old` and `new` by rule, `notes` say what it could not know."""

    seen: Seen
    old: Mapping[str, Tally]
    new: Mapping[str, Tally]
    differences: Sequence[Difference]
    notes: Sequence[str] = ()

    def lines(self, most: int) -> list[str]:
        """Return it as text, with so many differences at most."""
        days = self.seen.days
        head = f"{self.seen.sightings:,} sightings and verdicts of {days:.1f} days"
        rows = [
            head,
            *(f"! {note}" for note in self.notes),
            "",
            f"{'rule':<24} {'alerts a day':>18} {'minutes a day':>18} {'precision':>18}",
        ]
        names = dict.fromkeys([*self.old, *self.new])
        rows += [_row(name, self.old.get(name), self.new.get(name), days) for name in names]
        rows.append(_row("all that tell somebody", total(self.old.values()), total(self.new.values()), days))
        rows += ["", f"{len(self.differences):,} differences"]
        rows += [str(one) for one in self.differences[:most]]
        if len(self.differences) > most:
            rows.append(f"… and {len(self.differences) - most:,} more: --differences")
        return rows

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "sightings": self.seen.sightings,
            "days": self.seen.days,
            "notes": list(self.notes),
            "rules": {
                name: {"old": _said(self.old.get(name)), "new": _said(self.new.get(name))}
                for name in dict.fromkeys([*self.old, *self.new])
            },
            "total": {"old": _said(total(self.old.values())), "new": _said(total(self.new.values()))},
            "differences": [
                {"mark": one.mark, "at": iso_8601(one.at), "rule": one.rule, "title": one.title}
                | {"device_id": one.device_id, "changed": {name: list(pair) for name, pair in one.changed.items()}}
                for one in self.differences
            ],
        }


def _said(tally: Tally | None) -> dict[str, Any] | None:
    if tally is None:
        return None
    said = {name: getattr(tally, name) for name in ("alerts", "messages", "true", "false", "precision", "shadow")}
    return {**said, "minutes": round(tally.minutes, 1)}


def _row(name: str, old: Tally | None, new: Tally | None, days: float) -> str:
    def pair(text: Any) -> str:
        return f"{text(old) if old else '·'} → {text(new) if new else '·'}"

    def share(tally: Tally) -> str:
        return "·" if tally.precision is None else f"{tally.precision:.0%} of {tally.true + tally.false}"

    alerts, minutes = pair(lambda one: f"{one.alerts / days:.1f}"), pair(lambda one: f"{one.minutes / days:.0f}")
    mark = " (shadow)" if (new or old or Tally()).shadow else ""
    return f"{name + mark:<24} {alerts:>18} {minutes:>18} {pair(share):>18}"
