"""Ids of a schema registry: asked for once, recognised by fingerprint, and shared with Confluent's own client."""

import copy
import io
import json
import time

import fastavro
import pytest

from fairwatch.apps.embedded import free_port
from fairwatch.domain.errors import ConfigurationError, RejectedError, RetryableError
from fairwatch.wire.avro import Codec, schema
from fairwatch.wire.registry import Registry
from tests.support.schema_registry import registrar

SITE = {"site_id": "harbour"}


@pytest.fixture
def server():
    with registrar() as running:
        yield running


def test_schema_is_registered_once_and_read_back_by_another_process(server):
    writer, reader = Codec(Registry(server.url)), Codec(Registry(server.url))
    encoded = [writer.encode("Site", SITE) for _ in range(3)]
    assert encoded[0][:5] == b"\0\0\0\0\1"
    assert [reader.decode(one)[1]["site_id"] for one in encoded] == ["harbour"] * 3
    assert server.requests == [
        ("POST", "/subjects/fairwatch.Site"),
        ("POST", "/subjects/fairwatch.Site/versions"),
        ("GET", "/schemas/ids/1"),
    ]
    assert json.loads(server.schemas[1]) == schema("Site")
    other = Codec(Registry(server.url))
    other.encode("Site", SITE)
    assert server.requests[3:] == [("POST", "/subjects/fairwatch.Site")], "a known schema is not registered again"


def test_schema_that_is_none_of_ours_is_unknown_and_not_asked_for_again_at_once(server):
    number = server.add('{"type": "record", "name": "Other", "fields": []}')
    codec = Codec(Registry(server.url))
    for missing in (number, 999):
        for _ in range(3):
            with pytest.raises(RejectedError, match="unknown_schema"):
                codec.decode(b"\0" + missing.to_bytes(4, "big"))
    assert len(server.requests) == 2


def test_another_version_of_our_record_is_read_by_resolution(server):
    grown, narrow = copy.deepcopy(schema("Site")), copy.deepcopy(schema("Site"))
    grown["fields"].append(
        {"name": "floor", "type": ["null", "string"], "default": None, "doc": "Of the next release."}
    )
    narrow["fields"] = [field for field in narrow["fields"] if field["name"] in {"site_id", "name"}]
    codec = Codec(Registry(server.url))
    for source, record in ((grown, {**SITE, "floor": "2"}), (narrow, {**SITE, "name": "Harbour"})):
        out = io.BytesIO(b"\0" + server.add(json.dumps(source)).to_bytes(4, "big"))
        out.seek(5)
        fastavro.schemaless_writer(out, fastavro.parse_schema(source), record)
        kind, read = codec.decode(out.getvalue())
        assert (kind, read["site_id"], read["time_zone"]) == ("Site", "harbour", "UTC")
        assert read.keys() == {field["name"] for field in schema("Site")["fields"]}


def test_a_version_that_cannot_become_ours_is_malformed(server):
    other = {"type": "record", "name": "Site", "namespace": "fairwatch", "fields": [{"name": "x", "type": "long"}]}
    with pytest.raises(RejectedError, match="malformed: bytes are no Site"):
        Codec(Registry(server.url)).decode(b"\0" + server.add(json.dumps(other)).to_bytes(4, "big") + b"\2")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "{}",
        '{"type": "record"}',
        '{"type": "nonsense"}',
        "[]",
        "7",
        '{"type": "record", "name": 5, "fields": []}',
    ],
)
def test_nonsense_in_the_registry_is_an_unknown_schema(server, text):
    codec = Codec(Registry(server.url))
    with pytest.raises(RejectedError, match="unknown_schema"):
        codec.decode(b"\0" + server.add(text).to_bytes(4, "big"))


@pytest.mark.parametrize(("status", "error"), [(503, RetryableError), (429, RetryableError), (401, ConfigurationError)])
def test_refusals_are_told_apart(server, status, error):
    server.fail = status
    with pytest.raises(error, match=str(status)):
        Codec(Registry(server.url)).encode("Site", SITE)


def test_registry_away_is_retryable_in_bounded_time():
    before = time.monotonic()
    with pytest.raises(RetryableError):
        Codec(Registry(f"http://127.0.0.1:{free_port()}")).encode("Site", SITE)
    assert time.monotonic() - before < 6


def test_credentials_go_into_a_header_and_stay_out_of_messages(server):
    url = server.url.replace("//", "//me:s%40crets@")
    Codec(Registry(url)).encode("Site", SITE)
    assert server.authorisations == {"Basic bWU6c0BjcmV0cw=="}
    server.fail = 401
    with pytest.raises(ConfigurationError) as caught:
        Codec(Registry(url)).encode("Alert", {})
    assert "crets" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "registry:8081", "file:///etc/passwd", "http://"])
def test_other_urls_are_refused(url):
    with pytest.raises(ConfigurationError, match="registry_url"):
        Registry(url)


@pytest.mark.filterwarnings("ignore:The httpx module is deprecated")
def test_confluents_own_client_reads_ours_and_we_read_its(server):
    client_module = pytest.importorskip("confluent_kafka.schema_registry")
    avro = pytest.importorskip("confluent_kafka.schema_registry.avro")
    serialization = pytest.importorskip("confluent_kafka.serialization")
    client = client_module.SchemaRegistryClient({"url": server.url})
    context = serialization.SerializationContext("sites", serialization.MessageField.VALUE)
    codec = Codec(Registry(server.url))
    theirs = avro.AvroDeserializer(client)(codec.encode("Site", SITE), context)
    assert theirs["site_id"] == "harbour"
    conf = {"auto.register.schemas": True, "subject.name.strategy": client_module.record_subject_name_strategy}
    serializer = avro.AvroSerializer(client, json.dumps(schema("Site")), conf=conf)
    full = codec.decode(codec.encode("Site", SITE))[1]
    assert codec.decode(serializer(full, context), "Site") == ("Site", full)
