"""How fast unreadable records become dead letters: `python -m tests.benchmarks.dead_letters [RECORDS]`.

A quarter each is no Avro, of an unknown schema, cut off, and too long. One worker, one core, the embedded broker on
another. Prints one JSON line: letters a second, and the CPU time of the worker's process for each in microseconds.
"""

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaProducer

from fairwatch.apps.embedded import start_broker
from fairwatch.apps.processors import BATCH_GROWN
from fairwatch.wire.cleaning import Cleaner
from tests.support.engine_lab import CODEC, PLAIN, Lab, observation, stopped, until

RECORDS = 100_000
PARTITIONS = 4
FIRST_S = 60.0


async def fill(lab: Lab, records: int) -> None:
    """Write them."""
    good = CODEC.encode("Observation", observation("x", pad="y" * 300))
    kinds = [b"junk" * 150, b"\xc3\x01" + b"\x01" * 600, good[:-3], good + b"zz"]
    options = {"linger_ms": 20, "max_batch_size": 200_000}
    async with AIOKafkaProducer(bootstrap_servers=lab.bootstrap, **options) as producer:
        for number in range(records):
            await producer.send(lab.prefix + "in", kinds[number % len(kinds)], key=b"k%d" % (number % 97))


async def measure(records: int) -> dict[str, float]:
    """Return what came of it."""
    with start_broker() as broker:
        lab, cleaner = Lab(broker.address, "dead-"), Cleaner()
        await lab.create(PARTITIONS)
        await fill(lab, records)
        worker, _ = lab.worker(
            PLAIN,
            open_topics=frozenset({"in"}),
            batch_grown=BATCH_GROWN,
            redact=lambda _, value: cleaner.framed(CODEC, value),
        )
        task = asyncio.create_task(worker.run())
        await until(lambda: worker.parts[0].tally.dead, FIRST_S)
        first, began, cpu = worker.parts[0].tally.dead, time.monotonic(), time.process_time()
        while worker.parts[0].tally.dead < records:  # noqa: ASYNC110  # of a million, none is missed
            await asyncio.sleep(0.02)
        letters, seconds, cpu = records - first, time.monotonic() - began, time.process_time() - cpu
        await stopped(worker, task)
    return {"letters_per_s": round(letters / seconds), "cpu_us_each": round(cpu / letters * 1e6, 1)}


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    sys.stdout.write(json.dumps(asyncio.run(measure(chosen))) + "\n")
