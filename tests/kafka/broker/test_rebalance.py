"""Workers join and leave under load, half of it one device's: nothing lost or handled twice, order kept; the pauses."""

import statistics

import pytest
from structlog.testing import capture_logs

from tests.engine.test_recovery import working
from tests.support.engine_lab import PLAIN, SPEC, Lab, until
from tests.support.load import DEVICES, handled, load, outcome

TIMES = 5
PARTITIONS = 8


@pytest.mark.parametrize("spec", [PLAIN, SPEC], ids=["stateless", "stateful"])
async def test_workers_that_join_and_leave_cost_no_event_and_repeat_none(lab: Lab, spec, record_property) -> None:
    await lab.create(PARTITIONS)
    everybody = []
    with capture_logs() as logs:
        async with working(lab, spec) as (_, first), working(lab, spec) as (_, second):
            everybody += [first, second]
            async with load(lab, every_s=0.04, hot=DEVICES) as sending:
                for _ in range(TIMES):
                    async with working(lab, spec) as (_, guest):
                        everybody.append(guest)
                        await until(lambda guest=guest: len(guest[0].handled) > 100)
                    before = len(first[0].handled)
                    await until(lambda before=before: len(first[0].handled) > before + 200)
            found = await outcome(lab, sending.sent)
    pauses = [line["paused_s"] for line in logs if line["event"] == "worker.ready" and line["paused_s"]]
    record_property(
        f"rebalances, {spec.name}, {TIMES} workers joined two and left again, {len(sending.sent)} events",
        f"each stood still {statistics.median(pauses):.2f} s (median of {len(pauses)}), {max(pauses):.2f} s at most; "
        f"longest gap of a partition {found.longest_gap_s:.2f} s",
    )
    assert (found.lost, found.doubled, found.disordered) == (set(), {}, set())
    counts = handled(probe for probes in everybody for probe in probes)
    assert {name for name, times in counts.items() if times > 1} == set()
    assert len(pauses) >= 2 * TIMES
    assert max(pauses) < 5.0
    if spec.state:
        wrong = [
            output["observation_id"]
            for output in await lab.outputs()
            if int(output["extensions"]["count"]) != int(output["observation_id"].partition("-")[2]) + 1
        ]
        assert wrong == [], "each event was counted once, wherever the state of its device was"
