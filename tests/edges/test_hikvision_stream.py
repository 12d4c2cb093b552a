"""The puller of Hikvision's event stream, against a camera of our own."""

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from fairwatch.domain.clock import ManualClock
from fairwatch.edges.auth.accounts import ha1
from fairwatch.edges.auth.digest import Digest
from fairwatch.edges.hikvision_stream.heartbeats import Heartbeats
from fairwatch.edges.hikvision_stream.parts import PartCutter, content_of
from fairwatch.formats.catalogue import decode
from fairwatch.formats.payload import Payload
from fairwatch.stores.leases import RedisLeases
from tests.support.gateway_world import PASSWORD, RecordingPublisher, device, run_gateway, write_devices

JPEG = b"\xff\xd8\xff\xd9"


def event(kind="linedetection", state="active", second=1, channel=1):
    return (
        f'<EventNotificationAlert version="2.0"><channelID>{channel}</channelID>'
        f"<dateTime>2026-07-01T12:00:{second:02d}+02:00</dateTime>"
        f"<eventType>{kind}</eventType><eventState>{state}</eventState></EventNotificationAlert>"
    ).encode()


def part(content, mime="application/xml", length=True):
    stated = f"Content-Length: {len(content)}\r\n" if length else ""
    return f"--boundary\r\nContent-Type: {mime}\r\n{stated}\r\n".encode() + content + b"\r\n"


BEAT = part(event("videoloss", "inactive"))


class Account:
    username, algorithms = "hub", ("MD5", "SHA-256")

    def ha1(self, algorithm, realm):
        return ha1(self.username, PASSWORD, algorithm, realm)


class Camera:
    """Serves its stream to whoever knows the password; sends what the test says."""

    def __init__(self):
        self.digest, self.readers, self.most, self.refused = Digest("camera", ManualClock()), [], 0, 0
        self.came = asyncio.Event()

    async def stream(self, request):
        header = request.headers.get("Authorization", "")
        verdict = await self.digest.verify(header, "GET", request.raw_path, Account()) if header else "wrong"
        if verdict != "right":
            self.refused += bool(header)
            challenges = self.digest.challenges(["SHA-256"])
            return web.Response(status=401, headers={"WWW-Authenticate": challenges[0]})
        response = web.StreamResponse(headers={"Content-Type": "multipart/mixed; boundary=boundary"})
        await response.prepare(request)
        gone = asyncio.Event()
        self.readers.append((response, gone))
        self.most = max(self.most, len(self.readers))
        self.came.set()
        try:
            await gone.wait()
        finally:
            self.readers.remove((response, gone))
        return response

    async def send(self, *pieces):
        for piece in pieces:
            for response, _ in list(self.readers):
                with suppress(ConnectionError):  # one that is gone and has not been noticed
                    await response.write(piece)
            await asyncio.sleep(0)

    async def reader(self):
        async with asyncio.timeout(10):
            await self.came.wait()
            self.came.clear()


@asynccontextmanager
async def camera():
    made = Camera()
    app = web.Application()
    app.router.add_get("/ISAPI/Event/notification/alertStream", made.stream)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


def pulled(made, folder, *, password=PASSWORD, **options):
    (folder / "camera.password").write_text(password)
    stream = {"url": made.url, "username": "hub", "password_file": "camera.password", **options}
    return [device("cam-1", alert_stream=stream)]


async def test_events_are_published_with_their_pictures_and_heartbeats_are_not(tmp_path):
    async with camera() as made, run_gateway("hikvision-stream", tmp_path, pulled(made, tmp_path)) as gateway:
        await made.reader()
        await made.send(BEAT, part(event(second=1)), BEAT, b"--boundary\r\n", part(event(second=2)))
        await made.send(part(JPEG, "image/jpeg"), part(JPEG, "image/jpeg"), BEAT)
        first, second = await gateway.publisher.wait_for(2)
    assert gateway.publisher.statuses[0] == ("cam-1", "ALIVE")
    assert first["body"] == event(second=1)
    assert (first["gateway"], first["device_id"], first["format"]) == ("hikvision-stream", "cam-1", "hikvision-isapi")
    decoded = decode(Payload(second["body"], second["content_type"], device_id="cam-1"), "hikvision-isapi")
    ((_, record),) = decoded.records
    assert (record["event_type"], len(record["media"])) == ("line.crossed", 2)


async def test_an_event_without_a_length_and_a_next_one_is_not_held_back(tmp_path):
    async with camera() as made, run_gateway("hikvision-stream", tmp_path, pulled(made, tmp_path)) as gateway:
        await made.reader()
        await made.send(part(event()))
        (record,) = await gateway.publisher.wait_for(1)
        assert record["body"] == event()


async def test_a_silent_stream_is_silent_and_is_asked_for_again(tmp_path):
    async with (
        camera() as made,
        run_gateway("hikvision-stream", tmp_path, pulled(made, tmp_path, silence_s=0.2)) as gateway,
    ):
        await made.reader()
        await made.reader()
        await made.send(part(event()), BEAT)
        assert len(await gateway.publisher.wait_for(1)) == 1


async def test_a_wrong_password_is_not_tried_until_the_account_is_locked(tmp_path):
    async with (
        camera() as made,
        run_gateway("hikvision-stream", tmp_path, pulled(made, tmp_path, password="wrong one")),
    ):
        async with asyncio.timeout(5):
            while not made.refused:  # noqa: ASYNC110  # the camera is asked once
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert made.refused == 1
        assert not made.readers


async def test_one_replica_reads_a_device_and_another_goes_on_when_it_is_gone(tmp_path, valkey):
    folder, publisher = tmp_path / "other", RecordingPublisher()
    folder.mkdir()
    same = {"publisher": publisher, "redis_url": valkey, "lease_s": 3}
    async with camera() as made, AsyncExitStack() as others, AsyncExitStack() as first:
        await first.enter_async_context(run_gateway("hikvision-stream", tmp_path, pulled(made, tmp_path), **same))
        await made.reader()
        await others.enter_async_context(run_gateway("hikvision-stream", folder, pulled(made, folder), **same))
        await asyncio.sleep(0.2)
        assert not made.came.is_set()
        await first.aclose()
        await made.reader()
        await made.send(part(event()), BEAT)
        await publisher.wait_for(1)


async def test_a_stream_is_read_from_when_its_device_is_registered_until_it_is_disabled(tmp_path):
    async with camera() as made, run_gateway("hikvision-stream", tmp_path, []) as gateway:
        write_devices(tmp_path, pulled(made, tmp_path))
        await made.reader()
        await made.send(part(event()), BEAT)
        await gateway.publisher.wait_for(1)
        write_devices(tmp_path, [one | {"enabled": False} for one in pulled(made, tmp_path)])
        async with asyncio.timeout(5):
            while made.readers:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_a_lease_is_its_holders_alone_until_it_ends(valkey):
    async with Redis.from_url(valkey) as redis:
        one, other = (RedisLeases(redis, name, 30) for name in ("one", "other"))
        assert [await one.hold("cam"), await one.hold("cam"), await other.hold("cam")] == [True, True, False]
        await other.release("cam")
        assert not await other.hold("cam")
        await one.release("cam")
        assert await other.hold("cam")
        await other.release("cam")


@given(st.integers(0, 2**32), st.booleans())
def test_a_stream_is_cut_alike_however_it_arrives(seed, length):
    contents = [event(second=n) for n in range(4)]
    stream = b"".join(part(content, length=length) for content in contents) + b"--boundary\r\n"
    cutter, shuffle, found, at = PartCutter(1 << 20), random.Random(seed), [], 0
    while at < len(stream):
        size = shuffle.randint(1, 200)
        found += cutter.feed(stream[at : at + size])
        at += size
    assert [content_of(one).strip() for one in found] == contents


def test_a_length_that_would_cut_the_document_is_not_believed():
    short = part(event()).replace(f"Content-Length: {len(event())}".encode(), b"Content-Length: 20")
    (found,) = PartCutter(1 << 20).feed(short + b"--boundary\r\n")
    assert content_of(found).strip() == event()


def test_the_end_of_a_loss_of_video_is_no_heartbeat():
    beats = Heartbeats()
    said = [("videoloss", "inactive"), ("videoloss", "active"), ("videoloss", "inactive"), ("videoloss", "inactive")]
    assert [beats.is_one(event(*one)) for one in said] == [True, False, False, True]
    assert not beats.is_one(event("linedetection", "inactive"))
    assert beats.is_one(b'{"eventType": "heartBeat", "eventState": "active"}') is False
