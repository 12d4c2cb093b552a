"""The fault point ends a process between two writes, and only when it is set; no worker outlives the run."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from tests.chaos.entry import tell

CHILD = """
import os, sys, time
from tests.chaos.entry import end_with
end_with(int(sys.argv[1]))
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1], str(os.getpid())], start_new_session=True)
"""
PROGRAM = """
import asyncio, sys
from pathlib import Path
from aiokafka import AIOKafkaProducer
from tests.chaos.entry import arm

async def main():
    arm(Path(sys.argv[1]))
    producer = AIOKafkaProducer(bootstrap_servers=sys.argv[2])
    async with producer:
        for topic in sys.argv[3:]:
            batch = producer.create_batch()
            batch.append(key=None, value=b"x", timestamp=None)
            await (await producer.send_batch(batch, topic, partition=0))
            print(topic, flush=True)
            await asyncio.sleep(0.2)

asyncio.run(main())
"""


async def _run(trip: Path, broker: str, *topics: str) -> tuple[int | None, list[str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(trip), broker, *topics, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, output.decode().split()


@pytest.fixture
def pair(broker: str, make_topics) -> list[str]:
    """Make a topic and a state topic; return their names."""
    prefix = make_topics("alerts")
    state = f"{prefix}fairwatch-group-state"
    with closing(KafkaAdminClient(bootstrap_servers=broker)) as admin:
        admin.create_topics([NewTopic(state, 1, 1)])
    return [f"{prefix}alerts", state]


@pytest.mark.broker
@pytest.mark.parametrize(("after", "said"), [("output", 0), ("state", 1)])
async def test_a_process_ends_after_the_write_that_is_named(after, said, broker, pair, tmp_path):
    trip = tmp_path / "group.trip"
    trip.write_text(after)
    assert await _run(trip, broker, *pair) == (-signal.SIGKILL, pair[:said])
    assert not trip.exists()


@pytest.mark.broker
async def test_nothing_ends_while_no_fault_is_set(broker, pair, tmp_path):
    assert await _run(tmp_path / "group.trip", broker, *pair) == (0, pair)


async def test_a_worker_ends_with_the_run_that_started_it_also_when_that_gets_sigkill():
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, CHILD, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(await asyncio.wait_for(parent.stdout.readline(), 30)))
    parent.kill()
    await parent.wait()
    await asyncio.to_thread(psutil.wait_procs, [child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


async def test_a_worker_does_not_begin_when_the_run_that_started_it_has_ended():
    gone = os.getpid() + 1  # anybody but us
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, str(gone), stdout=subprocess.PIPE)
    said, _ = await asyncio.wait_for(child.communicate(), 30)
    assert (child.returncode, said) == (-signal.SIGKILL, b"")


async def test_a_process_says_where_its_tasks_stand(capfd):
    async def waits_for_good() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(waits_for_good())
    await asyncio.sleep(0)
    tell()
    task.cancel()
    assert "in waits_for_good" in capfd.readouterr().err
