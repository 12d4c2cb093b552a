"""Bad input over HTTP: 4xx with a reason, the bytes kept where they can be, and good events beside it unharmed."""

import asyncio
import gzip
import io
import json

import aiohttp
import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats import catalogue
from tests.support.gateway_world import KEY, keyed, run_gateway

HEADERS = {"X-Api-Key": KEY}
BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><EventNotificationAlert><eventType>&c;</eventType></EventNotificationAlert>"""
EXTERNAL = (
    b"""<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><EventNotificationAlert>&x;</EventNotificationAlert>"""
)


def judge(payload, known_format):
    try:
        catalogue.decode(payload, known_format)
    except RejectedError as error:
        return error
    return None


@pytest.fixture
async def gateway(tmp_path):
    settings = {"max_body_bytes": 1024 * 1024, "body_timeout_s": 0.3, "header_timeout_s": 0.3}
    async with run_gateway("http", tmp_path, [keyed(format="hikvision-isapi")], check=judge, **settings) as running:
        yield running


async def post(gateway, data, **headers):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.url}/v1/push/cam-1", data=data, headers=HEADERS | headers) as response,
    ):
        return response.status, json.loads(await response.read())


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        (b"<EventNotificationAlert><eventType>VMD", {"malformed"}),
        (b'{"eventType": "VMD", ', {"malformed"}),
        (b"\xff\xfe\x00garbage", {"malformed", "unknown_format"}),
        (BOMB, {"forbidden_xml"}),
        (EXTERNAL, {"forbidden_xml"}),
        (b"<a>" * 100_000, {"too_deep", "malformed"}),
        (b"[" * 100_000, {"too_deep", "malformed"}),
    ],
    ids=["truncated xml", "truncated json", "garbage", "bomb", "external", "deep xml", "deep json"],
)
async def test_payload_that_no_adapter_takes_is_422_and_kept(gateway, body, reasons):
    status, reply = await post(gateway, body)
    assert status == 422
    assert reply["reason"] in reasons
    assert [record["body"] for record in gateway.publisher.records] == [body]


async def test_empty_body_is_400(gateway):
    assert await post(gateway, b"") == (400, {"reason": "empty", "detail": "the request has no body"})
    assert not gateway.publisher.published


async def test_oversized_body_is_413_whether_announced_or_not(gateway):
    body = b"x" * (10 * 1024 * 1024)

    async def unannounced():
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    async with aiohttp.ClientSession() as session:
        for data in (io.BytesIO(body), unannounced()):
            try:
                async with session.post(f"{gateway.url}/v1/push/cam-1", data=data, headers=HEADERS) as response:
                    assert response.status == 413
            except aiohttp.ClientConnectionError:  # the refusal overtook a body still being sent
                pass
    assert not gateway.publisher.published


async def test_compressed_bomb_is_413(gateway):
    status, reply = await post(gateway, gzip.compress(b"x" * (64 * 1024 * 1024)), **{"Content-Encoding": "gzip"})
    assert (status, reply["reason"]) == (413, "too_large")


async def test_broken_compression_is_4xx(gateway):
    status, _ = await post(gateway, b"not gzip", **{"Content-Encoding": "gzip"})
    assert status in (400, 422)


async def raw(gateway, *parts):
    """Send bytes over a bare connection; return what comes back until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_slow_body_is_408(gateway):
    head = f"POST /v1/push/cam-1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: {KEY}\r\nContent-Length: 100\r\n\r\n"
    assert (await raw(gateway, head.encode(), b"<a>")).startswith(b"HTTP/1.1 408")


async def test_slow_head_is_cut_off(gateway):
    assert await raw(gateway, b"POST /v1/push/cam-1 HTTP/1.1\r\nHost") == b""


async def test_not_http_at_all_is_400(gateway):
    assert b" 400 " in await raw(gateway, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")


async def test_a_body_above_what_may_be_held_passes_alone(tmp_path):
    async with run_gateway("http", tmp_path, [keyed()], max_held_bytes=1000) as gateway:
        assert (await post(gateway, b"x" * 100_000))[0] == 200


async def test_bytes_in_flight_are_bounded(tmp_path):
    async with run_gateway("http", tmp_path, [keyed()], max_held_bytes=150_000) as gateway:
        gateway.publisher.gate.clear()
        held = asyncio.create_task(post(gateway, b"x" * 100_000))
        await gateway.publisher.attempted.wait()
        status, reply = await post(gateway, b"y" * 100_000)
        assert (status, reply["reason"]) == (503, "overloaded")
        gateway.publisher.gate.set()
        assert (await held)[0] == 200
        assert (await post(gateway, b"z" * 100_000))[0] == 200


async def test_wrong_content_type_for_soap_is_415_and_the_body_is_kept(gateway):
    async with aiohttp.ClientSession() as session:
        headers = HEADERS | {"Content-Type": "image/jpeg"}
        async with session.post(f"{gateway.url}/v1/onvif/cam-1", data=b"x", headers=headers) as response:
            assert response.status == 415
    assert [record["body"] for record in gateway.publisher.records] == [b"x"]


async def test_good_events_beside_bad_ones_go_through(gateway):
    good = b"""<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
    <ipAddress>192.0.2.1</ipAddress><channelID>1</channelID><dateTime>2026-07-01T12:00:00+02:00</dateTime>
    <activePostCount>1</activePostCount><eventType>VMD</eventType><eventState>active</eventState>
    <eventDescription>Motion alarm</eventDescription></EventNotificationAlert>"""
    replies = await asyncio.gather(*(post(gateway, body) for body in (BOMB, good, b"", good, b"{")))
    assert [status for status, _ in replies] == [422, 200, 400, 200, 422]
