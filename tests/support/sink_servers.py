"""The real server behind every kind of sink, each with the same few handles: start, open a sink to it, what it got."""

import asyncio
import re
from contextlib import closing
from datetime import timedelta

import aiomqtt
import orjson
from aiohttp import web
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiosmtpd.smtp import SMTP
from kafka.admin import KafkaAdminClient, NewTopic

from fairwatch.apps.embedded_mqtt import start_mqtt
from fairwatch.domain.clock import SystemClock
from fairwatch.sinks.apprise import Apprise
from fairwatch.sinks.kafka import ID_HEADER, Kafka, KafkaOptions
from fairwatch.sinks.mail import EmailOptions
from fairwatch.sinks.mqtt import MqttOptions
from fairwatch.sinks.options import Surroundings
from fairwatch.sinks.pagerduty import PagerdutyOptions
from fairwatch.sinks.webhook import Webhook
from tests.support.mosquitto import MOSQUITTO, mosquitto

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
LARGEST = 16 << 20
AROUND = Surroundings(SystemClock(), {"KEY": "routing-key-1"})


class Http:
    """Takes everything with a status that tests may change."""

    def __init__(self):
        self.bodies, self.headers, self.paths = [], [], []
        self.status, self.body, self.location = 200, b"", None

    async def start(self):
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self._runner.addresses[0][1]

    async def _take(self, request):
        self.bodies.append(await request.text())
        self.headers.append(dict(request.headers))
        self.paths.append(request.path)
        headers = {"location": self.location} if self.location else {}
        return web.Response(status=self.status, body=self.body, headers=headers)

    async def stop(self):
        await self._runner.cleanup()

    async def got(self, least):
        await _at_least(self.bodies, least)
        return [self.told(*one) for one in zip(self.headers, self.bodies, strict=True)]


class WebhookServer(Http):
    kind = "webhook"

    def open(self, port, timeout_s, ca_file=None):
        scheme = "https" if ca_file else "http"
        url = f"{scheme}://127.0.0.1:{port}/in"
        return Webhook(url, SECRET, SystemClock(), timeout_s=timeout_s, ca_file=ca_file)

    def told(self, headers, body):
        return headers["webhook-id"], orjson.loads(body)["revision"]


class PagerDutyServer(Http):
    kind = "pagerduty"

    def open(self, port, timeout_s, ca_file=None):
        url = f"{'https' if ca_file else 'http'}://127.0.0.1:{port}"
        options = {"url": url, "timeout": timedelta(seconds=timeout_s), "ca_file": ca_file}
        return PagerdutyOptions(routing_key_env="KEY", **options).open(AROUND)

    def told(self, headers, body):
        details = orjson.loads(body)["payload"]["custom_details"]
        return details["delivery_id"], details["revision"]


class AppriseServer(Http):
    kind = "apprise"

    def open(self, port, timeout_s, ca_file=None):
        return Apprise([f"json://127.0.0.1:{port}/in?cto={timeout_s}&rto={timeout_s}"], timeout_s=timeout_s)

    def told(self, headers, body):
        found = re.search(r"delivery (\S+?)-(\d+)$", orjson.loads(body)["message"])
        return f"{found[1]}-{found[2]}", int(found[2])


class MailServer:
    """aiosmtpd in this loop."""

    kind = "email"

    def __init__(self):
        self.messages = []

    async def start(self):
        def protocol():
            return SMTP(self, enable_SMTPUTF8=True, hostname="mail.example.org")

        self._server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  the name that aiosmtpd asks for
        self.messages.append(envelope.content)
        return "250 taken"

    async def stop(self):
        self._server.close()

    def open(self, port, timeout_s, ca_file=None):
        return EmailOptions(
            host="127.0.0.1",
            port=port,
            security="tls" if ca_file else "none",
            ca_file=ca_file,
            sender="Fairwatch <hub@example.org>",
            to=["guard@example.org"],
            timeout=timedelta(seconds=timeout_s),
        ).open(AROUND)

    async def got(self, least):
        await _at_least(self.messages, least)
        ids = [re.search(rb"^Message-ID:\s*<(.+)@example.org>", m, re.MULTILINE)[1].decode() for m in self.messages]
        return [(one, int(one.rsplit("-", 1)[1])) for one in ids]


class MqttServer:
    """The broker is shared; a subscriber of our own tells what arrives."""

    kind = "mqtt"

    def __init__(self, port):
        self._port, self._got, self._ready = port, [], asyncio.Event()

    async def start(self):
        self._subscriber = asyncio.create_task(self._listen())
        await asyncio.wait_for(self._ready.wait(), 10)
        return self._port

    async def _listen(self):
        async with aiomqtt.Client("127.0.0.1", self._port, username="all", password="pw") as client:
            await client.subscribe("fairwatch/alerts/#", qos=1)
            self._ready.set()
            async for message in client.messages:
                assert not message.retain
                self._got.append(orjson.loads(message.payload))

    async def stop(self):
        self._subscriber.cancel()
        await asyncio.gather(self._subscriber, return_exceptions=True)

    def open(self, port, timeout_s, ca_file=None):
        url = f"{'mqtts' if ca_file else 'mqtt'}://all:pw@127.0.0.1:{port}"
        return MqttOptions(url=url, timeout=timedelta(seconds=timeout_s), ca_file=ca_file).open(AROUND)

    async def got(self, least):
        await _at_least(self._got, least)
        return [(alert["delivery_id"], alert["revision"]) for alert in self._got]


class KafkaServer:
    """A topic of its own on a shared broker that says of itself that it is behind the wire."""

    kind = "kafka"

    def __init__(self, broker, topic):
        self._broker, self._topic = broker, topic

    async def start(self):
        await asyncio.to_thread(self._make)
        return int(self._broker.rpartition(":")[2])

    def _make(self):
        with closing(KafkaAdminClient(bootstrap_servers=self._broker)) as admin:
            admin.create_topics([NewTopic(self._topic, 1, 1)])

    async def stop(self):
        pass

    def open(self, port, timeout_s, ca_file=None):
        options = {"security": "SSL" if ca_file else "PLAINTEXT", "ca_file": ca_file}
        bootstrap = f"127.0.0.1:{port}"
        return Kafka(
            KafkaOptions(bootstrap=bootstrap, topic=self._topic, timeout=timedelta(seconds=timeout_s), **options)
        )

    async def records(self, least):
        consumer = AIOKafkaConsumer(bootstrap_servers=self._broker, auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign([TopicPartition(self._topic, 0)])
            records = []
            async with asyncio.timeout(8):
                while len(records) < least:
                    records.append(await consumer.getone())
        finally:
            await consumer.stop()
        return records

    async def got(self, least):
        records = await self.records(least)
        return [(dict(r.headers)[ID_HEADER].decode(), orjson.loads(r.value)["revision"]) for r in records]


async def _at_least(got, least):
    async with asyncio.timeout(5):
        while len(got) < least:  # noqa: ASYNC110  what arrives is a plain list, so that tests can look at it
            await asyncio.sleep(0.01)


__all__ = ["MOSQUITTO", "mosquitto", "start_mqtt"]
