"""Rights and quotas of each component, for Kafka and the chart: derived from schemas/topics and the processors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from fairwatch.domain.part import Need, Part, Way
from fairwatch.engine.topics import changelog_of
from fairwatch.matching.list_part import ListPart
from fairwatch.parts import CHAINS, parts
from fairwatch.wire.topics import topics

READ, WRITE = ("Describe", "Read"), ("Describe", "Write")
OWN = ("Create", "Describe", "DescribeConfigs", "Read", "Write")
CATCH_UP = 4  # a component may read so many times faster than its topics are written, to make up for an outage
MIB = 1 << 20
TRANSACTIONAL = "transactionalId"
SHARDED = "match"  # whose lists may be shared out among several consumer groups


@dataclass(frozen=True, slots=True)
class Right:
    """Operations that a component may do on one topic or consumer group; its name is without the prefix.

    A right on a `transactionalId` is one on all that begin with the name.
    """

    kind: str
    name: str
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows through a component.

    Attributes:
        reads: Topics that it shares with its other replicas, as a group.
        references: Topics that each replica reads whole.
        writes: Topics that it writes, those of its dead letters included.
        state: Whether it keeps keyed state.
        replay: Whether it reads its topics anew at each start.
        forms: Other forms of deployment of the same processors: who runs one asks how far they have come.
        needs: What it connects to besides Kafka and Redis.
        way: How a gateway comes by what it takes in.
    """

    name: str
    reads: tuple[str, ...]
    references: tuple[str, ...]
    writes: tuple[str, ...]
    state: bool
    replay: bool
    forms: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    way: Way | None = None

    def rights(self) -> list[Right]:
        """Return what it may do, and nothing else."""
        found = [Right("topic", topic, READ) for topic in (*self.reads, *self.references)]
        found += [Right("topic", topic, WRITE) for topic in self.writes]
        if self.state:
            found.append(Right("topic", changelog_of("", self.name), OWN))
        return found + self._of_group()

    def _of_group(self) -> list[Right]:
        """Return its rights on its group and the producers of it, and on those of other forms: to shut them out."""
        found = [Right("group", f"fairwatch-{self.name}", READ)] if self.reads else []
        found += [Right("group", f"fairwatch-{form}", ("Describe",)) for form in self.forms]
        if self.reads and not self.replay:
            found += [Right(TRANSACTIONAL, f"fairwatch-{form}-", WRITE) for form in (self.name, *self.forms)]
        return found

    def quotas(self) -> dict[str, int]:
        """Return bytes a second that each broker takes from it and gives to it, by Kafka's names of them."""
        written = sum(topics()[name].quota_mib for name in self.writes)
        read = sum(topics()[name].quota_mib for name in (*self.reads, *self.references))
        if self.state:
            written, read = written + topics()[self.reads[0]].quota_mib, read + topics()[self.reads[0]].quota_mib
        limits = {"producer_byte_rate": written * MIB, "consumer_byte_rate": read * CATCH_UP * MIB}
        return {name: limit for name, limit in limits.items() if limit}


@dataclass(frozen=True, slots=True)
class ChainFlow(Flow):
    """What flows through processors that run as one chain."""

    parts: tuple[Flow, ...] = ()

    def rights(self) -> list[Right]:
        """Return what its processors may do, as one."""
        topics = [right for part in self.parts for right in part.rights() if right.kind == "topic"]
        return [*dict.fromkeys(topics), *self._of_group()]

    def quotas(self) -> dict[str, int]:
        """Return the sum of those of its processors."""
        found: dict[str, int] = {}
        for part in self.parts:
            for name, limit in part.quotas().items():
                found[name] = found.get(name, 0) + limit
        return found


@cache
def flows() -> Mapping[str, Flow]:
    """Return the flow of every component by its name."""
    return {part.name: _flow(part) for part in parts().values()}


@cache
def chains() -> Mapping[str, ChainFlow]:
    """Return the flow of every chain by the name of its deployment."""
    return {name: _chain([flows()[part] for part in parts]) for name, parts in CHAINS.items()}


@cache
def deployments(list_parts: int = 1) -> Mapping[str, Flow]:
    """Return the flow of everything that may run as a deployment with a principal of its own, by name.

    Args:
        list_parts: Among how many groups of `match` the lists are shared out.
    """
    return {**flows(), **chains(), **_shards(list_parts)}


def _shards(of: int) -> dict[str, Flow]:
    """Return the flow of each part of the lists: that of `match`, with a group and a state of its own."""
    whole, parts_of = flows()[SHARDED], [ListPart(number, of) for number in range(1, of + 1)]
    names = [f"{SHARDED}{part.name}" for part in parts_of if part.name]
    return {name: replace(whole, name=name, forms=()) for name in names}


@cache
def keyed() -> Mapping[str, str]:
    """Return the topics whose partitions cannot be raised without harm, and what keys would leave behind."""
    old = {topic.name: "older values, which compaction then keeps for ever" for topic in topics().values()
           if "compact" in topic.cleanup}  # fmt: skip
    states: dict[str, list[str]] = {}
    for flow in flows().values():
        for topic in flow.reads if flow.state else ():
            states.setdefault(topic, []).append(flow.name)
    return old | {topic: f"the state of {' and '.join(names)}" for topic, names in states.items()}


@cache
def changelogs(list_parts: int = 1) -> Mapping[str, tuple[str, ...]]:
    """Return the topics that keep state, by logical name, and whose number of partitions they share."""
    kept = {**flows(), **_shards(list_parts)}
    return {changelog_of("", flow.name): flow.reads for flow in kept.values() if flow.state}


def _flow(part: Part) -> Flow:
    name, spec = part.name, part.spec
    consumed = sorted(topic.name for topic in topics().values() if name in topic.consumers)
    written = sorted(topic.name for topic in topics().values() if name in topic.producers)
    reads = sorted(spec.reads) if spec else []
    return Flow(
        name,
        reads=tuple(reads),
        references=tuple(topic for topic in consumed if topic not in reads),
        writes=tuple(written),
        state=bool(spec and spec.state),
        replay=bool(spec and spec.replay),
        forms=tuple("+".join(parts) for parts in CHAINS.values() if name in parts),
        needs=part.needs,
        way=part.way,
    )


def _chain(parts: Sequence[Flow]) -> ChainFlow:
    names = [part.name for part in parts]
    read = tuple(sorted({topic for part in parts for topic in part.reads}))
    return ChainFlow(
        "+".join(names),
        reads=read,
        references=tuple(sorted({topic for part in parts for topic in part.references})),
        writes=tuple(sorted({topic for part in parts for topic in part.writes})),
        state=any(part.state for part in parts),
        replay=False,
        forms=tuple(names),
        needs=tuple(dict.fromkeys(need for part in parts for need in part.needs)),
        parts=tuple(parts),
    )
