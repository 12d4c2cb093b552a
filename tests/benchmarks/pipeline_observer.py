"""Watches the topics between the processors, as a process of its own: when each event became readable where.

`python -m tests.benchmarks.pipeline_observer HOST:PORT FILE` prints `ready`, reads (committed records only) until it
gets SIGTERM, and writes JSON: by topic and `ce_recordedtime` when a reader saw the record and when its processor had
made it, both in seconds since 1970; and by `ce_recordedtime` what the alert was about.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

from fairwatch.wire.avro import Codec
from fairwatch.wire.headers import RECORDED, from_kafka

TOPICS = ("raw-events", "observations", "sightings", "candidates", "verdicts", "alert-triggers", "alerts")
POLL_MS = 200


async def watch(bootstrap: str, wait_ms: int) -> dict[str, Any]:
    """Read until told to stop; return what was seen."""
    stop, codec = asyncio.Event(), Codec()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    seen: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    alerts: dict[str, dict[str, Any]] = {}
    consumer = AIOKafkaConsumer(
        *TOPICS, bootstrap_servers=bootstrap, isolation_level="read_committed", fetch_max_wait_ms=wait_ms
    )
    async with consumer:
        await consumer.seek_to_end()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not stop.is_set():
            for place, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                now = time.time()
                for record in records:
                    headers = from_kafka(record.headers)
                    recorded = headers.get(RECORDED, b"").decode()
                    made = datetime.fromisoformat(headers["ce_time"].decode()).timestamp()
                    seen[place.topic].setdefault(recorded, (now, made))
                    if place.topic == "alerts" and record.value is not None:
                        alert = codec.decode(record.value, "Alert")[1]
                        alerts.setdefault(recorded, {name: alert[name] for name in ("entry_id", "group")})
    return {"topics": seen, "alerts": alerts}


def main() -> None:
    """Watch and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("file", type=Path)
    parser.add_argument("--wait-ms", type=int, default=500, help="how long the broker may keep an empty fetch")
    given = parser.parse_args()
    given.file.write_text(json.dumps(asyncio.run(watch(given.bootstrap, given.wait_ms))), encoding="utf-8")


if __name__ == "__main__":
    main()
