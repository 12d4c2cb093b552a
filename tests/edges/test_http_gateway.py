"""HTTP push: who is let in, what is stored, and when the sender hears 200."""

import asyncio

import aiohttp
import pytest
from aiohttp import DigestAuthMiddleware

from fairwatch.domain.errors import OverloadedError, RetryableError
from fairwatch.edges.credentials import issue_api_key
from tests.support.gateway_world import KEY, PASSWORD, RecordingPublisher, digested, keyed, run_gateway

HEADERS = {"X-Api-Key": KEY}
XML = b"<EventNotificationAlert/>"


async def post(gateway, path, *, data=XML, **options):
    async with aiohttp.ClientSession() as session, session.post(gateway.url + path, data=data, **options) as response:
        return response.status, response.headers, await response.read()


async def post_digest(gateway, path, *, password=PASSWORD, times=1):
    digest = DigestAuthMiddleware("camera", password)
    async with aiohttp.ClientSession(middlewares=[digest]) as session:
        statuses = []
        for number in range(times):
            async with session.post(gateway.url + path, data=XML + str(number).encode()) as response:
                statuses.append(response.status)
        return statuses


@pytest.fixture
async def gateway(tmp_path):
    async with run_gateway("http", tmp_path, [keyed("cam-1", format="hikvision-isapi")]) as running:
        yield running


async def test_event_is_stored_as_it_came(gateway):
    status, _, reply = await post(
        gateway,
        "/v1/devices/cam-1/events?token=x",
        headers={**HEADERS, "Content-Type": "application/xml", "User-Agent": "camera/1", "Cookie": "secret"},
    )
    (event,) = gateway.publisher.published
    record = event.record
    assert status == 200
    assert record["raw_id"] in reply.decode()
    assert (event.topic, event.key) == ("raw-events", "cam-1")
    assert event.headers["ce_recordedtime"] == str(gateway.clock.now()).encode()
    assert record["body"] == XML
    assert record["size"] == len(XML)
    assert record["format"] == "hikvision-isapi"
    assert record["path"] == "/v1/devices/cam-1/events"
    assert record["content_type"] == "application/xml"
    assert record["headers"] == {"user-agent": "camera/1"}
    assert record["received_at"] == gateway.clock.now()


async def test_duplicate_delivery_has_the_same_id_and_another_body_another(gateway):
    for data in (XML, XML, b"<other/>"):
        await post(gateway, "/v1/devices/cam-1/events", data=data, headers=HEADERS)
    first, again, other = (record["raw_id"] for record in gateway.publisher.records)
    assert first == again != other


async def test_bearer_token_is_an_api_key(gateway):
    status, _, _ = await post(gateway, "/v1/push/cam-1", headers={"Authorization": f"Bearer {KEY}"})
    assert status == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/push/cam-1", {}),
        ("/v1/push/cam-1", {"X-Api-Key": issue_api_key()[0]}),
        ("/v1/push/nobody", HEADERS),
        ("/v1/push/cam-1", {"Authorization": "Basic Y2FtZXJhOmNvcnJlY3Q="}),
        (f"/v1/push/cam-1/{KEY}", {}),  # not allowed for this device
        ("/v1/onvif/cam-1/wrong", {}),
    ],
    ids=["no-key", "foreign-key", "unknown-device", "basic", "key-in-the-path", "wrong-key-in-the-path"],
)
async def test_stranger_is_refused_with_a_challenge(gateway, path, headers):
    status, answer, _ = await post(gateway, path, headers=headers)
    assert status == 401
    assert [value.split()[0] for value in answer.getall("WWW-Authenticate")] == ["Digest", "Digest"]
    assert not gateway.publisher.published


async def test_key_of_one_device_opens_no_other(tmp_path):
    key, hashed = issue_api_key()
    async with run_gateway(
        "http", tmp_path, [keyed("cam-1"), {"device_id": "cam-2", "api_key_hash": hashed}]
    ) as gateway:
        assert (await post(gateway, "/v1/push/cam-1", headers={"X-Api-Key": key}))[0] == 401
        assert (await post(gateway, "/v1/push/cam-2", headers={"X-Api-Key": key}))[0] == 200


async def test_key_in_the_path_is_taken_where_allowed_and_never_stored(tmp_path):
    async with run_gateway("http", tmp_path, [keyed("cam-1", api_key_in_path=True)]) as gateway:
        status, _, _ = await post(gateway, f"/v1/push/cam-1/{KEY}")
        assert status == 200
        assert KEY not in str(gateway.publisher.records)
        assert gateway.publisher.records[0]["path"] == "/v1/push/cam-1"


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_digest_opens_the_door(tmp_path, algorithm):
    async with run_gateway("http", tmp_path, [digested(algorithms=[algorithm])]) as gateway:
        assert await post_digest(gateway, "/v1/push/cam-1", times=3) == [200, 200, 200]
        assert len(gateway.publisher.records) == 3


async def test_wrong_password_is_refused_and_guessing_slowed_down(tmp_path):
    async with run_gateway("http", tmp_path, [digested()], failure_burst=3, failures_per_s=0.1) as gateway:
        statuses = [(await post_digest(gateway, "/v1/push/cam-1", password="guess"))[0] for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]


async def test_stale_nonce_is_said_to_be_stale(tmp_path):
    async with run_gateway("http", tmp_path, [digested()]) as gateway:
        seen = []

        async def watch(request, handler):
            seen.append(dict(request.headers))
            return await handler(request)

        digest = DigestAuthMiddleware("camera", PASSWORD)
        async with aiohttp.ClientSession(middlewares=[digest, watch]) as session:
            assert (await session.post(f"{gateway.url}/v1/push/cam-1", data=XML)).status == 200
        replayed = {"Authorization": seen[-1]["Authorization"]}
        status, answer, _ = await post(gateway, "/v1/push/cam-1", headers=replayed)
        assert (status, "stale=true" in answer["WWW-Authenticate"]) == (401, True)
        gateway.clock.advance(seconds=301)
        status, answer, _ = await post(gateway, "/v1/push/cam-1", headers=replayed)
        assert (status, "stale=true" in answer["WWW-Authenticate"]) == (401, True)
        assert len(gateway.publisher.records) == 1


async def test_disabled_device_and_foreign_address_are_forbidden(tmp_path):
    key, hashed = issue_api_key()
    devices = [keyed("off", enabled=False), {"device_id": "far", "api_key_hash": hashed, "sources": ["192.0.2.0/24"]}]
    async with run_gateway("http", tmp_path, devices) as gateway:
        assert (await post(gateway, "/v1/push/off", headers=HEADERS))[0] == 403
        assert (await post(gateway, "/v1/push/far", headers={"X-Api-Key": key}))[0] == 403


async def test_forwarded_address_counts_only_from_a_trusted_proxy(tmp_path):
    devices = [keyed("far", sources=["192.0.2.0/24"])]
    headers = {**HEADERS, "X-Forwarded-For": "203.0.113.9, 192.0.2.7"}
    async with run_gateway("http", tmp_path, devices) as gateway:
        assert (await post(gateway, "/v1/push/far", headers=headers))[0] == 403
    async with run_gateway("http", tmp_path, devices, trusted_proxies=("127.0.0.1",)) as gateway:
        assert (await post(gateway, "/v1/push/far", headers=headers))[0] == 200


async def test_answer_waits_for_the_brokers_acknowledgement(gateway):
    gateway.publisher.gate.clear()
    request = asyncio.create_task(post(gateway, "/v1/push/cam-1", headers=HEADERS))
    await gateway.publisher.attempted.wait()
    await asyncio.sleep(0.05)
    assert not request.done()
    gateway.publisher.gate.set()
    assert (await request)[0] == 200


@pytest.mark.parametrize(("error", "wait"), [(OverloadedError("busy", 7), "7"), (RetryableError("broker away"), "1")])
async def test_unacknowledged_event_is_503_with_retry_after(tmp_path, error, wait):
    async with run_gateway("http", tmp_path, [keyed()], publisher=RecordingPublisher([error])) as gateway:
        status, answer, _ = await post(gateway, "/v1/push/cam-1", headers=HEADERS)
        assert (status, answer["Retry-After"]) == (503, wait)
        assert (await post(gateway, "/v1/push/cam-1", headers=HEADERS))[0] == 200


async def test_device_that_sends_too_often_is_429_until_time_passes(tmp_path):
    async with run_gateway("http", tmp_path, [keyed()], rate_per_s=1, burst=2) as gateway:
        statuses = [(await post(gateway, "/v1/push/cam-1", headers=HEADERS))[0] for _ in range(3)]
        gateway.clock.advance(seconds=1)
        statuses.append((await post(gateway, "/v1/push/cam-1", headers=HEADERS))[0])
        assert statuses == [200, 200, 429, 200]


async def test_body_above_the_inline_limit_lies_in_the_media_store(gateway):
    body = b"<a>" + b"x" * (512 * 1024) + b"</a>"
    assert (await post(gateway, "/v1/push/cam-1", data=body, headers=HEADERS))[0] == 200
    (record,) = gateway.publisher.records
    assert record["body"] == b""
    assert record["size"] == len(body)
    assert record["body_ref"]["sha256"] == record["sha256"]
    assert await gateway.media.get(record["body_ref"]["uri"]) == body


async def test_onvif_notify_is_answered_with_nothing(gateway):
    headers = {**HEADERS, "Content-Type": 'application/soap+xml; charset=utf-8; action="urn:x"'}
    status, _, reply = await post(gateway, "/v1/onvif/cam-1", headers=headers)
    assert (status, reply) == (202, b"")
    assert gateway.publisher.records[0]["format"] == "onvif-event"


async def test_health_needs_no_key_and_counts_everything(gateway):
    await post(gateway, "/v1/push/cam-1", headers=HEADERS)
    await post(gateway, "/v1/push/cam-1")
    async with aiohttp.ClientSession() as session:
        for path in ("/live", "/ready"):
            assert (await session.get(gateway.health + path)).status == 200
        text = await (await session.get(f"{gateway.health}/metrics")).text()
    assert 'fairwatch_gateway_refused_total{component="http",reason="unauthenticated"}' in text
    assert 'fairwatch_events_emitted_total{component="http",topic="raw-events"}' in text


async def test_stopping_finishes_what_is_in_flight_and_takes_nothing_new(gateway):
    gateway.publisher.gate.clear()
    request = asyncio.create_task(post(gateway, "/v1/push/cam-1", headers=HEADERS))
    await gateway.publisher.attempted.wait()
    gateway.stop.set()
    await asyncio.sleep(0.05)
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(gateway, "/v1/push/cam-1", headers=HEADERS)
    gateway.publisher.gate.set()
    assert (await request)[0] == 200
    assert await gateway.task == 0


async def test_unknown_address_is_json_too(gateway):
    status, _, reply = await post(gateway, "/v1/nothing", headers=HEADERS)
    assert status == 404
    assert b'"reason": "unsupported"' in reply


async def test_fault_of_ours_while_judging_does_not_lose_the_event(tmp_path):
    def faulty(payload, known_format):
        raise AttributeError("a bug")

    async with run_gateway("http", tmp_path, [keyed()], check=faulty) as gateway:
        assert (await post(gateway, "/v1/push/cam-1", headers=HEADERS))[0] == 200
        assert len(gateway.publisher.records) == 1


async def test_fault_of_ours_while_storing_is_500_and_not_acknowledged(tmp_path):
    publisher = RecordingPublisher([KeyError("a bug")])
    async with run_gateway("http", tmp_path, [keyed()], publisher=publisher) as gateway:
        status, _, reply = await post(gateway, "/v1/push/cam-1", headers=HEADERS)
        assert (status, b'"reason": "internal"' in reply) == (500, True)
