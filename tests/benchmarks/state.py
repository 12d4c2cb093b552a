"""`python -m tests.benchmarks.state [KEYS [ours] [memory] [rocksdb]]`: how soon state is there again, on Apache Kafka.

Compares the engine's state with stock Faust tables, and measures what a worker that joins costs those that work.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Thread
from typing import Any, Self

import orjson
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from fairwatch.domain.ids import stable_id
from tests.benchmarks.state_runners import HERE, IDLE, READ
from tests.support.kafka_cluster import one_broker

KEYS, PARTITIONS = 1_000_000, 12
STORES = ("ours", "memory", "rocksdb")
LIMIT_S = 270.0
OURS, FAUST = "fairwatch-bench-state", "bench-faust-ledger-changelog"


class Runner:
    """One worker as a process of its own; a context manager that ends it."""

    def __init__(self, name: str, bootstrap: str, instance: str) -> None:
        self._command = [sys.executable, str(HERE), name, bootstrap, instance]
        self._said: Queue[Mapping[str, Any]] = Queue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            if line.startswith('{"seconds"'):
                self._said.put(json.loads(line))

    def report(self, within_s: float = LIMIT_S) -> Mapping[str, Any] | None:
        """Return what it says next about its state, None when that takes too long."""
        try:
            while "keys" not in (said := self._said.get(timeout=within_s)):
                pass
        except Empty:
            return None
        return said

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)


def value(number: int) -> bytes:
    """Return about 300 bytes: a shelf of a processor's memory with some twenty ids, or a delivery that waits."""
    ids = ",".join(f"{number:08x}{place:04d}" for place in range(21))
    return orjson.dumps({"ids": f",{ids},"})


def fill(bootstrap: str, keys: int) -> int:
    """Write the changelogs of both; return the bytes of keys and values in one of them."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    names = (READ, IDLE, OURS, FAUST)
    compacted = {"cleanup.policy": "compact"}
    made = admin.create_topics(
        [NewTopic(name, PARTITIONS, 1, config=compacted if name in {OURS, FAUST} else {}) for name in names]
    )
    for future in made.values():
        future.result(30)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "batch.num.messages": 10_000})
    size = 0
    for number in range(keys):
        key, row = f"harbour|{stable_id('device', number)}", value(number)
        size += len(key) + len(row)
        for topic, named in ((OURS, key.encode()), (FAUST, orjson.dumps(key))):
            while True:
                try:
                    producer.produce(topic, row, named, partition=number % PARTITIONS)
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush(120)
    return size


def restart(bootstrap: str, name: str, folder: str = "", instance: str = "a") -> Mapping[str, Any] | None:
    """Measure a worker alone."""
    with Runner(name, bootstrap, folder or instance) as runner:
        return runner.report()


def rebalances(bootstrap: str) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Measure a worker that another joins and leaves, and one that joins without taking anything."""
    with Runner("fairwatch", bootstrap, "a") as first:
        yield "restart, all partitions", first.report()
        with Runner("bystander", bootstrap, "z") as idle:
            idle.report()
            yield "rebalance that moves nothing: the worker", first.report()
        yield "… and when that one leaves", first.report()
        with Runner("fairwatch", bootstrap, "b") as second:
            yield "a second worker joins: itself", second.report()
            yield "… the first, which keeps half", first.report()
        yield "the second leaves: the first takes all again", first.report()


@contextmanager
def timed(out: Console, what: str) -> Iterator[None]:
    """Say how long it took."""
    began = time.perf_counter()
    yield
    out.print(f"{what}: {time.perf_counter() - began:.1f} s")


def line(what: str, found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the cells of one measurement."""
    if found is None:
        return what, f"not in {LIMIT_S:.0f} s", "", "", "", ""
    paused, restored = found.get("paused_s"), found.get("restored_s")
    return (
        what, "" if paused else f"{found['seconds']:.1f} s", f"{paused:.2f} s" if paused else "",
        f"{restored:.2f} s" if restored is not None else "", f"{found['keys']:,}", f"{found['mib']:,} MiB",
    )  # fmt: skip


def measure(bootstrap: str, folder: str, stores: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Measure these stores."""
    if "ours" in stores:
        yield from rebalances(bootstrap)
    if "memory" in stores:
        yield "Faust table in memory, restart", restart(bootstrap, "memory://", folder + "/memory")
    for disk in ("empty", "kept") if "rocksdb" in stores else ():
        yield f"Faust table in RocksDB, its disk {disk}", restart(bootstrap, "rocksdb://", folder + "/rocks")


def main(arguments: Sequence[str]) -> int:
    """Measure and print a table."""
    keys = int(arguments[0]) if arguments else KEYS
    stores = arguments[1:] or STORES
    out = Console()
    with one_broker() as broker, tempfile.TemporaryDirectory() as folder:
        with timed(out, f"{keys:,} keys written to two changelogs"):
            size = fill(broker.address, keys)
        title = f"{keys:,} keys, {size / keys:.0f} bytes each"
        table = Table("", "ready after", "stood still", "of which reading", "keys", "memory", title=title)
        for what, found in measure(broker.address, folder, stores):
            out.print(*line(what, found), sep=" | ")
            table.add_row(*line(what, found))
    out.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
