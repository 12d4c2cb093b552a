"""`fairwatch devices` on the embedded broker: registered, shown, renamed, tested, disabled."""

import asyncio
import json

import pytest
import yaml
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.reading import latest, read_topic
from fairwatch.cli.main import build
from fairwatch.console.people import hash_password
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.device_records import binding_of
from fairwatch.edges.intake import Arrival, Intake
from fairwatch.stores.media import MediaStore
from fairwatch.wire.kinds.names import Names
from fairwatch.wire.producer import Producer
from tests.support.watchlist import authorisation, entry

EVENT = json.dumps(
    {"type": "new", "after": {"id": "1767225600.1-a", "camera": "yard", "label": "car", "frame_time": 1.0,
                              "start_time": 1.0, "entered_zones": ["Turban Hotel"]}}
).encode()  # fmt: skip


@pytest.fixture
def devices(broker, make_topics, monkeypatch, tmp_path):
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    topics = ("devices", "audit", "raw-events", "sightings", "field-drift", "raw-events-dlq", "observations-dlq")
    lists = ("authorisations", "watchlist-entries", "device-lists")
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", make_topics(*topics, *lists, partitions=1))
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("FAIRWATCH_MEDIA_URL", f"file://{tmp_path}")
    monkeypatch.setenv("FAIRWATCH_DEVICES_SECRET", "a secret of more than 32 characters")
    monkeypatch.setenv("COLUMNS", "200")
    settings_module.settings.cache_clear()

    def run(*arguments, stdin=None):
        chosen = ["devices", *map(str, arguments)]
        result = CliRunner().invoke(build(chosen), chosen, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        result.lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith('{"')]
        return result

    yield run
    settings_module.settings.cache_clear()


def sent(settings, device_id, folder):
    async def send():
        async with Producer(settings.kafka_bootstrap, topic_prefix=settings.topic_prefix) as producer:
            intake = Intake(producer, MediaStore.open(f"file://{folder}"), SystemClock())
            await intake.accept(Arrival("mqtt", device_id, EVENT, path="frigate/events"))

    asyncio.run(send())


@pytest.mark.broker
def test_a_device_is_registered_named_tested_and_disabled(devices, tmp_path):
    key = devices("add", "nvr", "--name", "Recorder", "--format", "frigate", "--source", "10.0.0.0/8").stdout.strip()
    settings = settings_module.settings()
    record = latest(settings, "devices")["nvr"]
    assert binding_of(record, tmp_path, None).accepts_key(key)
    with pytest.raises(Exception, match="registered already"):
        devices("add", "nvr")

    rows = tmp_path / "rows.yaml"
    rows.write_text("devices: [{device_id: cam-1, mqtt_topics: [a/#]}, {device_id: cam-2, mqtt_topics: [a/b]}]")
    refused = devices("import", rows)
    assert (refused.exit_code, latest(settings, "devices").keys()) == (78, {"nvr"})
    rows.write_text("devices: [{device_id: cam-1, mqtt_topics: [a/#]}, {device_id: cam-2}]")
    assert devices("import", rows).exit_code == 78  # nowhere to write the key of cam-2
    assert devices("import", rows, "--keys", tmp_path / "keys.csv").exit_code == 0
    assert (tmp_path / "keys.csv").stat().st_mode & 0o777 == 0o600
    assert [row["device_id"] for row in devices("list", "--json").lines] == ["cam-1", "cam-2", "nvr"]

    assert devices("test", "nvr", "--json").exit_code == 1
    sent(settings, "nvr", tmp_path)
    [found] = devices("test", "nvr", "--json").lines
    assert found["received"] == {"mqtt": 1}
    heard = {row["name"]: row for row in devices("names", "nvr", "--json").lines}
    token = heard["Turban Hotel"]["token"]
    with pytest.raises(Exception, match="speaks of 'turban'"):
        devices("names", "nvr", "--register", token)
    devices("names", "nvr", "--register", token, "--reason", "it is the hotel's name")
    assert latest(settings, "devices")["nvr"]["names_by_kind"] == [{"kind": "ZONE", "name": "Turban Hotel"}]

    devices("disable", "nvr", "--reason", "stolen")
    assert latest(settings, "devices")["nvr"]["enabled"] is False
    done = [record["action"] for _, _, record in read_topic(settings, "audit")]
    assert done == [
        "device.registered", "device.registered", "device.registered", "device.names_shown", "device.names_shown",
        "device.names_shown", "device.names_registered", "word.registered", "device.disabled",
    ]  # fmt: skip


@pytest.mark.broker
def test_a_password_is_asked_for_and_sealed(devices):
    devices("add", "gat", "--digest-user", "platform", stdin="a long password\na long password\n")
    settings = settings_module.settings()
    binding = binding_of(latest(settings, "devices")["gat"], settings.config_dir, None)
    assert b"a long password" not in binding.digest.sealed
    shown = json.loads(devices("show", "gat").stdout)
    assert shown["access"]["key_sha256"] is None


PASSWORDS = {"ann": "ann has a long one", "ben": "ben has a long one", "cyd": "cyd has a long one"}


@pytest.mark.broker
def test_a_list_of_a_device_is_bound_by_two_people_who_prove_who_they_are(devices, tmp_path):
    settings = settings_module.settings()
    people = [
        {"name": name, "display_name": name, "roles": ["auditor" if name == "cyd" else "admin"],
         "password_hash": hash_password(word)}
        for name, word in PASSWORDS.items()
    ]  # fmt: skip
    (tmp_path / "people.yaml").write_text(yaml.safe_dump({"people": people}))
    now = SystemClock().now()
    span = {"valid_from": now - 1_000_000, "valid_until": now + 3_600_000_000}

    async def prepare():
        async with Producer(settings.kafka_bootstrap, topic_prefix=settings.topic_prefix) as producer:
            await producer.publish("authorisations", "auth-1", authorisation(**span))
            for one in (entry("child", kind="FACE", plate=None, **span), entry("car", **span)):
                await producer.publish("watchlist-entries", one["entry_id"], one)

    asyncio.run(prepare())
    devices("add", "nvr")
    asked = ("lists", "bind", "nvr", "--authorisation", "auth-1", "--for", "30d", "--reason", "report 17")
    for wrong, said in (
        (("--entry", "Anna=car"), "compared with our own lists"),
        (("--entry", "Anna=nobody"), "there is no watchlist entry 'nobody'"),
        (("--entry", "Anna=child", "--whole", "child"), "either --entry"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            devices(*asked, *wrong, "--as", "ann", stdin=f"{PASSWORDS['ann']}\n")
    guessed = "it may be this one"
    for who, word, said in (("ann", guessed, "nobody named"), ("cyd", PASSWORDS["cyd"], "none of the roles")):
        with pytest.raises(ConfigurationError, match=said):
            devices(*asked, "--whole", "child", "--as", who, stdin=f"{word}\n")
    list_id = devices(*asked, "--entry", "Anna=child", "--as", "ann", stdin=f"{PASSWORDS['ann']}\n").stdout.split()[-1]
    with pytest.raises(ConfigurationError, match="a second person has to agree"):
        devices("lists", "approve", list_id[:8], "--as", "ann", stdin=f"{PASSWORDS['ann']}\n")
    devices("lists", "approve", list_id[:8], "--as", "ben", stdin=f"{PASSWORDS['ben']}\n")
    [record] = devices("lists", "list").lines
    assert (record["state"], record["requested_by"], record["approved_by"]) == ("BOUND", "ann", ["ben"])
    assert record["entries"] == [{"token": Names().token("nvr", "id", "Anna"), "entry_id": "child"}]
    assert record["valid_until"] == span["valid_until"]
    devices("lists", "end", list_id[:8], "--as", "ben", stdin=f"{PASSWORDS['ben']}\n")
    assert latest(settings, "device-lists")[list_id]["state"] == "ENDED"
