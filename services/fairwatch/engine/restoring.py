"""Brings back the state of partitions that a worker was given, and notices when it was lost."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import orjson
import structlog
from aiokafka.errors import KafkaError

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.reader import TopicReader
from fairwatch.engine.state import FOREIGN, MARK, Held, PartitionedState
from fairwatch.telemetry import metrics

if TYPE_CHECKING:
    from fairwatch.engine.application import Application

KEPT_US = 3600 * 1_000_000  # well below the day for which Kafka keeps the mark of a deleted key
RETRY_S = 1.0
LOOK_AGAIN_S = 10.0

log = structlog.get_logger()


class Restoring:
    """Reads the changelog of one worker's partitions.

    Args:
        changelog: Full name.
        topics: Full names of what the state follows from.
    """

    def __init__(
        self,
        component: str,
        config: EngineConfig,
        changelog: str,
        state: PartitionedState,
        clock: Clock,
        topics: Collection[str],
    ) -> None:
        self._config = config
        self._changelog = changelog
        self._topics = topics
        self._state = state
        self._clock = clock
        self._generation = -1
        self._lost = metrics.STATE_LOST.labels(component)
        self._keys = metrics.STATE_KEYS.labels(component)
        self.trouble: str | None = None

    def release(self, generation: int) -> None:
        """Give up the partitions that were given in this generation of the group."""
        self._generation = generation
        self._state.release()

    async def restore(self, app: "Application", owned: Sequence[int], current: Callable[[], bool]) -> bool:
        """Restore; return whether it was done before `current` said that it is of no use any more.

        Waits while the broker is away, while state is lost and nobody has said to go on without, and while it is of a
        later version: nothing of it is overwritten then, and a worker of that version can go on from it.
        """
        said: set[int] = set()
        began = time.monotonic()
        try:
            while current():
                try:
                    found = await self._read(owned, app.consumer_generation_id)
                    if await self._later(found, current):
                        continue
                    gone = await self._gone(app, found)
                except RetryableError as error:
                    if self.trouble != str(error):
                        log.warning("state.waiting", error=str(error))
                    self.trouble = str(error)
                    await asyncio.sleep(RETRY_S)
                    continue
                holds = gone and self._config.state_lost != "empty"
                self.trouble = f"state lost: {self._changelog} {gone}" if holds else None
                if gone and set(gone) != said:
                    self._say(gone)
                    said = set(gone)
                if not holds:
                    return self._take(found, current, began)
                await self._wait(current)
        finally:
            self.trouble = None
        return False

    async def _later(self, found: Mapping[int, Held], current: Callable[[], bool]) -> bool:
        """Return whether state is of a later version than this program knows; it is looked at again a while later."""
        later = {number: held.version for number, held in found.items() if held.version > self._state.version}
        if not later:
            return False
        newest = max(later.values())
        trouble = (
            f"state of a later version: {self._changelog} {sorted(later)} "
            f"{'holds what this program does not know' if newest == FOREIGN else f'is of version {newest}'}, "
            f"this program reads {self._state.version}"
        )
        if self.trouble != trouble:
            log.critical("state.later_version", error=f"{trouble}: nothing is handled or overwritten; run that version")
        self.trouble = trouble
        await self._wait(current)
        return True

    async def _read(self, owned: Sequence[int], generation: int) -> dict[int, Held]:
        kept = self._state.kept
        if generation != self._generation + 1:  # others may have had them for long, and compaction forgets deletions
            kept = {number: held for number, held in kept.items() if abs(self._clock.now() - held.at) < KEPT_US}
        found = await read_state(self._config, self._changelog, owned, kept)
        for held in found.values():
            held.at = self._clock.now()
        return found

    async def _gone(self, app: "Application", found: Mapping[int, Held]) -> list[int]:
        """Return the partitions whose state was written once and is not there.

        The changelog begins later than it did, or it is empty although the group has committed what follows from it.
        """
        gone = [number for number, held in found.items() if held.begin > (held.mark or 0)]
        empty = {number for number, held in found.items() if not held.position}
        if empty:
            try:
                committed = await app.batches.committed_now()
            except KafkaError as error:
                raise RetryableError(f"committed offsets are not known: {error!r}") from error
            gone += sorted(
                {
                    tp.partition
                    for tp, offset in committed.items()
                    if offset and tp.topic in self._topics and tp.partition in empty
                }
            )
        return gone

    def _say(self, gone: Sequence[int]) -> None:
        self._lost.inc(len(gone))
        log.critical(
            "state.lost",
            changelog=self._changelog,
            partitions=list(gone),
            error="nothing is handled: bring the topic back, or set FAIRWATCH_STATE_LOST=empty to go on without; the "
            "runbook FairwatchStateLost says what that repeats or misses"
            if self._config.state_lost != "empty"
            else "going on without, as FAIRWATCH_STATE_LOST=empty says: take the setting back",
        )

    def _take(self, found: Mapping[int, Held], current: Callable[[], bool], began: float) -> bool:
        if not current():
            return False
        kept = sum(held is self._state.kept.get(number) for number, held in found.items())
        self._state.restore(found)
        self._keys.set(self._state.keys)
        seconds = round(time.monotonic() - began, 3)
        log.info("state.restored", partitions=len(found), kept=kept, keys=self._state.keys, seconds=seconds)
        return True

    async def _wait(self, current: Callable[[], bool]) -> None:
        for _ in range(round(LOOK_AGAIN_S / RETRY_S)):
            if current():
                await asyncio.sleep(RETRY_S)


async def read_state(
    config: EngineConfig, changelog: str, partitions: Sequence[int], kept: Mapping[int, Held]
) -> dict[int, Held]:
    """Return the newest value of every key of a changelog, by partition.

    Args:
        config: Where the broker is.
        changelog: Full name.
        partitions: Which.
        kept: What was read before: only what follows is read, unless the changelog is not the same any more.

    Raises:
        RetryableError: The broker does not answer.
    """
    found: dict[int, Held] = {}
    if not partitions:
        return found
    try:
        async with TopicReader(config.bootstrap, config.client_options, changelog, partitions) as reader:
            bounds = await reader.bounds()
            for number, (begin, end, _) in bounds.items():
                held = kept.get(number)
                if held is None or not begin <= held.position <= end or begin != held.begin:
                    held = Held({}, begin, begin)
                found[number] = held
            reader.seek({number: held.position for number, held in found.items()})
            # What the last owner committed may not be seen to be for a moment: whatever is there is waited for.
            async for run in reader.runs_to_end({number: there.open_end for number, there in bounds.items()}):
                _fold(found[run[0].partition], run)
            for number, position in (await reader.positions()).items():
                found[number].position = position
    except (KafkaError, ConfigurationError) as error:
        raise RetryableError(f"{changelog} cannot be read: {error!r}") from error
    return found


def _fold(held: Held, run: Sequence[object]) -> None:
    """Take records in; doing so twice, from any earlier offset on, comes to the same."""
    rows = held.rows
    for record in run:
        key, value = record.key, record.value  # type: ignore[attr-defined]  # aiokafka's records have no types
        try:
            name = key.decode()
            if name == MARK:
                mark = orjson.loads(value)
                held.mark, held.version = int(mark["begin"]), int(mark.get("version", 1))
                continue
        except (ValueError, LookupError, TypeError, AttributeError):
            held.version = FOREIGN
            continue
        if value is None:
            rows.pop(name, None)
        else:
            rows[name] = value
