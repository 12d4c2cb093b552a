"""`fairwatch silences` on the embedded broker: added, seen, agreed to, ended, and what they would have held back."""

import asyncio
import json
import time

import pytest
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.reading import read_topic
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.producer import Producer
from tests.support.records import trigger

PERSON = "  - {{name: {}, display_name: {}, roles: [operator], password_hash: '{}'}}\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    settings_module.settings.cache_clear()

    def call(*arguments):
        result = CliRunner().invoke(build(["silences"]), ["silences", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    yield call
    settings_module.settings.cache_clear()


BO = ("--as", "bo", "--role", "operator", "--reason", "works")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (('rule="dark"', *BO), "either --for or --until"),
        (('rule="dark"', *BO, "--for", "soon"), "--for"),
        (('rule="dark"', *BO, "--until", "2030-01-01T00:00"), "with its zone"),
        (('rule="dark"', *BO, "--until", "2020-01-01T00:00Z"), "ends_before_start"),
        (('rule="dark"', *BO, "--for", "13h"), "too_long: role 'operator' may silence for 12 h at most"),
        (("rule", *BO, "--for", "1h"), "broken_matcher"),
        ((*BO, "--for", "1h"), "no_matcher"),
        (('rule="dark"', "--as", "bo", "--role", "operator", "--for", "1h"), "no_reason"),
        (('rule="dark"', "--role", "operator", "--reason", "x", "--for", "1h"), "no_author"),
        (('rule="dark"', "--as", "bo", "--reason", "x", "--for", "1h"), "unknown_role"),
    ],
)
def test_a_silence_that_may_not_be_is_refused_by_name_before_anything_is_written(run, arguments, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        run("add", *arguments)


def test_somebody_whom_nobody_knows_silences_nothing(run, tmp_path):
    from fairwatch.console.people import hash_password  # noqa: PLC0415  slow

    (tmp_path / "people.yaml").write_text("people:\n" + PERSON.format("ann", "Ann", hash_password("a long password")))
    with pytest.raises(ConfigurationError, match="knows nobody of the name 'bo'"):
        run("add", 'rule="dark"', "--as", "bo", "--reason", "x", "--for", "1h")


@pytest.mark.broker
def test_the_life_of_a_silence(run, broker, topic_prefix, monkeypatch):
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("FAIRWATCH_MAX_PARTITIONS", "1")
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    settings_module.settings.cache_clear()
    CliRunner().invoke(build(["topics"]), ["topics", "apply"])

    typed = ("add", 'rule="tamper"', "--as", "bo", "--role", "operator", "--reason", "Uyghur visitors", "--for", "2h")
    with pytest.raises(ConfigurationError, match="reason speaks of 'uyghur'"):
        run(*typed)
    assert run("list", "--json").stdout == ""
    silence_id = run(*typed, "--because", "it quotes the order").stdout.strip()
    with pytest.raises(ConfigurationError, match="approved_by_author"):
        run("approve", silence_id[:8], "--as", "bo")
    run("approve", silence_id[:8], "--as", "ann")
    [listed] = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert (listed["silence_id"], listed["role"], listed["approved_by"]) == (silence_id, "operator", ["ann"])

    now = time.time_ns() // 1000

    async def told():
        async with Producer(broker, topic_prefix=topic_prefix) as producer:
            for name, at in (("a", now), ("old", now - 2 * 86_400_000_000)):
                alert = trigger(alert_id=name, issued_at=at, severity="EXTREME")
                await producer.publish("alerts", alert["group"], alert)

    asyncio.run(told())
    assert "1 of 1 messages of the last day held back, 1 alerts" in run("preview", "--silence", silence_id).stdout
    loud = run("preview", 'rule="tamper"').stdout
    assert "0 of 1 messages" in loud
    assert "1 EXTREME alerts told all the same" in loud

    run("expire", silence_id, "--as", "bo")
    assert run("list", "--json").stdout == ""
    assert "ended" in run("list", "--all").stdout
    with pytest.raises(ConfigurationError, match="has ended already"):
        run("expire", silence_id, "--as", "bo")
    found = [record["action"] for _, _, record in read_topic(settings_module.settings(), "audit")]
    audited = [action for action in found if action != "topics.applied"]
    assert sorted(audited) == ["silence.added", "silence.approved", "silence.expired", "word.registered"]
