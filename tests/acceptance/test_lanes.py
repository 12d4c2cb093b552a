"""A receiver that is well is told at once while all others are in trouble; one that is back hears the worst first.

The bars, 200 ms at the 99th percentile and 1,000 a second, are judged by `make bench BENCH_ARGS="--only lanes"`.
"""

import pytest

from tests.benchmarks.lanes import EXTREME, lanes

pytestmark = pytest.mark.broker
WAITING, PROBES = 1_000, 16  # alerts; those that find out that it is back, or were on their way beside


async def test_nobody_waits_for_a_receiver_in_trouble_and_who_is_back_hears_the_worst_first(
    broker, topic_prefix, tmp_path
):
    async with lanes(broker, tmp_path, embedded=True, prefix=topic_prefix) as running:
        steady = await running.steady(seconds=4, rate=50)
        assert steady["p50_ms"] < 200
        assert steady["p99_ms"] < 1_500, "others take five seconds and more"
        backlog = await running.backlog(WAITING)
        assert backlog["requests"] < WAITING + PROBES, "what was superseded is not told"
        assert backlog["last_extreme"] <= EXTREME + PROBES
