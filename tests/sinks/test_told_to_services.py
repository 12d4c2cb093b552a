"""What services of others are told of an alert: in their words, at their address, under our name."""

import orjson
import pytest

from fairwatch.apps.embedded_mqtt import start_mqtt
from fairwatch.sinks.mqtt import MqttOptions, topic_of
from fairwatch.sinks.pagerduty import PagerdutyOptions
from fairwatch.sinks.text import headline
from tests.support.records import trigger
from tests.support.sink_servers import AROUND, AppriseServer, PagerDutyServer


async def told_of(alert):
    """Return what PagerDuty is told of an alert, and the path of the request."""
    server = PagerDutyServer()
    sink = server.open(await server.start(), 10.0)
    assert (await sink.send("d-0", alert)).reason == "ok"
    await sink.close()
    await server.stop()
    return orjson.loads(server.bodies[0]), server.paths[0]


async def test_an_incident_says_where_it_is_how_bad_since_when_and_whether_it_is_an_exercise():
    event, path = await told_of(trigger(site_id="harbour", device_name="Gate", severity="SEVERE", exercise=True))
    payload = event["payload"]
    assert (path, event["event_action"], event["client"]) == ("/v2/enqueue", "trigger", "Fairwatch")
    assert (payload["source"], payload["group"], payload["class"]) == ("Gate", "harbour", "tamper.scene_change")
    assert (payload["severity"], payload["timestamp"]) == ("error", "2026-01-01T00:00:00.000000Z")
    assert payload["custom_details"]["exercise"] is True
    assert payload["custom_details"]["text"].endswith("delivery d-0")


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("EXTREME", "critical"), ("SEVERE", "error"), ("MODERATE", "warning"), ("MINOR", "info"), (None, "info")],
)
async def test_pagerduty_is_told_how_bad_it_is_in_its_own_words(severity, theirs):
    event, _ = await told_of(trigger(severity=severity))
    assert event["payload"]["severity"] == theirs
    assert event["payload"]["custom_details"]["exercise"] is False


@pytest.mark.parametrize(
    ("alert", "source"),
    [
        ({"device_name": "Gate", "site_name": "Harbour"}, "Gate"),
        ({"site_name": "Harbour", "site_id": "h"}, "Harbour"),
        ({"site_id": "h"}, "h"),
        ({}, "fairwatch"),
    ],
)
async def test_an_incident_comes_from_the_nearest_place_that_has_a_name(alert, source):
    event, _ = await told_of(trigger(**alert))
    assert event["payload"]["source"] == source


def test_pagerduty_is_where_it_is_unless_somebody_says_otherwise():
    assert repr(PagerdutyOptions(routing_key_env="KEY").open(AROUND)) == "PagerDuty(https://events.pagerduty.com)"


@pytest.mark.parametrize(
    ("alert", "kind"),
    [
        ({"severity": "EXTREME"}, "failure"),
        ({"severity": "SEVERE"}, "failure"),
        ({"severity": "MODERATE"}, "warning"),
        ({"severity": "MINOR"}, "info"),
        ({"severity": "EXTREME", "state": "ENDED"}, "success"),
        ({"severity": "EXTREME", "state": "CANCELLED"}, "failure"),
    ],
)
async def test_a_chat_shows_how_bad_it_is_and_that_it_is_over(alert, kind):
    server = AppriseServer()
    sink = server.open(await server.start(), 10.0)
    assert (await sink.send("d-0", trigger(**alert))).reason == "ok"
    told = orjson.loads(server.bodies[0])
    assert (told["type"], told["title"]) == (kind, headline(trigger(**alert)))
    await sink.close()
    await server.stop()


@pytest.mark.parametrize(("password", "reason"), [("p%40ss", "ok"), ("p%2540ss", "auth_error"), ("", "auth_error")])
async def test_a_broker_is_told_user_and_password_as_they_are_meant_in_its_address(password, reason):
    async with start_mqtt({"the hub": "p@ss"}) as broker:
        url = f"mqtt://the%20hub:{password}@127.0.0.1:{broker.port}"
        sink = MqttOptions(url=url).open(AROUND)
        answer = await sink.send("d-0", trigger())
        assert (answer.reason, answer.retryable) == (reason, reason != "ok")
        await sink.close()


def test_a_level_of_a_topic_has_a_hundred_and_twenty_eight_characters_at_most():
    assert topic_of("s/{site_id}", {"site_id": "x" * 129}) == "s/" + "x" * 128
