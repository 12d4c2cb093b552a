"""What a silence would have held back of alerts that were told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairwatch.policy.grouping import OVER
from fairwatch.policy.matchers import labels_of
from fairwatch.policy.silencing import InForce

SHOWN = 20


@dataclass(slots=True)
class Preview:
    """Numbers of a time gone by.

    Attributes:
        messages: Revisions, each counted for each of its receivers.
        held: Those that would have been held back.
        alerts: How many alerts nobody would have heard of, by rule.
        passed: Alerts that match and would have been told all the same, since they are EXTREME.
        examples: The first of them: (issued at in microseconds, rule, title).
    """

    messages: int = 0
    held: int = 0
    alerts: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    examples: list[tuple[int, str, str]] = field(default_factory=list)


def preview(alerts: Iterable[Mapping[str, Any]], silence: InForce) -> Preview:
    """Return what a silence that had held all the time would have done to revisions, given in the order of the topic.

    The end of an alert whose beginning nobody heard of is told to nobody.
    """
    found, quiet, loud = Preview(), set[str](), set[str]()
    for alert in alerts:
        alert_id, receivers = alert["alert_id"], len(alert["receivers"])
        found.messages += receivers
        labels = labels_of(alert)
        if alert.get("state") in OVER:
            found.held += receivers if alert_id in quiet else 0
            continue
        if silence.takes(labels):
            found.held += receivers
            if alert_id not in quiet:
                quiet.add(alert_id)
                found.alerts[alert["rule"]] += 1
                found.examples.append((alert["issued_at"], alert["rule"], alert["title"]))
        else:
            quiet.discard(alert_id)
            if alert_id not in loud and all(one.holds(labels) for one in silence.matchers):
                loud.add(alert_id)
                found.passed += 1
    found.examples = found.examples[:SHOWN]
    return found
