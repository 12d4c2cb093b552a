"""One worker on the embedded broker: what it does with good, bad and awkward events."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio

from fairwatch.engine.worker import Worker
from fairwatch.stores.health import Health
from fairwatch.telemetry import metrics
from tests.support.engine_lab import CODEC, Lab, Probe, observation, stopped, until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="module")]


class Running:
    """A worker that all tests of this file share, each with keys of its own."""

    def __init__(self, lab: Lab, worker: Worker, probe: Probe) -> None:
        self.lab = lab
        self.worker = worker
        self.probe = probe

    async def answers(self, *numbers: str) -> dict[str, dict]:
        """Wait until all these observations came out and return them."""
        found: dict[str, dict] = {}

        async def there() -> bool:
            found.update({record["observation_id"]: record for record in await self.lab.outputs()})
            return found.keys() >= set(numbers)

        await until(there)
        return {number: found[number] for number in numbers}

    async def letter(self, key: str) -> dict:
        """Wait for the dead letter of that key and return it."""
        found: list[dict] = []

        async def there() -> bool:
            found[:] = [letter for letter in await self.lab.letters() if letter["key"] == key.encode()]
            return bool(found)

        await until(there)
        return found[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(lab_at: Callable[[str], Lab], valkey: str) -> AsyncIterator[Running]:
    lab = lab_at("worker-")
    await lab.create()
    await lab.send([("r1", observation("first")), ("r2", b"junk")], "ref")
    worker, probes = lab.worker(redis_url=valkey, instance="one", version="7", commit_interval_s=0.3)
    task = asyncio.create_task(worker.run())
    await until(lambda: worker.unready() is None)
    yield Running(lab, worker, probes[0])
    assert await stopped(worker, task) == 0
    assert probes[0].overlaps == 0


async def test_outputs_carry_cloud_event_headers_and_the_time_of_their_cause(running: Running) -> None:
    await running.lab.send([("headers", observation("h1"))])
    await running.answers("h1")
    record = next(record for record in await running.lab.read() if record.key == b"headers")
    cause = next(record for record in await running.lab.read("in") if record.key == b"headers")
    headers, sent = dict(record.headers), dict(cause.headers)
    assert headers["ce_id"] == f"in/{cause.partition}/{cause.offset}/0".encode()
    assert headers["ce_type"] == b"fairwatch.Observation"
    assert (headers["ce_recordedtime"], headers["traceparent"]) == (sent["ce_recordedtime"], b"00-a-b-01")
    assert headers.keys() >= {"ce_source", "ce_time", "ce_specversion", "ce_dataschema", "content-type"}


async def test_a_batch_tells_where_its_time_went(running: Running) -> None:
    await running.lab.send([("steps", observation("s1"))])
    await running.answers("s1")
    name = running.worker.spec.name

    def counted() -> set[str]:
        samples = [sample for family in metrics.STEP_SECONDS.collect() for sample in family.samples]
        mine = [sample for sample in samples if sample.labels["component"] == name]
        return {sample.labels["step"] for sample in mine if sample.name.endswith("_count") and sample.value > 0}

    await until(lambda: counted() >= {"waiting", "handling", "output"})
    assert counted() & {"state", "commit"}, "the one without transactions, the other with them"


async def test_poison_goes_to_the_dead_letters_and_good_events_pass(running: Running) -> None:
    poison = {
        "junk": b"junk",
        "empty": b"",
        "future": b"\xc3\x01" + b"\x01" * 30,
        "cut": CODEC.encode("Observation", observation("cut"))[:-3],
    }
    rows = [(f"good{n}", observation(f"good{n}")) for n in range(20)]
    rows[5:5] = list(poison.items())
    await running.lab.send(rows)
    await running.answers(*(f"good{n}" for n in range(20)))
    reasons = {key: (await running.letter(key))["reason"] for key in poison}
    assert reasons == {"junk": "malformed", "empty": "empty", "future": "unknown_schema", "cut": "malformed"}
    letter = await running.letter("junk")
    assert (letter["value"], letter["processor"], letter["version"], letter["topic"]) == (b"junk", "probe", "7", "in")


async def test_what_a_processor_rejects_or_trips_over_is_a_dead_letter_with_its_reason(running: Running) -> None:
    rows = [("rejected", observation("x1", "reject")), ("tripped", observation("x2", "boom"))]
    rows += [("strayed", observation("x3", "stray")), ("beside", observation("x4"))]
    await running.lab.send(rows)
    await running.answers("x4")
    rejected, tripped = await running.letter("rejected"), await running.letter("tripped")
    assert (rejected["reason"], rejected["field"]) == ("invalid_field", "device_id")
    assert (tripped["reason"], tripped["detail"]) == ("internal", "ZeroDivisionError in probe")
    assert (await running.letter("strayed"))["reason"] == "internal"


async def test_an_event_that_trips_leaves_no_state_behind(running: Running) -> None:
    await running.lab.send([("state", observation("s1")), ("state", observation("s2", "boom"))])
    await running.lab.send([("state", observation("s3"))])
    assert (await running.answers("s3"))["s3"]["extensions"]["count"] == "2"


async def test_an_output_that_is_refused_becomes_a_dead_letter_and_no_endless_loop(running: Running) -> None:
    running.worker._writer._record_max = 2 << 20
    await running.lab.send([("huge", observation("huge1", "huge")), ("huge", observation("huge2"))])
    await running.answers("huge2")
    assert (await running.letter("huge"))["reason"] == "too_large"


async def test_a_value_of_a_mebibyte_passes(running: Running) -> None:
    await running.lab.send([("big", {**observation("big"), "event_type": "other", "retention_class": "x" * (1 << 20)})])
    assert len((await running.answers("big"))["big"]["retention_class"]) == 1 << 20


async def test_a_batch_that_may_succeed_later_is_tried_again_without_repeating_state(running: Running) -> None:
    await running.lab.send([("retry", observation("t0")), ("retry", observation("t1", "retry"))])
    answers = await running.answers("t0", "t1")
    assert (answers["t0"]["extensions"]["count"], answers["t1"]["extensions"]["count"]) == ("1", "2")


async def test_skips_are_counted_by_reason(running: Running) -> None:
    before = running.worker.parts[0].tally.skipped["uninteresting"]
    await running.lab.send([("skip", observation("k1", "skip"))])
    await until(lambda: running.worker.parts[0].tally.skipped["uninteresting"] == before + 1)


async def test_ticks_emit_and_keep_state(running: Running) -> None:
    await running.lab.send([("alarm", observation("a1", "wake"))])
    await running.answers("tick-alarm")
    await asyncio.sleep(0.5)  # two more ticks would have repeated it
    assert [record["observation_id"] for record in await running.lab.outputs()].count("tick-alarm") == 1


async def test_references_are_followed(running: Running) -> None:
    await running.lab.send([("ref", observation("f1"))])
    assert (await running.answers("f1"))["f1"]["extensions"]["known"] == "first"
    await running.lab.send([("r1", observation("second"))], "ref")
    await until(lambda: running.worker._references["ref"].get("r1")["observation_id"] == "second")
    await running.lab.send([("r1", observation("first"))], "ref")
    await until(lambda: running.worker._references["ref"].get("r1")["observation_id"] == "first")


async def test_health_metrics_and_heartbeat(running: Running, valkey: str) -> None:
    await running.lab.send([("health", observation("m1"))])
    await running.answers("m1")
    async with aiohttp.ClientSession(f"http://127.0.0.1:{running.worker.port}") as web:
        assert [(await web.get(path)).status for path in ("/live", "/ready")] == [200, 200]
        text = await (await web.get("/metrics")).text()
    assert 'fairwatch_events_received_total{component="probe"}' in text
    health = Health(valkey)
    beats: list[dict] = []

    async def beating() -> bool:
        beats[:] = [beat for beat in await health.read_all() if beat["instance"] == "one"]
        return bool(beats) and beats[0]["emitted"] > 0

    await until(beating)
    await health.close()
    assert beats[0]["ready"]
    assert beats[0].keys() >= {"component", "received", "dead", "skipped", "lag", "p50_ms", "p99_ms", "at"}


async def test_everything_handled_is_committed(running: Running) -> None:
    await running.lab.send([("commit", observation("c1"))])
    await running.answers("c1")
    consumer = running.worker._app.batches
    await until(lambda: consumer.next_commit and not any(consumer._filter_tps_with_pending_acks()))
    assert all(consumer.committed[tp] == offset for tp, offset in consumer.next_commit.items())


async def test_redis_away_is_no_trouble() -> None:
    health = Health("redis://127.0.0.1:1/0")
    assert not await health.heartbeat("probe", "one", {})
    assert await health.read_all() == []
    await health.close()
