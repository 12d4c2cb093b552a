"""The heartbeat of a gateway."""

import asyncio
from contextlib import suppress
from typing import Any

from prometheus_client import Counter
from prometheus_client.samples import Sample

from fairwatch.domain.clock import SystemClock
from fairwatch.stores.health import Health
from fairwatch.telemetry import metrics
from fairwatch.telemetry.probes import Unready

BEAT_S = 2.0


async def beat_until(stop: asyncio.Event, redis_url: str, instance: str, component: str, unready: Unready) -> None:
    """Send a heartbeat every two seconds until `stop`; without Redis nothing else changes."""
    health = Health(redis_url)
    try:
        while not stop.is_set():
            await health.heartbeat(component, instance, stats(component, ready=await unready() is None))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_S)
    finally:
        await health.close()


def stats(component: str, *, ready: bool) -> dict[str, Any]:
    """Return what a heartbeat says of a gateway since it started."""
    refused = [sample for sample in _samples(metrics.GATEWAY_REFUSED) if sample.labels["component"] == component]
    return {
        "ready": ready,
        "received": _total(metrics.RECEIVED, component),
        "emitted": _total(metrics.EMITTED, component),
        "unrepeatable": _total(metrics.GATEWAY_UNREPEATABLE, component),
        "dead": 0,
        "skipped": {sample.labels["reason"]: int(sample.value) for sample in refused},
        "lag": 0,
        "p50_ms": 0.0,
        "p99_ms": 0.0,
        "at": SystemClock().now(),
    }


def _total(counter: Counter, component: str) -> int:
    return sum(int(sample.value) for sample in _samples(counter) if sample.labels["component"] == component)


def _samples(counter: Counter) -> list[Sample]:
    found = [sample for metric in counter.collect() for sample in metric.samples]
    return [sample for sample in found if sample.name.endswith("_total")]
