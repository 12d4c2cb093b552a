"""Webhooks against a real server: signed, classified, and going nowhere but where they were told."""

import asyncio
import base64
import socket

import orjson
import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook as Receiver

from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.http import retry_after
from fairwatch.sinks.webhook import Webhook
from tests.support.records import AT, trigger

SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


class Server:
    """Answers what its path says and keeps what it got."""

    def __init__(self):
        self.got, self.headers = [], {}
        self.over = asyncio.Event()

    async def start(self):
        app = web.Application()
        app.router.add_post("/status/{status}", self._status)
        app.router.add_post("/slow", self._slow)
        app.router.add_post("/redirect", self._redirect)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _status(self, request):
        self.got.append((dict(request.headers), await request.text()))
        given = web.Response(status=int(request.match_info["status"]), text="x" * 100_000, headers=self.headers)
        given.set_cookie("seen", "1")
        return given

    async def _slow(self, request):
        await self.over.wait()
        return web.Response()

    async def _redirect(self, request):
        raise web.HTTPTemporaryRedirect("/status/200")


@pytest.fixture
async def server():
    server = Server()
    await server.start()
    yield server
    server.over.set()
    await server.runner.cleanup()


@pytest.fixture
async def webhook():
    opened = []

    def build(url, **options):
        opened.append(Webhook(url, SECRET, SystemClock(), **options))
        return opened[-1]

    yield build
    for one in opened:
        await one.close()


async def test_the_alert_arrives_signed_with_its_delivery_id_and_readable_times(server, webhook):
    alert = trigger(ended_at=None, media=[{"uri": "fw-media:" + "0" * 64}])
    answer = await webhook(f"{server.url}/status/204").send("delivery-1", alert)
    assert (answer.reason, answer.retryable, answer.status) == ("ok", False, 204)
    [(headers, body)] = server.got
    assert Receiver(SECRET).verify(body, headers) == orjson.loads(body)
    assert headers["webhook-id"] == "delivery-1"
    assert (headers["Content-Type"], headers["User-Agent"]) == ("application/json", "fairwatch")
    told = orjson.loads(body)
    assert told["started_at"] == "2026-01-01T00:00:00.000000Z"
    assert (told["ended_at"], told["title"]) == (None, alert["title"])


@pytest.mark.parametrize(
    ("status", "reason", "retryable"),
    [
        (299, "ok", False),
        (300, "redirect", True),
        (399, "redirect", True),
        (400, "client_error", False),
        (401, "auth_error", True),
        (403, "auth_error", True),
        (407, "auth_error", True),
        (425, "client_error", True),
        (404, "not_found", True),
        (409, "conflict", True),
        (422, "client_error", False),
        (408, "client_error", True),
        (410, "gone", False),
        (429, "rate_limited", True),
        (500, "server_error", True),
        (503, "server_error", True),
    ],
)
async def test_an_answer_says_whether_to_try_again(server, webhook, status, reason, retryable):
    answer = await webhook(f"{server.url}/status/{status}").send("d", trigger())
    assert (answer.reason, answer.retryable, answer.status) == (reason, retryable, status)


@pytest.mark.parametrize(
    ("status", "waits"),
    [(429, 7_000_000), (503, 7_000_000), (404, 7_000_000), (204, None), (400, None), (410, None), (307, None)],
)
async def test_who_says_when_to_come_again_is_heard_where_coming_again_makes_sense(server, webhook, status, waits):
    server.headers = {"Retry-After": "7"}
    answer = await webhook(f"{server.url}/status/{status}").send("d", trigger())
    assert answer.retry_after == waits


@pytest.mark.parametrize(
    ("header", "microseconds"),
    [
        ("7", 7_000_000),
        ("0", 0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120_000_000),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 999_999_999_000_000),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        (None, None),
    ],
)
def test_when_a_receiver_wants_to_be_asked_again_is_understood(header, microseconds):
    assert retry_after(header, AT) == microseconds


async def test_a_redirect_is_not_followed(server, webhook):
    answer = await webhook(f"{server.url}/redirect").send("d", trigger())
    assert (answer.reason, answer.retryable) == ("redirect", True)
    assert server.got == []


async def test_a_slow_receiver_times_out(server, webhook):
    answer = await webhook(f"{server.url}/slow", timeout_s=0.05).send("d", trigger())
    assert (answer.reason, answer.retryable) == ("timeout", True)


async def test_nobody_there_is_unreachable(webhook):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = await webhook(f"http://127.0.0.1:{taken.getsockname()[1]}/").send("d", trigger())
    assert (answer.reason, answer.retryable) == ("unreachable", True)


async def test_a_receiver_without_a_certificate_is_not_told(server, webhook):
    answer = await webhook(server.url.replace("http:", "https:") + "/status/200").send("d", trigger())
    assert (answer.reason, answer.retryable) == ("tls_error", True)
    assert server.got == []


async def test_a_proxy_of_the_environment_is_ignored(server, webhook, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await webhook(f"{server.url}/status/200").send("d", trigger())).reason == "ok"


async def test_every_time_of_an_alert_is_readable(server, webhook):
    names = ("started_at", "updated_at", "ended_at", "received_at", "issued_at")
    alert = {name: 1_767_225_600_000_000 + place for place, name in enumerate(names)}
    await webhook(f"{server.url}/status/200").send("d", alert)
    told = orjson.loads(server.got[0][1])
    assert [told[name] for name in names] == [f"2026-01-01T00:00:00.00000{place}Z" for place in range(5)]


async def test_what_a_receiver_wants_remembered_is_not(server, webhook):
    open_webhook = webhook(f"{server.url.replace('127.0.0.1', 'localhost')}/status/200")
    for _ in range(2):
        assert (await open_webhook.send("d", trigger())).reason == "ok"
    assert [headers.get("Cookie") for headers, _ in server.got] == [None, None]


async def test_a_webhook_that_was_closed_opens_again(server, webhook):
    reopened = webhook(f"{server.url}/status/200")
    for _ in range(2):
        assert (await reopened.send("d", trigger())).reason == "ok"
        await reopened.close()
    assert reopened.kind == "webhook"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_needs_no_https(host):
    assert Webhook(f"http://{host}:8080/in", SECRET, SystemClock())


def test_a_secret_has_sixteen_random_bytes_at_least():
    def secret(length):
        return "whsec_" + base64.b64encode(bytes(range(length))).decode()

    assert Webhook("https://a/", secret(16), SystemClock())
    with pytest.raises(ConfigurationError, match="at least 16 random bytes"):
        Webhook("https://a/", secret(15), SystemClock())


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://alerts.example.org/in", SECRET),
        ("ftp://alerts.example.org/in", SECRET),
        ("https:///in", SECRET),
        ("not a url", SECRET),
        ("https://user:hunter2@alerts.example.org/in", "whsec_c2hvcnQ="),
        ("https://alerts.example.org/in", "whsec_%%%"),
        ("https://alerts.example.org/in", ""),
    ],
)
async def test_what_cannot_be_used_is_refused_without_telling_it(url, secret):
    with pytest.raises(ConfigurationError) as caught:
        Webhook(url, secret, SystemClock())
    assert "hunter2" not in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)


async def test_credentials_in_the_address_are_never_shown(webhook):
    assert "hunter2" not in repr(webhook("https://user:hunter2@alerts.example.org/in?token=hunter2"))


async def test_who_answers_well_and_hangs_up_at_once_has_taken_it_and_is_told_the_next_one():
    asked = []

    async def hang_up(reader, writer):
        asked.append(await reader.readuntil(b"}"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthank")
        await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    sink = Webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in", SECRET, SystemClock())
    try:
        answers = [await sink.send(f"life-{n}", trigger(revision=n)) for n in range(3)]
    finally:
        await sink.close()
        server.close()
    assert [(answer.reason, answer.status) for answer in answers] == [("ok", 200)] * 3
    assert len(asked) == 3, "no alert was sent twice"
