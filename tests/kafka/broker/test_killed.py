"""A worker that is killed and started again under its name works at once; the end of its session is not waited for."""

import asyncio
import os
import time

from tests.engine.test_recovery import ROOT, numbered, working
from tests.support.engine_lab import PLAIN, Lab, until

SESSION_S = 40.0
WITHIN_S = 15.0


async def test_a_killed_worker_that_is_started_again_does_not_wait_for_the_end_of_its_session(
    lab: Lab, record_property
) -> None:
    await lab.create()
    options = {"session_timeout_s": SESSION_S, "instance": "probe-1", "version": "1"}
    victim = await asyncio.create_subprocess_exec(
        *lab.plain_program(**options),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "services"), str(ROOT)])},
    )
    await lab.send(numbered(0, 20))

    async def outputs(count: int) -> bool:
        return len(await lab.outputs()) == count

    await until(lambda: outputs(20))
    victim.kill()
    await victim.wait()
    await lab.send(numbered(20, 20))
    began = time.monotonic()
    async with working(lab, PLAIN, **options) as (_, probes):
        await until(lambda: len(probes[0].handled) == 20)
        took = time.monotonic() - began
    record_property("a worker of a killed one's name", f"handled its events after {took:.2f} s")
    assert took < WITHIN_S
    assert await outputs(40)
