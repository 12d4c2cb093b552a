"""Random timelines of incidents: what belongs together is what a naive model says, in whatever order things come.

`python -m tests.processors.test_incident_timelines 1500` plays so many of them.
"""

import asyncio
import random
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from fairwatch.policy.incidents.deeds import make
from tests.support.incidents import SECOND, Place
from tests.support.records import AT

WITHIN = 120
ORDERS, DEEDS = 100, 100  # timelines by default


@dataclass
class Naive:
    """An incident that remembers everything."""

    id: str
    seen: list[tuple[int, str]] = field(default_factory=list)  # when, of which alert
    parted: bool = False

    @property
    def alerts(self) -> frozenset[str]:
        return frozenset(alert for _, alert in self.seen)

    @property
    def first(self) -> int:
        return min(at for at, _ in self.seen)

    def distance(self, at: int) -> int:
        """How far it is from the nearest event, or 0 between two that are near each other."""
        times = sorted(when for when, _ in self.seen)
        between = any(a <= at <= b and b - a <= WITHIN for a, b in pairwise(times))
        return 0 if between else min(abs(at - when) for when in times)


class Model:
    """What a place should say, by a search through everything each time."""

    def __init__(self) -> None:
        self.incidents: list[Naive] = []

    def sees(self, at: int, alert: str, name: str) -> None:
        near = [each for each in self.incidents if each.distance(at) <= WITHIN]
        apart = sorted((each for each in near if each.parted), key=lambda each: (each.distance(at), each.id))
        own = [each for each in apart if alert in each.alerts]
        whole = sorted((each for each in near if not each.parted), key=lambda each: (each.first, each.id))
        chosen = own[:1] or whole or apart[:1]
        if not chosen:
            chosen = [Naive(name)]
            self.incidents += chosen
        for other in chosen[1:]:
            chosen[0].seen += other.seen
            self.incidents.remove(other)
        chosen[0].seen.append((at, alert))

    def split(self, incident: Naive, alerts: set[str], name: str) -> None:
        new = Naive(name, [each for each in incident.seen if each[1] in alerts], parted=True)
        incident.seen, incident.parted = [each for each in incident.seen if each[1] not in alerts], True
        self.incidents.append(new)

    def merge(self, incident: Naive, into: Naive) -> None:
        into.seen += incident.seen
        into.parted = False
        self.incidents.remove(incident)

    def groups(self) -> list[list[tuple[int, str]]]:
        return sorted(sorted(each.seen) for each in self.incidents)


def said(place: Place) -> list[list[tuple[int, str]]]:
    """Return when what of which alert happened, by incident."""
    found = [each for each in place.incidents.values() if each["state"] != "MERGED"]
    lines = [[((line["at"] - AT) // SECOND, line["alert_id"]) for line in each["timeline"]] for each in found]
    return sorted(sorted(each) for each in lines)


def timeline(rng: random.Random) -> list[tuple[int, str]]:
    return [(rng.randrange(1200), f"alert-{rng.randrange(8)}") for _ in range(rng.randrange(2, 14))]


async def in_any_order(rng: random.Random) -> None:
    """Events that come in another order, and twice, make the same groups: stretches with gaps of `within` at most."""
    events = timeline(rng)
    orders = [list(enumerate(events)), rng.sample(list(enumerate(events)), len(events))]
    groups = []
    for order in orders:
        place = Place(within=f"{WITHIN}s", lateness="1h")
        for number, (at, alert) in [*order, *rng.sample(order, 2)]:
            await place.sees(number, at=at, alert=alert)
        groups.append(said(place))
    stretches: list[list[tuple[int, str]]] = []
    for at, alert in sorted(events):
        if stretches and at - stretches[-1][-1][0] <= WITHIN:
            stretches[-1].append((at, alert))
        else:
            stretches.append([(at, alert)])
    assert groups[0] == groups[1] == sorted(sorted(each) for each in stretches)


async def with_people(rng: random.Random) -> None:
    """People merge and split in between, workers restart, everything comes again from some point: as the model says."""
    place, model = Place(within=f"{WITHIN}s", lateness="1h"), Model()
    past: list[tuple[str, dict[str, Any]]] = []
    for number, (at, alert) in enumerate(timeline(rng)):
        step = place.step(number, at=at, alert=alert)
        before = set(place.incidents)
        past.append(("step", step))
        await place.hears(step)
        [name] = [*(set(place.incidents) - before), ""][:1]
        model.sees(at, alert, name)
        if rng.random() < 0.5:
            deed = await _deed(rng, place, model, number)
            past += [] if deed is None else [("deed", deed)]
        if rng.random() < 0.2:
            again = Place(place.state, place.clock, within=f"{WITHIN}s", lateness="1h")
            again.incidents = place.incidents
            place = again
        assert said(place) == model.groups()
    told = place.told
    for kind, record in past[rng.randrange(len(past)) :]:
        await (place.hears(record) if kind == "step" else place.does(record))
    assert (place.told, said(place)) == (told, model.groups())


async def _deed(rng: random.Random, place: Place, model: Model, number: int) -> dict[str, Any] | None:
    chosen = rng.choice(model.incidents)
    record = place.incidents[chosen.id]
    others = [each for each in model.incidents if each is not chosen]
    if others and rng.random() < 0.5:
        into = rng.choice(others)
        deed: Any = make(record, "MERGE", "ann", "operator", AT + number, into=into.id)
        await place.does(deed)
        model.merge(chosen, into)
        return dict(deed)
    if len(chosen.alerts) > 1:
        alerts = set(rng.sample(sorted(chosen.alerts), rng.randrange(1, len(chosen.alerts))))
        deed = make(record, "SPLIT", "ann", "operator", AT + number, alerts=sorted(alerts))
        before = set(place.incidents)
        await place.does(deed)
        [name] = set(place.incidents) - before
        model.split(chosen, alerts, name)
        return dict(deed)
    return None


def test_events_in_any_order_and_twice_make_the_same_incidents() -> None:
    _play(in_any_order, ORDERS)


def test_with_people_restarts_and_replays_it_is_as_a_model_says_that_remembers_everything() -> None:
    _play(with_people, DEEDS)


def _play(law: Any, times: int, first: int = 0) -> None:
    for seed in range(first, first + times):
        try:
            asyncio.run(law(random.Random(seed)))
        except Exception as error:
            raise AssertionError(f"timeline {seed}: {error}") from error


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for every in (in_any_order, with_people):
        _play(every, number, ORDERS)
        sys.stdout.write(f"{every.__name__}: {number:,} timelines as they should be\n")
