"""One real server for each kind of sink, behind a wire that tests can cut, slow and flood."""

import asyncio
import threading
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest

from fairwatch.apps.embedded import _broker_binary, _running, free_port
from tests.support.faulty_wire import Wire, certificate, served
from tests.support.sink_servers import (
    MOSQUITTO,
    AppriseServer,
    KafkaServer,
    MailServer,
    MqttServer,
    PagerDutyServer,
    WebhookServer,
    mosquitto,
    start_mqtt,
)

KINDS = ("webhook", "pagerduty", "apprise", "email", "mqtt", "kafka")
PLAIN_SERVERS = {server.kind: server for server in (WebhookServer, PagerDutyServer, AppriseServer, MailServer)}
_topics = count()


@pytest.fixture(scope="session")
def kafka_behind_wire():
    """Give the address of a broker that sends its clients to another port, where the wire will be; and that port."""
    wire_port = free_port()

    def command(port):
        here, there = f"tcp://127.0.0.1:{port}", f"tcp://127.0.0.1:{wire_port}"
        options = ["--listener-url", here, "--advertised-listener-url", there]
        return [_broker_binary(), "broker", *options, "--storage-engine", "memory://tansu/"], b""

    with _running("broker", 0, command) as (_, port):
        yield f"127.0.0.1:{port}", wire_port


@pytest.fixture(scope="session")
def mqtt_port(tmp_path_factory):
    """Give the port of mosquitto, or of the embedded broker where there is no mosquitto."""
    if MOSQUITTO:
        with mosquitto(tmp_path_factory.mktemp("mosquitto"), free_port()) as port:
            yield port
        return
    loop = asyncio.new_event_loop()  # in a thread of its own: that of this test is running
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = start_mqtt({"all": "pw"})
    broker = asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(10)
    yield broker.port
    asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Give certificates of 127.0.0.1: one that ended today, and one that ends later today."""
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "ended": certificate(folder, "ended", timedelta(hours=-1)),
        "ends": certificate(folder, "ends", timedelta(hours=1)),
    }


class Bench:
    """A server, the wire to it, and sinks of its kind."""

    def __init__(self, server, wire):
        self.server, self.wire, self._opened = server, wire, []

    def open(self, timeout_s=10.0, ca_file=None, port=None):
        sink = self.server.open(port or self.wire.port, timeout_s, ca_file)
        self._opened.append(sink)
        return sink

    async def close(self):
        for sink in self._opened:
            await sink.close()


@pytest.fixture
def bench(request):
    """Give a function: an asynchronous context with the server of a kind behind a wire, with TLS where it says so."""

    @asynccontextmanager
    async def start(kind, tls=None):
        port, target = 0, 0
        if kind == "kafka":
            address, port = request.getfixturevalue("kafka_behind_wire")
            target = int(address.rpartition(":")[2])
            server = KafkaServer(address, f"alerts-{next(_topics)}")
        elif kind == "mqtt":
            server = MqttServer(request.getfixturevalue("mqtt_port"))
        else:
            server = PLAIN_SERVERS[kind]()
        wire = Wire(target, served(tls) if tls else None)
        await wire.start(port)
        if not (tls and kind == "kafka"):
            wire.target = await server.start()
        bench = Bench(server, wire)
        try:
            yield bench
        finally:
            await bench.close()
            await server.stop()
            await wire.stop()

    return start
