"""Whether what is sent from now on reaches its end: alerts at the control room and in the console, dead letters."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from hashlib import sha256
from typing import Self

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from fairwatch.apps.kafka import codec
from fairwatch.domain.errors import RejectedError
from tests.chaos.desk import is_of
from tests.chaos.found import OPEN, Place
from tests.chaos.hub import Hub
from tests.chaos.load import Load
from tests.chaos.oracle import Expected, expect
from tests.chaos.sink import Request
from tests.chaos.world import Event

RECOVERY_S = 240.0
LISTED, LISTED_RAW, POISON = 4, 2, 2  # of each kind so many events have to come through
AHEAD = 2000
DEAD = ("raw-events-dlq", "observations-dlq")


class Watch:
    """Follows dead letters; an async context manager.

    A letter may only refer to what it is about, so the topics that they are of are read as well.

    Attributes:
        buried: Numbers of the poison whose dead letters are there.
    """

    def __init__(self, hub: Hub, load: Load) -> None:
        self._hub = hub
        self._load = load
        self._task: asyncio.Task[None] | None = None
        self.buried: set[int] = set()
        self._letters: set[Place] = set()
        self._originals: dict[Place, str] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def flows(self, within_s: float = RECOVERY_S) -> float | None:
        """Wait until events of every kind sent from now on came through, all processors ready; return seconds.

        None when they did not in time.
        """
        began, wanted = time.monotonic(), self._wanted(self._load.position)
        entries = [str(event.number) for event in wanted if event.kind == "listed"]
        while time.monotonic() < began + within_s:
            wanted = [event for event in wanted if not self._came(event)]
            if not wanted and await self._hub.workers.ready() and await self._shown(entries):
                return time.monotonic() - began
            await asyncio.sleep(0.25)
        return None

    @property
    def sent(self) -> int:
        """How many events were sent."""
        return self._load.position

    async def _shown(self, entries: list[str]) -> bool:
        """Tell whether the console shows the alerts about these entries."""
        alerts = {alert for entry in entries for alert in self._hub.sink.entries[entry]}
        return await self._hub.shown(alerts) >= alerts

    def missing(self) -> list[Event]:
        """Return the events sent so far that should have come through and have not yet."""
        sent = self._load.world.events[: self._load.position]
        return [event for event in sent if event.kind in ("listed", "poison") and not self._came(event)]

    def untold(self) -> list[str]:
        """Return the subjects about which the control rooms have not heard everything that is certain."""
        told: dict[tuple[str, str], list[Request]] = defaultdict(list)
        for (receiver, _), request in self._hub.sink.told.items():
            told[receiver, request.subject].append(request)
        wanted = expect(self._load.sent()).values()
        return [each.subject for each in wanted if not all(_heard(each, told[r, each.subject]) for r in each.receivers)]

    def _wanted(self, position: int) -> list[Event]:
        ahead = self._load.world.events[position : position + AHEAD]
        listed = [event for event in ahead if event.kind == "listed" and not event.raw][:LISTED]
        raw = [event for event in ahead if event.kind == "listed" and event.raw][:LISTED_RAW]
        poison = [event for event in ahead if event.kind == "poison"][:POISON]
        doors = [next((e for e in ahead if e.kind == "listed" and e.door == door), None) for door in ("http", "viid")]
        return [*listed, *raw, *poison, *(event for event in doors if event)]

    def _came(self, event: Event) -> bool:
        if event.poison:
            return event.number in self.buried
        return str(event.number) in self._hub.sink.entries

    async def _follow(self) -> None:
        settings, decode = self._hub.settings, codec(self._hub.settings).decode
        consumer = AIOKafkaConsumer(
            *(settings.topic_prefix + name for name in (*DEAD, *OPEN)), bootstrap_servers=settings.kafka_bootstrap,
            auto_offset_reset="earliest", metadata_max_age_ms=5000,
        )  # fmt: skip
        async with consumer:
            while True:
                with suppress(KafkaError):
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        for record in records:
                            topic = record.topic.removeprefix(settings.topic_prefix)
                            if topic in OPEN:
                                place = (topic, record.partition, record.offset)
                                self._originals[place] = sha256(record.value or b"").hexdigest()
                                continue
                            with suppress(RejectedError):
                                letter = decode(record.value, "DeadLetter")[1]
                                self._letters.add((letter["topic"], letter["partition"], letter["offset"]))
                self._bury()

    def _bury(self) -> None:
        """Find out what the letters are about whose originals were read."""
        for place in [place for place in self._letters if place in self._originals]:
            self._letters.remove(place)
            self.buried.add(self._load.poison.get(self._originals[place], -1))


def _heard(wanted: Expected, told: list[Request]) -> bool:
    """Tell whether the latest revision of each alert is as it must be in the end."""
    if not wanted.must:
        return not told or all(each.state == "CANCELLED" for each in told)
    if wanted.answers and not any(is_of(answer, each.answer) for answer in wanted.answers for each in told):
        return False
    heard = sorted(("open" if each.state in ("NEW", "UPDATED") else each.state, each.count) for each in told)
    lives = sorted((life.final, life.count) for life in wanted.lives)
    if wanted.crowd:
        ended = {state for state, _ in heard}
        return sum(count for _, count in heard) in wanted.lives[0].counts and (lives[0][0] == "open") == (
            "open" in ended
        )
    if wanted.hush is not None:  # what lies in a silence is not told
        return wanted.hush.until is None or all(life in heard for life in lives if life[0] == "open")
    return heard == lives
