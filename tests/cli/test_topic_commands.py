"""topics, publish, tail and dlq on the embedded broker."""

import asyncio
import base64
import json

import pytest
from aiokafka import AIOKafkaConsumer
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.messages import read
from fairwatch.apps.probe import probe
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError, RejectedError, RetryableError
from fairwatch.parts import of_kind, spec_of
from fairwatch.wire.avro import Codec
from fairwatch.wire.dead_letter import Raw, dead_letter
from fairwatch.wire.producer import Producer
from fairwatch.wire.schemas import FOLDER
from fairwatch.wire.topics import topics
from tests.support.broken_batches import BROKEN, write

NOW = 1_767_225_600_000_000
EXAMPLES = FOLDER / "examples"


@pytest.fixture
def fairwatch(broker, topic_prefix, monkeypatch):
    """Give a function that runs the command against the test's own topics."""
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("FAIRWATCH_MAX_PARTITIONS", "2")
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    monkeypatch.setenv("COLUMNS", "200")
    settings_module.settings.cache_clear()

    def run(*arguments, stdin=None):
        chosen = [str(argument) for argument in arguments]
        result = CliRunner().invoke(build(chosen), chosen, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        result.lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        return result

    yield run
    settings_module.settings.cache_clear()


def letter(number, value, topic="observations"):
    raw = Raw(topic, 0, number, b"cam-1", value, {"ce_id": b"7", "traceparent": b"00-1"})
    error = RejectedError("malformed", "it is broken")
    return dead_letter(raw, error, processor="enrich", version="0.1.0", at=NOW + number)


def write_letters(broker, prefix, *chosen):
    async def write():
        async with Producer(broker, topic_prefix=prefix) as producer:
            for one in chosen:
                await producer.publish(f"{one['topic']}-dlq", "cam-1", one)

    asyncio.run(write())


def test_show_needs_no_broker_and_tells_everything(monkeypatch):
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    result = CliRunner().invoke(build(["topics"]), ["topics", "show", "--json"])
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert {topic["name"] for topic in shown} == set(topics())
    assert CliRunner().invoke(build(["topics"]), ["topics", "show"]).exit_code == 0


@pytest.mark.broker
def test_apply_shows_the_difference_and_a_second_time_changes_nothing(fairwatch):
    planned = fairwatch("topics", "apply", "--dry-run", "--json")
    assert planned.exit_code == 2
    assert len(planned.lines) == len(topics())
    assert {change["action"] for change in planned.lines} == {"create"}
    applied = fairwatch("topics", "apply", "--json")
    assert (applied.exit_code, len(applied.lines)) == (0, len(topics()))
    again = fairwatch("topics", "apply", "--json")
    assert (again.exit_code, again.lines) == (0, [])


@pytest.mark.broker
def test_partitions_of_keyed_topics_are_left_to_people(fairwatch, make_topics, topic_prefix, monkeypatch):
    make_topics(partitions=2)
    monkeypatch.setenv("FAIRWATCH_MAX_PARTITIONS", "3")
    settings_module.settings.cache_clear()
    result = fairwatch("topics", "apply", "--dry-run", "--json")
    assert result.exit_code == 2
    assert {(change["before"], change["after"]) for change in result.lines} == {("2", "3")}
    left = {change["resource"].removeprefix(topic_prefix): change for change in result.lines if change["advice"]}
    states = {topic for name in of_kind("processor") if (spec := spec_of(name)).state for topic in spec.reads}
    assert states >= {"observations", "candidates", "verifications", "alert-triggers", "alerts", "audit"}
    keyed = {topic.name for topic in topics().values() if "compact" in topic.cleanup and topic.partitions > 1}
    assert left.keys() == states | keyed
    assert {change["action"] for change in left.values()} == {"by hand"}
    assert "the state of enrich behind: --move-keys" in left["observations"]["advice"]
    assert {change["action"] for change in result.lines if not change["advice"]} == {"add"}
    told = fairwatch("topics", "apply", "--dry-run", "--json", "--move-keys")
    assert {change["action"] for change in told.lines} == {"add"}


def test_rights_are_shown_without_a_broker(monkeypatch):
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(build(["topics"]), ["topics", "show", "--rights", "--json"])
    rows = {row["component"]: row for row in map(json.loads, result.stdout.splitlines())}
    touched = {right["name"] for right in rows["notify"]["rights"] if right["kind"] == "topic"}
    asked = set(spec_of("notify").references)
    assert asked >= {"authorisations", "watchlist-entries", "sites"}
    read = {*spec_of("notify").reads, *asked}
    assert touched == {*read, *spec_of("notify").writes, "fairwatch-notify-state", *(f"{name}-dlq" for name in read)}
    both = {"producer_byte_rate": 24 << 20, "consumer_byte_rate": 32 << 20}  # three topics; devices
    assert rows["http"]["quotas"] == both
    table = CliRunner().invoke(build(["topics"]), ["topics", "show", "--rights"]).stdout
    assert "producer_byte_rate 24 MiB/s" in table


def test_a_topic_that_is_to_be_made_anew_must_exist(fairwatch):
    with pytest.raises(ConfigurationError, match="there is no topic alertz"):
        fairwatch("topics", "apply", "--recreate", "alertz")


@pytest.mark.broker
def test_published_records_can_be_tailed_and_published_again(fairwatch, make_topics):
    make_topics("devices", "sites")
    files = sorted((EXAMPLES / "device" / "1").glob("*.json"))
    result = fairwatch("publish", "devices", *files, "--json")
    assert [line["outcome"] for line in result.lines] == ["published"] * len(files)
    tailed = fairwatch("tail", "devices", "--from", "beginning", "--count", len(files), "--json")
    assert {line["key"] for line in tailed.lines} == {json.loads(file.read_text())["device_id"] for file in files}
    assert {line["type"] for line in tailed.lines} == {"Device"}
    piped = fairwatch("publish", "devices", "-", "--json", stdin=tailed.stdout)
    assert [line["outcome"] for line in piped.lines] == ["published"] * len(files)
    skipped = fairwatch("publish", "sites", "-", "--json", stdin=tailed.stdout)
    assert [line["outcome"] for line in skipped.lines] == ["skipped"] * len(files)
    pretty = fairwatch("tail", "devices", "--from", "beginning", "--until-end")
    assert pretty.stdout.count("Device") == 2 * len(files)


@pytest.mark.broker
def test_bad_records_are_named_and_the_good_beside_them_published(fairwatch, make_topics, tmp_path):
    make_topics("sites")
    lines = ['{"site_id": "a"}', '{"site_id": 1}', "{nonsense", '{"site_id": "b", "geo": {"lat": NaN, "lon": 0}}']
    framed, foreign = tmp_path / "site.avro", tmp_path / "foreign.avro"
    framed.write_bytes(Codec().encode("Site", {"site_id": "c"}))
    foreign.write_bytes(b"\xc3\x01" + bytes(8) + b"\x02")
    result = fairwatch("publish", "sites", "-", framed, foreign, "--json", stdin="\n".join(lines))
    assert result.exit_code == 1
    assert [line["outcome"] for line in result.lines] == [
        *(["published", "rejected", "rejected", "rejected"]),
        "published",
        "rejected",
    ]
    reasons = " ".join(line["reason"] for line in result.lines)
    assert all(word in reasons for word in ("Site.site_id 1", "not JSON", "Site.geo.lat nan", "unknown_schema"))
    tailed = fairwatch("tail", "sites", "--from", "beginning", "--until-end", "--json")
    assert {line["record"]["site_id"] for line in tailed.lines} == {"a", "c"}


@pytest.mark.broker
def test_tail_goes_on_after_what_cannot_be_decoded(fairwatch, broker, make_topics):
    prefix = make_topics("sites")

    async def write():
        async with Producer(broker, topic_prefix=prefix) as producer:
            for value in (b"rubbish", b"", Codec().encode("Site", {"site_id": "a"}), None):
                await producer.send("sites", b"a", value, {})

    asyncio.run(write())
    found = fairwatch("tail", "sites", "--from", "beginning", "--until-end", "--json").lines
    assert [line.get("reason") for line in found] == ["malformed", "empty", None, None]
    assert [line["type"] for line in found] == [None, None, "Site", None]
    assert "tombstone" in fairwatch("tail", "sites", "--from", "beginning", "--until-end").stdout


@pytest.mark.broker
def test_letters_are_listed_and_shown_once(fairwatch, broker, make_topics):
    prefix = make_topics()
    one, two = letter(1, b"\x00broken"), letter(2, b"other") | {"reason": "too_large"}
    write_letters(broker, prefix, one, one, two)
    listed = fairwatch("dlq", "list", "--json").lines
    assert [line["dead_letter_id"] for line in listed] == [one["dead_letter_id"], two["dead_letter_id"]]
    assert "value" not in listed[0]
    assert [line["reason"] for line in fairwatch("dlq", "list", "--reason", "too_large", "--json").lines] == [
        "too_large"
    ]
    assert "it is broken" in fairwatch("dlq", "list", "observations").stdout.replace("\n", " ")
    shown = fairwatch("dlq", "show", one["dead_letter_id"][:8], "--json").lines
    assert base64.b64decode(shown[0]["value"]) == b"\x00broken"
    assert fairwatch("dlq", "show", one["dead_letter_id"], "--value").stdout_bytes == b"\x00broken"
    assert "7 bytes" in fairwatch("dlq", "show", one["dead_letter_id"]).stdout
    assert fairwatch("dlq", "show", "zzz").exit_code == 1


@pytest.mark.broker
def test_redrive_sends_the_original_bytes_once_and_counts(fairwatch, broker, make_topics):
    prefix = make_topics()
    one, two = letter(1, b"\x00broken"), letter(2, b"other") | {"redrives": 1}
    write_letters(broker, prefix, one, one, two)
    assert fairwatch("dlq", "redrive", "--all", "--dry-run").exit_code == 0
    assert fairwatch("tail", "observations", "--from", "beginning", "--until-end", "--json").lines == []
    result = fairwatch("dlq", "redrive", "--all", "--topic", "observations", "--json")
    assert [line["redriven"] for line in result.lines] == [True, True]
    found = fairwatch("tail", "observations", "--from", "beginning", "--until-end", "--json").lines
    assert [(line["key"], line["headers"]) for line in found] == [
        ("cam-1", {"ce_id": "7", "traceparent": "00-1", "fw_redrives": count}) for count in ("1", "2")
    ]
    audited = fairwatch("tail", "audit", "--from", "beginning", "--until-end", "--json").lines
    assert {line["record"]["subject"] for line in audited} == {one["dead_letter_id"], two["dead_letter_id"]}
    assert fairwatch("dlq", "redrive", "zzz").exit_code == 1
    with pytest.raises(ConfigurationError, match="--all"):
        fairwatch("dlq", "redrive")


@pytest.mark.broker
def test_a_letter_that_refers_to_a_raw_event_is_redriven_while_that_is_kept(fairwatch, broker, make_topics):
    prefix = make_topics()

    async def write():
        async with Producer(broker, topic_prefix=prefix) as producer:
            await producer.send("raw-events", b"cam-1", b"what was sent", {})

    asyncio.run(write())
    [written] = read(settings_module.settings(), "raw-events")
    place = {"partition": written.raw.partition, "redacted": True}
    kept, gone = (letter(offset, b"", "raw-events") | place for offset in (0, 99))
    write_letters(broker, prefix, kept, gone)
    shown = fairwatch("dlq", "show", kept["dead_letter_id"], "--value")
    assert shown.stdout_bytes == b"what was sent"
    redriven = fairwatch("dlq", "redrive", "--all", "--topic", "raw-events")
    assert "1 left out" in redriven.stderr
    assert "1 redriven" in redriven.stderr


@pytest.mark.broker
def test_unknown_and_missing_topics_say_what_to_do(fairwatch):
    with pytest.raises(ConfigurationError, match="choose one of"):
        fairwatch("tail", "observationz")
    with pytest.raises(ConfigurationError, match="fairwatch topics apply"):
        fairwatch("tail", "observations", "--until-end")
    with pytest.raises(ConfigurationError, match="has no dead letters"):
        fairwatch("dlq", "list", "audit-chain")


def test_no_broker_says_where_it_looked(monkeypatch):
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    settings_module.settings.cache_clear()
    result = CliRunner().invoke(build(["topics"]), ["topics", "apply"])
    settings_module.settings.cache_clear()
    assert isinstance(result.exception, RetryableError)
    assert "127.0.0.1:1" in str(result.exception)


@pytest.mark.broker
def test_probe_counts_alerts_that_are_missing_and_too_many_past_what_is_none(
    fairwatch, make_topics, broker, topic_prefix
):
    make_topics()

    def alerts_for(devices):
        example = json.loads(next((EXAMPLES / "alert/1").glob("*.json")).read_text(encoding="utf-8"))
        for number, device in enumerate(devices):
            yield example | {"alert_id": f"{example['alert_id'][:-1]}{number}", "device_ids": [device], "state": "NEW"}

    async def hub():
        """Answer the first observation twice, the second once and the third never."""
        options = {"bootstrap_servers": broker, "auto_offset_reset": "earliest", "enable_auto_commit": False}
        consumer = AIOKafkaConsumer(f"{topic_prefix}observations", **options)
        await consumer.start()
        try:
            async with Producer(broker, topic_prefix=topic_prefix) as producer:
                async for message in consumer:
                    await write(broker, f"{topic_prefix}alerts", [BROKEN["a checksum that is wrong"]])
                    await producer.send("alerts", b"erased", None, {})
                    device = message.key.decode()
                    wanted = {"0": 2, "1": 1}.get(device.rsplit("-", 1)[1], 0)
                    for alert in alerts_for([device] * wanted):
                        await producer.publish("alerts", alert["alert_id"], alert)
        finally:
            await consumer.stop()

    async def both():
        answering = asyncio.create_task(hub())
        try:
            return await probe(settings_module.settings(), "tamper.other", events=3, rate=50, patience_s=6)
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    fairwatch("topics", "show")  # the settings are those of the fixture
    numbers = asyncio.run(both()).numbers()
    assert (numbers["events"], numbers["lost"], numbers["doubled"]) == (3, 1, 1)
    assert 0 < numbers["p50_s"] <= numbers["max_s"] < 6


def test_probe_refuses_what_is_no_event_type(fairwatch):
    with pytest.raises(ConfigurationError, match="there is no event type 'tampr'"):
        fairwatch("probe", "tampr")
