"""Schemas and a real registry: what is registered at deploy, what is refused, and whose bytes are read."""

import copy
import json

import pytest
from typer.testing import CliRunner

from fairwatch.apps.kafka import codec
from fairwatch.apps.settings import Settings, settings
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.avro import SINGLE_OBJECT, Codec, schema
from fairwatch.wire.registry import COMPATIBILITY, Registry
from fairwatch.wire.schemas import newest, released
from tests.kafka.registry import Apicurio, registry_fixture  # noqa: F401
from tests.support.records import observation, site

pytestmark = pytest.mark.kafka


def _register(registry: Apicurio, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    monkeypatch.setenv("FAIRWATCH_REGISTRY_URL", registry.url)
    settings.cache_clear()
    try:
        done = CliRunner().invoke(build(["schemas"]), ["schemas", "register"])
    finally:
        settings.cache_clear()
    assert done.exit_code == 0, done.output
    return [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]


def test_all_schemas_are_registered_at_deploy_and_again_changes_nothing(registry, monkeypatch):
    first, again = _register(registry, monkeypatch), _register(registry, monkeypatch)
    assert [row[0] for row in first] == [f"fairwatch.{known.type}" for known in released()]
    assert [row[2] for row in first] == [row[2] for row in again], "ids stay"
    assert {row[3] for row in again} == {"was there"}
    assert {row[0] for row in first} <= set(registry.ask("/subjects")[1])
    assert {registry.ask(f"/config/{row[0]}")[1]["compatibilityLevel"] for row in first} == {COMPATIBILITY}


def test_a_version_that_old_readers_could_not_read_is_refused(registry, monkeypatch):
    _register(registry, monkeypatch)
    incompatible, compatible = copy.deepcopy(schema("Site")), copy.deepcopy(schema("Site"))
    incompatible["fields"].append({"name": "floor", "type": "string", "doc": "No default."})
    compatible["fields"].append({"name": "floor", "type": ["null", "string"], "default": None, "doc": "Optional."})
    subject = "/subjects/fairwatch.Site/versions"
    assert registry.ask(subject, {"schema": json.dumps(incompatible)})[0] == 409
    assert registry.ask(subject, {"schema": json.dumps(compatible)})[0] == 200


def test_what_somebody_else_registered_under_our_name_is_a_clear_error(registry):
    other = {"type": "record", "name": "Verdict", "namespace": "fairwatch", "fields": [{"name": "x", "type": "long"}]}
    subject = "fairwatch.Verdict"
    registry.ask(f"/subjects/{subject}", method="DELETE")
    assert registry.ask(f"/subjects/{subject}/versions", {"schema": json.dumps(other)})[0] == 200
    try:
        with pytest.raises(ConfigurationError, match=f"{subject}.* holds an incompatible schema of that name"):
            Registry(registry.url).register(newest()["Verdict"])
    finally:
        registry.ask(f"/subjects/{subject}", method="DELETE")


def test_framing_is_switched_by_configuration_and_both_are_read(registry):
    plain, framed = codec(Settings(registry_url="")), codec(Settings(registry_url=registry.url))
    single, confluent = plain.encode("Observation", observation()), framed.encode("Observation", observation())
    known = registry.ask(f"/schemas/ids/{int.from_bytes(confluent[1:5], 'big')}")[1]
    assert json.loads(known["schema"]) == schema("Observation")
    assert (single[:2], confluent[:1]) == (SINGLE_OBJECT, b"\0")
    assert single[10:] == confluent[5:]
    assert framed.decode(single) == framed.decode(confluent) == plain.decode(single)


@pytest.mark.filterwarnings("ignore:The httpx module is deprecated")
@pytest.mark.parametrize("subjects", ["record_subject_name_strategy", "topic_subject_name_strategy"])
def test_confluents_client_and_ours_read_each_other(registry, subjects):
    registries = pytest.importorskip("confluent_kafka.schema_registry")
    avro = pytest.importorskip("confluent_kafka.schema_registry.avro")
    serialization = pytest.importorskip("confluent_kafka.serialization")
    context = serialization.SerializationContext("sites", serialization.MessageField.VALUE)
    conf = {"auto.register.schemas": True, "subject.name.strategy": getattr(registries, subjects)}
    ours = Codec(Registry(registry.url))
    full = ours.decode(ours.encode("Site", site()))[1]
    with registries.SchemaRegistryClient({"url": registry.url}) as client:
        read = avro.AvroDeserializer(client)(ours.encode("Site", full), context)
        written = avro.AvroSerializer(client, json.dumps(schema("Site")), conf=conf)(full, context)
    assert read["site_id"] == full["site_id"]
    assert Codec(Registry(registry.url)).decode(written, "Site") == ("Site", full)
