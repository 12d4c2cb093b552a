"""An alert on Kafka: under its group's key, so that revisions keep their order, and safe on all replicas."""

import ssl
import struct
from datetime import timedelta

import pytest
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from fairwatch.sinks.kafka import Kafka, KafkaOptions
from tests.support.faulty_wire import CHUNK, Wire, certificate
from tests.support.records import trigger
from tests.support.sink_servers import KafkaServer

PRODUCE, WITH_TRANSACTIONS, ALL = 0, 3, -1


class Listening(Wire):
    """A wire that keeps what was sent over each connection."""

    def __init__(self, target):
        super().__init__(target)
        self.sent = []

    async def _up(self, reader, back):
        kept = bytearray()
        self.sent.append(kept)
        while data := await reader.read(CHUNK):
            kept += data
            back.write(data)
            await back.drain()


def acknowledgements(sent):
    """Yield how many replicas each request to write asks to wait for; -1 is all of them."""
    at = 0
    while at + 14 <= len(sent):
        size, api, version, _, named = struct.unpack_from(">ihhih", sent, at)
        if api == PRODUCE:
            place = at + 14 + max(named, 0)
            if version >= WITH_TRANSACTIONS:
                place += 2 + max(struct.unpack_from(">h", sent, place)[0], 0)
            yield struct.unpack_from(">h", sent, place)[0]
        at += 4 + size


@pytest.fixture
async def topic(kafka_behind_wire):
    """Give a server with a topic of its own, the wire to it, and a sink."""
    broker, port = kafka_behind_wire
    wire = Listening(int(broker.rpartition(":")[2]))
    await wire.start(port)
    server = KafkaServer(broker, "alerts-of-the-sink")
    await server.start()
    sink = Kafka(KafkaOptions(bootstrap=f"127.0.0.1:{port}", topic="alerts-of-the-sink", security="PLAINTEXT"))
    yield server, wire, sink
    await sink.close()
    await wire.stop()


@pytest.mark.broker
async def test_revisions_of_a_group_have_its_key_and_all_replicas_have_them_before_they_count_as_told(topic):
    server, wire, sink = topic
    for revision in range(2):
        assert (await sink.send(f"d-{revision}", trigger("tamper:cam-1", revision=revision))).reason == "ok"
    alone = {**trigger(), "group": None}
    assert (await sink.send("d-2", alone)).reason == "ok"
    records = await server.records(3)
    assert [record.key for record in records] == [b"tamper:cam-1", b"tamper:cam-1", alone["alert_id"].encode()]
    headers = [("fairwatch-delivery-id", b"d-0"), ("content-type", b"application/json")]
    assert list(records[0].headers) == headers
    waits = [each for sent in wire.sent for each in acknowledgements(bytes(sent))]
    assert waits == [ALL] * 3


class Refusing:
    """A client that is signed in, and whose writes fail."""

    def __init__(self, error):
        self.error = error

    async def send_and_wait(self, *_, **__):
        raise self.error

    async def stop(self):
        pass


HERE = {"bootstrap": "127.0.0.1:1", "topic": "alerts", "security": "PLAINTEXT"}


@pytest.mark.parametrize(
    ("error", "reason", "retryable"),
    [
        (KafkaTimeoutError(), "timeout", True),
        (RequestTimedOutError(), "timeout", True),
        (TimeoutError(), "timeout", True),
        (MessageSizeTooLargeError(), "client_error", False),
        (AuthenticationFailedError(), "auth_error", True),
        (TopicAuthorizationFailedError(), "auth_error", True),
        (GroupAuthorizationFailedError(), "auth_error", True),
        (UnknownTopicOrPartitionError(), "not_found", True),
        (KafkaConnectionError(), "unreachable", True),
        (ConnectionResetError(), "unreachable", True),
    ],
)
async def test_what_a_broker_says_decides_whether_it_is_asked_again(error, reason, retryable):
    sink = Kafka(KafkaOptions(**HERE))
    sink._producer = Refusing(error)
    answer = await sink.send("d-0", trigger())
    assert (answer.reason, answer.retryable) == (reason, retryable)
    await sink.close()


@pytest.mark.parametrize(
    ("options", "signs_in", "tls"),
    [
        ({"security": "SASL_SSL", "username": "hub", "password_env": "P"}, True, True),
        ({"security": "SASL_SSL", "username": "hub", "password_env": "P", "mechanism": "PLAIN"}, True, True),
        ({"security": "SASL_PLAINTEXT", "username": "hub", "password_env": "P"}, True, False),
        ({"security": "SSL"}, False, True),
        ({"security": "PLAINTEXT"}, False, False),
    ],
)
async def test_a_broker_is_told_who_writes_and_has_to_prove_who_it_is(options, signs_in, tls, monkeypatch):
    given = []

    class Client(Refusing):
        def __init__(self, **words):
            super().__init__(KafkaConnectionError())
            given.append(words)

        async def start(self):
            pass

    monkeypatch.setattr("fairwatch.sinks.kafka.AIOKafkaProducer", Client)
    chosen = KafkaOptions(**{**HERE, **options, "timeout": "2s"})
    sink = Kafka(chosen, "pw" if signs_in else "")
    await sink.send("d-0", trigger())
    await sink.close()
    [words] = given
    assert (words["bootstrap_servers"], words["security_protocol"]) == ("127.0.0.1:1", chosen.security)
    assert (words["sasl_plain_username"], words["sasl_plain_password"]) == (("hub", "pw") if signs_in else (None, None))
    assert words["sasl_mechanism"] == (chosen.mechanism if signs_in else "PLAIN")
    assert words["request_timeout_ms"] == 1600, "it says what it waited for before nobody waits any more"
    if tls:
        context = words["ssl_context"]
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    else:
        assert words["ssl_context"] is None


def test_a_broker_is_believed_by_the_authority_that_is_named_and_by_no_other(tmp_path):
    certificate(tmp_path, "one", timedelta(days=1))
    sink = Kafka(KafkaOptions(**{**HERE, "security": "SSL", "ca_file": str(tmp_path / "one.pem")}))
    assert len(sink._tls.get_ca_certs()) == 1
