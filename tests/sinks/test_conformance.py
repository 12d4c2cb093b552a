"""What every sink keeps to, whatever its protocol, against a real server that misbehaves in all ways there are."""

import asyncio

import pytest

from fairwatch.apps.embedded import free_port
from tests.sinks.conftest import KINDS
from tests.support.records import trigger

SHORT, ALLOWED = 0.4, 2.0  # seconds: a time-out, and how long a sink may take to keep it on a machine that is busy
AWAY = {"timeout", "unreachable", "tls_error", "server_error"}
BOUND = 8 << 20  # bytes of an answer that may be taken before a sink hangs up: what lies in the system's buffers
BY_TIME = {"apprise", "kafka"}  # their libraries read on: they are bounded by the time-out alone
every_kind = pytest.mark.parametrize("kind", KINDS)

# A broker's first answer to a client of ours may come late, not its second one.
pytestmark = pytest.mark.broker


def revision(n, **fields):
    return f"life-{n}", trigger(revision=n, **fields)


async def tell(sink, n, **fields):
    return await sink.send(*revision(n, **fields))


async def until_taken(sink, n):
    """Send again, as a lane does, until it is taken."""
    for _ in range(40):
        answer = await tell(sink, n)
        if answer.reason == "ok":
            return
        assert answer.retryable, answer
    raise AssertionError(answer)


async def timed(sending):
    """Return an answer; fail where it takes longer than a time-out may."""
    async with asyncio.timeout(SHORT + ALLOWED):
        return await sending


@every_kind
async def test_alerts_arrive_in_order_each_with_its_own_id_however_often_it_is_sent(bench, kind):
    async with bench(kind) as place:
        sink = place.open()
        for n in (0, 1, 2, 2, 3):
            answer = await tell(sink, n)
            assert (answer.reason, answer.retryable) == ("ok", False)
        told = await place.server.got(5)
        assert told == [("life-0", 0), ("life-1", 1), ("life-2", 2), ("life-2", 2), ("life-3", 3)]
        assert sink.kind == kind


@every_kind
async def test_what_goes_side_by_side_arrives_and_what_was_closed_leaves_no_connection(bench, kind):
    async with bench(kind) as place:
        sink = place.open()
        answers = await asyncio.gather(*(tell(sink, n) for n in range(8)))
        assert {answer.reason for answer in answers} == {"ok"}
        assert {n for _, n in await place.server.got(8)} == set(range(8))
        await place.close()
        async with asyncio.timeout(ALLOWED):
            await place.wire.is_quiet()


@every_kind
async def test_nobody_there_is_tried_again(bench, kind):
    async with bench(kind) as place:
        answer = await timed(tell(place.open(SHORT, port=free_port()), 0))
        assert answer.retryable
        assert answer.reason in AWAY


@every_kind
async def test_who_never_answers_costs_a_time_out_and_is_told_when_it_is_back(bench, kind):
    async with bench(kind) as place:
        sink = place.open(SHORT)
        place.wire.silent = True
        answer = await timed(tell(sink, 0))
        assert answer.retryable
        assert answer.reason in AWAY
        place.wire.silent = False
        await until_taken(sink, 1)


@every_kind
async def test_who_answers_too_late_is_asked_again_under_the_same_id(bench, kind):
    async with bench(kind) as place:
        sink = place.open(SHORT)
        await until_taken(sink, 0)
        place.wire.late_s = SHORT * 2
        assert (await timed(tell(sink, 1))).retryable
        place.wire.late_s = 0.0
        await until_taken(sink, 1)
        told = await place.server.got(2)
        assert {one for one, _ in told} == {"life-0", "life-1"}
        assert [n for _, n in told] == sorted(n for _, n in told)


@every_kind
async def test_who_is_slow_is_told(bench, kind):
    async with bench(kind) as place:
        place.wire.late_s = 0.02
        assert (await tell(place.open(), 0)).reason == "ok"
        assert await place.server.got(1) == [("life-0", 0)]


@every_kind
async def test_a_connection_that_breaks_in_the_middle_is_made_again(bench, kind):
    async with bench(kind) as place:
        sink = place.open(SHORT)
        place.wire.cut_after = 60
        answer = await timed(tell(sink, 0))
        assert answer.retryable
        assert answer.reason in AWAY
        place.wire.cut_after = None
        await until_taken(sink, 0)
        assert {one for one, _ in await place.server.got(1)} == {"life-0"}


@every_kind
async def test_an_answer_of_100_mb_is_not_read(bench, kind):
    async with bench(kind) as place:
        place.wire.floods = True
        answer = await timed(tell(place.open(SHORT), 0))
        assert answer.retryable
        assert answer.reason in AWAY
        if kind not in BY_TIME:
            assert place.wire.flooded < BOUND


@every_kind
async def test_a_message_of_two_megabytes_is_taken_or_refused_and_the_next_one_is_told(bench, kind):
    async with bench(kind) as place:
        sink = place.open()
        answer = await tell(sink, 0, description="x" * 2_000_000)
        assert answer.reason in {"ok", "client_error"}
        assert not answer.retryable
        assert (await tell(sink, 1)).reason == "ok"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "apprise"])
async def test_a_certificate_that_ended_today_stops_the_alert_and_can_be_renewed(bench, kind, certificates):
    async with bench(kind, tls=certificates["ended"]) as place:
        answer = await tell(place.open(2.0, certificates["ended"]), 0)
        assert answer.retryable
        assert answer.reason == "tls_error"


@pytest.mark.parametrize("kind", ["webhook", "pagerduty", "email", "mqtt"])
async def test_a_certificate_that_ends_later_today_is_good_until_then(bench, kind, certificates):
    async with bench(kind, tls=certificates["ends"]) as place:
        assert (await tell(place.open(10.0, certificates["ends"]), 0)).reason == "ok"
        assert await place.server.got(1) == [("life-0", 0)]


@pytest.mark.parametrize("kind", ["webhook", "pagerduty"])
async def test_a_redirect_to_itself_is_one_request_and_tried_again_later(bench, kind):
    async with bench(kind) as place:
        place.server.status, place.server.location = 307, "/in"
        answer = await timed(tell(place.open(SHORT), 0))
        assert (answer.reason, answer.retryable, len(place.server.bodies)) == ("redirect", True, 1)


@pytest.mark.parametrize("kind", ["webhook", "pagerduty", "apprise"])
async def test_a_good_answer_with_a_body_of_megabytes_is_a_good_answer(bench, kind):
    async with bench(kind) as place:
        place.server.body = b"x" * 5_000_000
        assert (await tell(place.open(), 0)).reason == "ok"


@pytest.mark.parametrize("kind", ["webhook", "pagerduty", "apprise"])
@pytest.mark.parametrize("status", [404, 409, 429, 500])
async def test_what_somebody_puts_right_is_tried_again(bench, kind, status):
    async with bench(kind) as place:
        place.server.status = status
        answer = await tell(place.open(), 0)
        assert (answer.retryable, answer.reason == "ok") == (True, False)
