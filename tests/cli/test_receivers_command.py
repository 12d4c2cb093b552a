"""`fairwatch receivers` and `fairwatch alerts deliveries`: does somebody take alerts, and who was told of one."""

import asyncio
import json
import threading

import pytest
import yaml
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.reports import report
from fairwatch.sinks.sink import Answer
from fairwatch.wire.producer import Producer
from tests.support.records import AT, trigger
from tests.support.sink_servers import SECRET, PagerDutyServer, WebhookServer


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Give a function that runs the command with a configuration of its own."""
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    settings_module.settings.cache_clear()

    def command(*arguments):
        result = CliRunner().invoke(build(list(arguments)), list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    yield command
    settings_module.settings.cache_clear()


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Give two servers in a loop of their own, and the file that names them."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers = {"room": WebhookServer(), "duty": PagerDutyServer()}
    ports = {
        name: asyncio.run_coroutine_threadsafe(server.start(), loop).result(10) for name, server in servers.items()
    }
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("KEY", "k")
    monkeypatch.delenv("NOT_SET", raising=False)
    room = {"url": f"http://127.0.0.1:{ports['room']}/in", "secret_env": "SECRET"}
    receivers = [
        {"name": "room", "webhook": room, "fallback": "duty", "give_up_after": "15m"},
        {"name": "duty", "pagerduty": {"url": f"http://127.0.0.1:{ports['duty']}", "routing_key_env": "KEY"}},
        {"name": "other", "webhook": {**room, "secret_env": "NOT_SET"}},
    ]
    (tmp_path / "receivers.yaml").write_text(yaml.safe_dump({"receivers": receivers}))
    yield servers
    for server in servers.values():
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_receiver_is_sent_a_message_that_says_it_is_a_test_and_its_end(run, served):
    result = run("receivers", "test", "room")
    assert result.exit_code == 0, result.output
    assert [line.split(", after")[0] for line in result.output.splitlines()] == [
        "room (webhook) NEW: ok, status 200",
        "room (webhook) ENDED: ok, status 200",
    ]
    told = [json.loads(body) for body in served["room"].bodies]
    assert [(alert["state"], alert["exercise"]) for alert in told] == [("NEW", True), ("ENDED", True)]
    assert len({alert["alert_id"] for alert in told}) == 1


def test_a_test_leaves_no_incident_open(run, served):
    assert run("receivers", "test", "duty").exit_code == 0
    events = [json.loads(body) for body in served["duty"].bodies]
    assert [event["event_action"] for event in events] == ["trigger", "resolve"]
    assert events[0]["payload"]["summary"] == "TEST: Test of receiver duty"


def test_what_a_receiver_answers_is_said(run, served):
    served["room"].status = 404
    result = run("receivers", "test", "room")
    assert result.exit_code == 1
    assert "room (webhook) NEW: not_found, status 404, worth trying again" in result.output


def test_an_unknown_receiver_and_a_missing_secret_are_named(run, served):
    with pytest.raises(ConfigurationError, match="no receiver 'nobody'; there are: room, duty, other"):
        run("receivers", "test", "nobody")
    with pytest.raises(ConfigurationError, match=r"'other': webhook.secret: set NOT_SET"):
        run("receivers", "test", "other")


def test_receivers_are_listed_without_their_secrets(run, served):
    lines = run("receivers", "list").output.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["room", "webhook"],
        ["duty", "pagerduty"],
        ["other", "webhook"],
    ]
    assert "0:15:00" in lines[1]


@pytest.mark.broker
def test_every_attempt_at_the_deliveries_of_an_alert_is_shown(run, broker, make_topics, topic_prefix, monkeypatch):
    make_topics("deliveries")
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    settings_module.settings.cache_clear()
    alert, other = trigger(n=1), trigger(n=2)
    away = Answer("server_error", retryable=True, status=503)
    said = [
        *report(alert, "d", "room", "webhook", away, AT, state="RETRYING", next_attempt_at=AT + 1_000_000),
        *report(alert, "d", "room", "webhook", Answer("ok", status=204), AT + 1_000_000, state="DELIVERED", attempt=2),
        *report(other, "e", "room", "webhook", Answer("ok"), AT, state="DELIVERED"),
    ]

    async def write():
        async with Producer(broker, topic_prefix=topic_prefix) as producer:
            for emit in said:
                if emit.topic == "deliveries":
                    await producer.publish("deliveries", emit.key, emit.record)

    asyncio.run(write())
    result = run("alerts", "deliveries", alert["alert_id"])
    assert result.exit_code == 0
    assert [line.split()[1:] for line in result.output.splitlines()[1:]] == [
        ["room", "webhook", "0", "1", "RETRYING", "server_error", "(503)", "2026-01-01T00:00:01"],
        ["room", "webhook", "0", "2", "DELIVERED", "ok", "(204)"],
    ]
    assert len(run("alerts", "deliveries", alert["alert_id"], "--json").output.splitlines()) == 2
    unknown = run("alerts", "deliveries", "nothing")
    assert (unknown.exit_code, unknown.output.strip()) == (1, "no delivery of nothing is known")
