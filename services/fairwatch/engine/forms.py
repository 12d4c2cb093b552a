"""How far each processor has come, in whatever form it ran: by itself or in some chain.

Each form has a consumer group of its own, named after its processors. So that a change of form neither loses nor
repeats anything, a group begins where its processors have come to in any of their groups.

Only one form may run at a time, since Kafka fences the members of one group from each other but not those of two. So a
worker joins its group only when no other form has members. Two that begin at once both look again after they have
joined, when at least one of them sees the other; who does, starts anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.link import Link
from fairwatch.engine.ownership import UNTOUCHED, Note, shut_out
from fairwatch.engine.ownership import Place as Reached

if TYPE_CHECKING:
    from fairwatch.engine.consumer_thread import BatchThread

Place = tuple[str, int]
Reach = Mapping[Place, Reached]
LOOK_AGAIN_S = 1.0

log = structlog.get_logger()


class CollisionError(Exception):
    """Another form runs."""


class Forms:
    """Says where the group of a worker begins, and whether it may.

    Args:
        name: Of the worker: its processors, joined by `+`.
        links: Its processors.
        collide: Is told when another form has begun at the same time: the worker is to end.

    Attributes:
        trouble: What is waited for, or None.
    """

    def __init__(self, config: EngineConfig, name: str, links: Sequence[Link], collide: Callable[[str], None]) -> None:
        self.trouble: str | None = None
        self._options = {"bootstrap_servers": config.bootstrap, **config.client_options}
        self._start = f"{config.topic_prefix}fairwatch-"
        self._own = self._start + name
        self._embedded = config.embedded
        self._links = links
        self._shut_out: set[str] = set()
        self._collide = collide
        self._member = ""
        self._ids: Mapping[str, str] = {}
        self._found: Mapping[Place, int] = {}

    async def wait(self, pause: Callable[[], Awaitable[None]], ended: Callable[[], bool]) -> None:
        """Wait until no other form of our processors runs.

        Args:
            pause: Waits before the broker is asked again.
            ended: Tells that we are to stop.
        """
        while not ended():
            try:
                async with _Groups(self._options) as groups:
                    found = await self._running(groups, await self._others(groups))
            except RetryableError as error:
                trouble = str(error)
            else:
                if not found:
                    break
                trouble = f"waiting for {', '.join(found)} to end: processors run by themselves or in a chain, not both"
            if trouble != self.trouble:
                log.warning("forms.waiting", error=trouble)
            self.trouble = trouble
            await pause()
        self.trouble = None

    async def begin(self, group: "BatchThread") -> Mapping[Place, int]:
        """Return the next offset of each partition where all our processors have come to, in whatever form.

        What some of them have handled beyond that, these are told to leave out. Other forms come no further while we
        are in our group, so they are asked once in each membership, for all partitions that we may ever be given.
        """
        who, tell = group.membership(), log.warning
        while who == group.membership():
            try:
                await self._look(group, "" if who is None else who.member)
            except CollisionError as error:
                self._collide(str(error))
                break
            except (RetryableError, KafkaError, OSError, TimeoutError) as error:
                tell("forms.unknown", error=repr(error))
                tell = log.debug  # a broker that is away for an hour fills no log
                await asyncio.sleep(LOOK_AGAIN_S)
            else:
                break
        return self._found

    async def _look(self, group: "BatchThread", member: str) -> None:
        topics = {topic for link in self._links for topic in link.topics}
        # Offsets of a topic that was deleted and made anew mean nothing in the new one.
        ids = {} if self._embedded or (member == self._member and not self._found) else await group.topic_ids(topics)
        if member and (member, ids) == (self._member, self._ids):
            return
        places = [
            (topic, number)
            for topic, count in (await group.partition_counts(topics)).items()
            for number in range(count)
        ]
        async with _Groups(self._options) as groups:
            found = await self._reached(groups, places, ids)
        read = {link.spec.name: link.topics for link in self._links}
        furthest = handled(found, read)
        for link in self._links:
            link.floors = furthest[link.spec.name]
        self._found = beginnings(furthest, read)
        self._member, self._ids = member, ids if self._found else {}

    async def _reached(
        self, groups: "_Groups", places: Collection[Place], ids: Mapping[str, str]
    ) -> dict[frozenset[str], Reach]:
        others = await self._others(groups)
        if running := await self._running(groups, others):
            raise CollisionError(f"{', '.join(running)} began at the same time")
        if not others:
            return {}
        await self._end_open([await groups.reached(group, places) for group in others])
        found: dict[frozenset[str], Reach] = {}
        for group in (self._own, *others):
            rows = await groups.reached(group, places)
            found[self._names(group)] = {
                place: row for place, row in rows.items() if row.note.topic in {"", ids.get(place[0], row.note.topic)}
            }
        return found

    def forget(self, place: Place) -> None:
        """Leave nothing out of a partition whose offsets begin again."""
        for link in self._links:
            link.floors = {known: offset for known, offset in link.floors.items() if known != place}
        self._found = {known: offset for known, offset in self._found.items() if known != place}

    async def _others(self, groups: "_Groups") -> list[str]:
        ours = self._names(self._own)
        return [group for group in await groups.names() if group != self._own and self._names(group) & ours]

    async def _running(self, groups: "_Groups", others: Sequence[str]) -> list[str]:
        if self._embedded:  # which says of members that have left that they are there
            return []
        return [group for group in others if await groups.has_members(group)]

    async def _end_open(self, reached: Sequence[Reach]) -> None:
        """Let what the last owners in other forms had begun to commit be committed, or be given up, before we look."""
        owners = {place.note.owner for places in reached for place in places.values()} - self._shut_out - {""}
        if owners:
            await shut_out(owners, self._options)
            self._shut_out |= owners

    def _names(self, group: str) -> frozenset[str]:
        found = group.removeprefix(self._start).split("+") if group.startswith(self._start) else ()
        return frozenset(found)


class _Groups:
    """What the broker knows of consumer groups; each method raises RetryableError when it does not say."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._admin = AIOKafkaAdminClient(**options)

    async def __aenter__(self) -> Self:
        start = asyncio.ensure_future(self._admin.start())
        try:
            await _asked(asyncio.shield(start))
        except BaseException:
            await asyncio.wait({start})  # aiokafka would lose the connection that it is making
            await self._admin.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def names(self) -> list[str]:
        """Return all that we may describe."""
        return sorted(name for name, *_ in await _asked(self._admin.list_consumer_groups()))

    async def has_members(self, group: str) -> bool:
        """Tell whether somebody is in it."""
        [response] = await _asked(self._admin.describe_consumer_groups([group]))  # aiokafka misreads several at once
        for code, *_, members in response.groups:
            if code:
                raise RetryableError(f"the members of {group} are not known: {for_code(code).__name__}")
            if members:
                return True
        return False

    async def reached(self, group: str, places: Collection[Place]) -> dict[Place, Reached]:
        """Return how far it has come in these partitions, where it has come to anything."""
        # The embedded broker is asked for partitions by name: it does not know how to say all.
        wanted = [TopicPartition(*place) for place in places]
        found = await _asked(self._admin.list_consumer_group_offsets(group, partitions=wanted))
        if len(found) < len(wanted):  # aiokafka says nothing of a coordinator that is still loading
            raise RetryableError(f"how far {group} has come is not known")
        return {
            (tp.topic, tp.partition): Reached(row.offset, Note.read(row.metadata))
            for tp, row in found.items()
            if row.offset >= 0
        }


async def _asked(question: Awaitable[Any]) -> Any:
    try:
        return await question
    except KafkaError as error:
        raise RetryableError(f"the groups of other forms are not known: {error!r}") from error


def handled(
    reached: Mapping[frozenset[str], Reach], processors: Mapping[str, Collection[str]]
) -> dict[str, dict[Place, int]]:
    """Return the next offset of each partition that each processor has not handled, where it has handled any.

    A partition that its owner has not touched yet counts as one of which nothing was handled, wherever it begins.

    Args:
        reached: How far each form has come, by its processors.
        processors: Full names of the topics that each reads.
    """
    found: dict[str, dict[Place, int]] = {name: {} for name in processors}
    for names, places in reached.items():
        for name in names & processors.keys():
            for place, row in places.items():
                if place[0] in processors[name] and row.note.what != UNTOUCHED:
                    found[name][place] = max(found[name].get(place, 0), row.offset)
    return found


def beginnings(found: Mapping[str, Mapping[Place, int]], processors: Mapping[str, Collection[str]]) -> dict[Place, int]:
    """Return where a group of these processors begins: where the one begins that has come least far.

    >>> found = {"match": {("s", 0): 9, ("s", 1): 4}, "route": {("s", 0): 7}}
    >>> beginnings(found, {"match": {"s"}, "route": {"s"}})
    {('s', 0): 7, ('s', 1): 0}
    """
    places = {place for name in processors for place in found[name]}
    return {
        place: min(found[name].get(place, 0) for name, topics in processors.items() if place[0] in topics)
        for place in sorted(places)
    }
