"""The control room of a chaos run, over HTTP as the hub reaches it."""

import json
from datetime import UTC, datetime

import aiohttp
from standardwebhooks import Webhook

from tests.chaos.sink import Sink

SECRET = "whsec_" + "A" * 32
ALERT = {
    "alert_id": "a-1",
    "revision": 0,
    "state": "NEW",
    "count": 1,
    "rule": "tamper",
    "group": "g-1",
    "entry_id": None,
}


async def delivered(address: str, alert: dict[str, object], secret: str = SECRET) -> int:
    """Post an alert as the webhook sink does; return the status of the answer."""
    body, at = json.dumps(alert), datetime.now(UTC)
    headers = {
        "webhook-id": "w-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("w-1", at, body),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/room", data=body, headers=headers) as answer,
    ):
        return answer.status


async def test_an_alert_is_taken_once_with_its_receiver_and_a_forged_one_is_not() -> None:
    sink = Sink(SECRET)
    address = await sink.start()
    try:
        assert await delivered(address, ALERT) == 204
        assert await delivered(address, ALERT, secret="whsec_" + "B" * 32) == 401
    finally:
        await sink.stop()
    assert [(request.receiver, request.alert_id, request.webhook_id) for request in sink.requests] == [
        ("room", "a-1", "w-1")
    ]
    assert sink.forged == 1


async def test_a_sink_that_is_broken_says_so_and_takes_the_alert_when_it_is_well_again() -> None:
    sink = Sink(SECRET)
    address = await sink.start()
    try:
        await sink.be("broken")
        assert await delivered(address, ALERT) == 500
        await sink.be("well")
        assert await delivered(address, ALERT) == 204
    finally:
        await sink.stop()
    assert (sink.refused, len(sink.requests)) == (1, 1)
