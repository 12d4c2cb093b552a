"""What was sent of a crowd beside what its alerts say, for whoever has to find out why the two differ."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from tests.chaos.crowds import Step
from tests.chaos.found import Revision
from tests.chaos.oracle import Expected, Sent

LAST = 6  # steps that are listed one by one


def crowd_told(sent: Sent, wanted: Expected, alerts: Sequence[Sequence[Revision]]) -> str:
    """Return for each alert how many beginnings were sent until its last word, and the last steps one by one.

    An alert's last word may lie a wait and an interval after what it counts, so that the first number that is too
    small, not the first that differs, names the alert which lacks something.
    """
    steps = [(sent.at[number], number, step) for number in wanted.numbers if (step := sent.events[number].step)]
    begun = [at for at, _, step in steps if step.deed == "begin"]
    ends = [0.0, *(revisions[-1].issued_at / 1e6 for revisions in alerts)]
    parts = [
        f"alert {revisions[-1].alert_id} counts {[each.count for each in revisions]} until {_clock(until)}, sent since "
        f"the one before: {bisect_right(begun, until) - bisect_right(begun, since)}"
        for revisions, (since, until) in zip(alerts, pairwise(ends), strict=True)
    ]
    return "; ".join([*parts, "last sent: " + ", ".join(_said(*step) for step in steps[-LAST:])])


def _said(at: float, number: int, step: Step) -> str:
    return f"{number} at {_clock(at)} {step.object_id} {step.deed}{' again' if step.again else ''}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]
