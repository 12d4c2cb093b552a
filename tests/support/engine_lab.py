"""A probe processor that does as its events say, and a laboratory of topics around it. Also runs as a program."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from fairwatch.domain.errors import RestartError, RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.processor import Spec
from fairwatch.engine.worker import EngineConfig, Resources, Worker, run_worker
from fairwatch.telemetry.log import configure
from fairwatch.wire.avro import Codec

RECORDS = {"in": "Observation", "out": "Observation", "ref": "Observation"}
CODEC = Codec()
RECORD_MAX = 8 << 20
SPEC = Spec("probe", ("in",), ("out",), state=True, references=("ref",), tick_s=0.2)
PLAIN = Spec("plain", ("in",), ("out",))


def observation(number: str, do: str = "echo", **extensions: str) -> dict[str, Any]:
    """Return an event that tells the probe what to do."""
    return {
        "observation_id": number,
        "event_type": "other",
        "device_id": "camera",
        "source": {"format": "test"},
        "occurred_at": 1_767_225_600_000_000,
        "received_at": 1_767_225_600_000_000,
        "extensions": {"do": do, **extensions},
    }


class Probe:
    """Answers each event with the number of events of its key so far, unless told otherwise."""

    def __init__(self, resources: Resources, spec: Spec = SPEC, pause_s: float = 0.0) -> None:
        self.spec = spec
        self.handled: list[str] = []
        self.batches: list[int] = []
        self.overlaps = 0
        self._resources = resources
        self._pause_s = pause_s
        self._tries: Counter[str] = Counter()
        self._inside = False

    async def handle(self, batch: Sequence[Event]) -> list[list[Outcome]]:
        """Do as the events say."""
        self.overlaps += self._inside
        self._inside = True
        try:
            if self._pause_s:
                sys.stdout.write(f"batch {len(batch)}\n")
                sys.stdout.flush()
                await asyncio.sleep(self._pause_s)
            self.batches.append(len(batch))
            return [self._one(event) for event in batch]
        finally:
            self._inside = False

    def _one(self, event: Event) -> list[Outcome]:
        record = event.record
        do = record["extensions"]["do"]
        count = self._count(event)
        special: dict[str, Callable[[], list[Outcome]]] = {
            "skip": lambda: [Skip("uninteresting")],
            "reject": lambda: [Reject("invalid_field", "device_id is 'x'", "device_id")],
            "boom": self._boom,
            "restart": self._restart,
            "stray": lambda: [Emit("elsewhere", event.key, record)],
            "huge": lambda: [Emit("out", event.key, observation("huge", pad="x" * (3 << 20)))],
            "wake": list,
        }
        if do in special:
            return special[do]()
        if do == "retry" and self._tries[record["observation_id"]] < 2:
            self._tries[record["observation_id"]] += 1
            raise RetryableError("not yet")
        self.handled.append(record["observation_id"])
        known = self._resources.references.get("ref")
        found = known.get("r1") if known else None
        extensions = {"do": "", "count": str(count), "known": found["observation_id"] if found else ""}
        return [Emit("out", event.key, {**record, "extensions": extensions})]

    def _count(self, event: Event) -> int:
        if not self.spec.state:
            return 0
        state = self._resources.state
        count = (state.get(event.partition, event.key) or {"count": 0})["count"] + 1
        state.put(event.partition, event.key, {"count": count, "wake": event.record["extensions"]["do"] == "wake"})
        return int(count)

    @staticmethod
    def _boom() -> list[Outcome]:
        raise ZeroDivisionError

    @staticmethod
    def _restart() -> list[Outcome]:
        raise RestartError("what was there is gone")

    async def tick(self, partitions: Sequence[int]) -> list[Emit]:
        """Emit once for every key that was told to wake."""
        self.overlaps += self._inside
        emits = []
        for partition in partitions:
            for key, value in self._resources.state.items(partition):
                if value["wake"]:
                    self._resources.state.put(partition, key, {**value, "wake": False})
                    emits.append(Emit("out", key, observation("tick-" + key)))
        return emits


@dataclass
class Lab:
    """Topics under a prefix, a producer into them and readers of them.

    Attributes:
        embedded: The broker is the embedded one.
        replication: Replicas of each topic.
        engine: Options of every worker.
    """

    bootstrap: str
    prefix: str
    embedded: bool = True
    replication: int = 1
    engine: Mapping[str, Any] = field(default_factory=dict)

    def config(self, **options: Any) -> EngineConfig:
        """Return a configuration for the broker."""
        own = {"topic_prefix": self.prefix, "embedded": self.embedded, "replication": self.replication}
        return EngineConfig(self.bootstrap, **{**own, **self.engine, **options})

    def program(self, pause_s: float) -> list[str]:
        """Return the command of a worker as a process of its own, slowed down, that never commits."""
        return [sys.executable, __file__, json.dumps(asdict(self)), str(pause_s)]

    def plain_program(self, **options: Any) -> list[str]:
        """Return the command of a stateless worker as a process of its own, with these options of the engine."""
        return [sys.executable, __file__, json.dumps(asdict(self)), json.dumps(options)]

    def worker(self, spec: Spec = SPEC, **options: Any) -> tuple[Worker, list[Probe]]:
        """Return a worker and a list that will hold its probe."""
        probes: list[Probe] = []

        def build(resources: Resources) -> Probe:
            probes.append(Probe(resources, spec))
            return probes[0]

        return Worker({spec: build}, self.config(**options), CODEC, records=RECORDS), probes

    async def create(self, partitions: int = 2, out_bytes: int = RECORD_MAX) -> None:
        """Make the topics; `out` takes no larger record batches than said."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        counts = {"in": partitions, "mid": partitions, "out": partitions, "in-dlq": 1, "mid-dlq": 1, "ref": 1}
        limits = {name: {"max.message.bytes": str(out_bytes if name == "out" else RECORD_MAX)} for name in counts}
        await admin.create_topics(
            [
                NewTopic(self.prefix + name, count, self.replication, topic_configs=limits[name])
                for name, count in counts.items()
            ]
        )
        await admin.close()

    async def send(
        self,
        rows: Sequence[tuple[str, bytes | dict[str, Any] | None]],
        topic: str = "in",
        more: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Write (key, record or raw bytes) in order, with `more` headers."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks="all",
            max_request_size=8 << 20,
            enable_idempotence=not self.embedded,  # what it sends again must not come twice
        )
        await producer.start()
        headers = [("ce_recordedtime", str(time.time_ns() // 1000).encode()), ("traceparent", b"00-a-b-01"), *more]
        for key, row in rows:
            value = CODEC.encode("Observation", row) if isinstance(row, dict) else row
            await producer.send(self.prefix + topic, value, key=key.encode(), headers=headers)
        await producer.stop()

    async def read(self, topic: str = "out") -> list[Any]:
        """Return all records of a topic as they are now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, max_partition_fetch_bytes=16 << 20, isolation_level="read_committed"
        )
        await consumer.start()
        try:
            name = self.prefix + topic
            partitions = [TopicPartition(name, number) for number in await consumer._client._wait_on_metadata(name)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            records: list[Any] = []
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for run in (await consumer.getmany(timeout_ms=200)).values():
                    records += run
            return records
        finally:
            await consumer.stop()

    async def outputs(self) -> list[dict[str, Any]]:
        """Return the decoded records of `out`."""
        return [CODEC.decode(record.value)[1] for record in await self.read()]

    async def letters(self) -> list[dict[str, Any]]:
        """Return the decoded dead letters of `in`."""
        return [CODEC.decode(record.value, "DeadLetter")[1] for record in await self.read("in-dlq")]


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait until the condition (or what it awaits) is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


async def stopped(worker: Worker, task: "asyncio.Task[int]") -> int:
    """Stop a worker and return its exit code."""
    worker.stop()
    return await asyncio.wait_for(task, 30)


def main(described: str, how: str) -> int:
    """Run the worker of `Lab.program` or `Lab.plain_program`."""
    lab, given = Lab(**json.loads(described)), json.loads(how)
    if isinstance(given, dict):
        configure()
        return run_worker({PLAIN: lambda found: Probe(found, PLAIN)}, lab.config(**given), CODEC, records=RECORDS)
    # Offsets are never committed in time, so that whatever it wrote is written again by whoever comes next.
    options = lab.config(batch_max=50, commit_interval_s=60.0)
    return run_worker({SPEC: lambda found: Probe(found, SPEC, given)}, options, CODEC, records=RECORDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
