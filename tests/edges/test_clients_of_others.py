"""Clients that nobody here wrote: what they do differently and harmlessly is taken."""

import asyncio
import codecs
import json

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.edges.auth.accounts import ha1
from fairwatch.edges.auth.digest import Digest, answer, parse_authorization
from tests.support.gateway_world import KEY, PASSWORD, VIID_ID, digested, keyed, run_gateway

DEVICES = [digested("gat-platform", username="platform", viid_id=VIID_ID)]
FACES = b'{"FaceListObject":{"FaceObject":[{"FaceID":"face-1"}]}}'


class PlainAccount:
    username, algorithms = "platform", ("MD5",)

    def ha1(self, algorithm, realm):
        return ha1(self.username, PASSWORD, algorithm, realm)


def parted(challenge):
    """Part a challenge as the simplest clients do: at each comma, without trimming."""
    words = dict(part.split("=", 1) for part in challenge.removeprefix("Digest ").split(","))
    return {name: value.strip('"') for name, value in words.items()}


def sloppy_answer(challenge, path, method="POST", **changes):
    given = parted(challenge)
    words = {name: given[name] for name in ("realm", "nonce")}
    words |= {"username": "platform", "uri": path, "qop": "auth", "nc": "1", "cnonce": "0a4f", **changes}
    words["response"] = answer(PlainAccount(), "MD5", words["realm"], method, words)
    return "Digest " + ",".join(f'{name}="{value}"' for name, value in words.items()).removesuffix('"')


async def talk(gateway, method, path, body=b"", connection=None, **headers):
    """Send one request over a bare connection; return status, headers in lower case and body."""
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    lines = {"Host": "hub", "Content-Length": len(body)} | {k.replace("_", "-"): v for k, v in headers.items()}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
    writer.write(head.encode() + body)
    async with asyncio.timeout(10):
        await writer.drain()
        status, *found = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        received = [tuple(line.split(": ", 1)) for line in found]
        size = next((int(value) for name, value in received if name == "Content-Length"), 0)
        text = await reader.readexactly(size)
    if connection is None:
        writer.close()
    return int(status.split()[1]), received, text


def challenge_of(headers):
    return next(value for name, value in headers if name == "WWW-Authenticate")


async def register(gateway, body, path="/VIID/System/Register", **headers):
    status, said, _ = await talk(gateway, "POST", path, body, **headers)
    assert status == 401
    return await talk(gateway, "POST", path, body, Authorization=sloppy_answer(challenge_of(said), path), **headers)


@pytest.fixture
async def gateway(tmp_path):
    async with run_gateway("viid", tmp_path, DEVICES) as running:
        yield running


@pytest.mark.parametrize(
    "body",
    [
        b'{"RegisterObject":{"DeviceID":"%s"}}',
        b'{"registerObject":{"deviceID":"%s"}}',
        b'{"DeviceID":"%s"}',
        codecs.BOM_UTF8 + b'{"RegisterObject":{"DeviceID":"%s"}}',
    ],
)
async def test_a_client_that_names_itself_in_the_body_alone_registers(gateway, body):
    status, _, _ = await register(gateway, body % VIID_ID.encode())
    assert status == 200


async def test_a_call_without_credentials_is_401_whatever_its_body_is(gateway):
    for body in (b"", b"{", b"[1]", b"{}", b"x" * 100_000):
        status, headers, _ = await talk(gateway, "POST", "/VIID/System/Register", body)
        assert (status, "realm" in challenge_of(headers)) == (401, True)


async def test_the_header_wins_over_the_body(gateway):
    assert (await register(gateway, b'{"RegisterObject":{"DeviceID":"1"}}', USER_IDENTIFY=VIID_ID))[0] == 200
    for body in (b'{"keepaliveObject":{"deviceID":"1"}}', b"{}", b"", b'{"DeviceID":1}'):
        assert (await talk(gateway, "POST", "/VIID/System/Keepalive", body, user_identify=VIID_ID))[0] == 200


async def test_a_session_is_kept_alive_and_closed_without_digest(gateway):
    named = VIID_ID.encode()
    await register(gateway, b'{"DeviceID":"%s"}' % named)
    assert (await talk(gateway, "POST", "/VIID/System/Keepalive", b'{"DeviceID":"%s"}' % named))[0] == 200
    assert (await talk(gateway, "POST", "/VIID/System/UnRegister/", b'{"deviceid":"%s"}' % named))[0] == 200
    assert (await talk(gateway, "POST", "/VIID/Faces", FACES, User_Identify=VIID_ID))[0] == 401


async def test_lists_with_a_byte_order_mark_and_a_slash_behind_the_path_are_taken(gateway):
    await register(gateway, b'{"DeviceID":"%s"}' % VIID_ID.encode(), path="/VIID/System/Register/")
    for path, body in (("/VIID/Faces/", FACES), ("/VIID/Faces", codecs.BOM_UTF8 + FACES)):
        status, _, text = await talk(gateway, "POST", path, body, User_Identify=VIID_ID)
        assert status == 200, text
    assert len(gateway.publisher.records) == 2


async def test_local_time_is_that_of_beijing_unless_somebody_says_another_zone(tmp_path):
    clock = ManualClock(1_793_951_585_000_000)  # 2026-11-06T07:53:05Z
    async with run_gateway("viid", tmp_path, DEVICES, clock=clock) as gateway:
        _, _, text = await register(gateway, b'{"DeviceID":"%s"}' % VIID_ID.encode())
        assert json.loads(text)["ResponseStatusObject"]["LocalTime"] == "20261106155305"
        _, _, text = await talk(gateway, "GET", "/VIID/System/Time", User_Identify=VIID_ID)
        assert json.loads(text)["SystemTimeObject"]["LocalTime"] == "20261106155305"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('Digest a="1", b="2', {"a": "1", "b": "2"}),
        ('Digest a="1",b=2,', {"a": "1", "b": "2"}),
        ('digest a="x, y",  b = "2"', {"a": "x, y", "b": "2"}),
        ('Digest a="1" b="2"', None),
        ('Digest a="1", a="2"', None),
        ("Basic a", None),
    ],
)
def test_an_answer_is_read_as_widely_as_it_is_unambiguous(header, found):
    assert parse_authorization(header) == found


def test_a_challenge_that_is_parted_without_trimming_can_be_answered():
    server = Digest("test", ManualClock())
    (challenge,) = server.challenges(["MD5"])
    assert set(parted(challenge)) == {"realm", "qop", "algorithm", "nonce", "opaque"}


async def test_a_camera_that_writes_everything_before_it_reads_sees_its_401(tmp_path):
    async with run_gateway("http", tmp_path, [keyed()]) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        size = 3_000_000
        writer.write(b"POST /v1/push/cam-1 HTTP/1.1\r\nHost: hub\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(23):  # longer than the two seconds after which it used to be cut off
            writer.write(b"x" * (size // 24))
            await writer.drain()
            await asyncio.sleep(0.09)
        writer.write(b"x" * (size // 24))
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 401")
        writer.close()


async def test_a_doorbell_that_writes_a_blank_behind_the_version_is_heard_once(tmp_path):
    body = b"<Envelope/>"
    request = (
        f"POST /v1/onvif/cam-1/{KEY} HTTP/1.1 \r\nHost: hub\r\nContent-Type: application/soap+xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    async with run_gateway("http", tmp_path, [keyed(api_key_in_path=True)]) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        for piece in (request[:20], request[20:90], request[90:], b"\r\n" + request):
            writer.write(piece)
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            answers = [await reader.readuntil(b"\r\n\r\n") for _ in range(2)]
        writer.close()
    assert [line.split(b"\r\n")[0] for line in answers] == [b"HTTP/1.1 200 OK"] * 2
    assert [record["body"] for record in gateway.publisher.records] == [body] * 2
    assert KEY not in str(gateway.publisher.records)


@pytest.mark.parametrize(
    "request_",
    [
        "POST /v1/push/cam-1/{key} HTTP/1.1 x\r\n\r\n",
        "POST /v1/push/cam-1/{key} \r\n\r\n",
        "POST /v1/push/cam-1/{key} HTTP/9.9\r\n\r\n",
        "P\x00ST /v1/push/cam-1/{key} HTTP/1.1\r\n\r\n",
        "POST /v1/push/cam-1/ {key} HTTP/1.1\r\n\r\n",
        "POST /v1/push/cam-1 HTTP/1.1\r\nX-Api-Key: {key}\x00\r\n\r\n",
        "POST /v1/push/cam-1 HTTP/1.1\r\nX-Api-Key {key}\r\n\r\n",
        "POST /v1/push/cam-1/{key}" + "x" * 9000 + " HTTP/1.1\r\n\r\n",
        "POST /v1/push/cam-1/{key} HTTP/1.1\r\nContent-Length: zz\r\n\r\n",
        "GET /nowhere/{key} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "POST /v1/push/cam-1/{key} HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    ],
)
@pytest.mark.parametrize("kind", ["http", "viid"])
async def test_a_broken_request_shows_its_key_to_nobody(tmp_path, capfd, caplog, kind, request_):
    async with run_gateway(kind, tmp_path, [keyed(api_key_in_path=True)], body_timeout_s=0.2) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(request_.format(key=KEY).encode("latin-1"))
        async with asyncio.timeout(5):
            answer_ = await reader.read()
        writer.close()
    said = capfd.readouterr()
    assert answer_.split()[1].startswith(b"4")
    assert KEY not in answer_.decode() + said.out + said.err + caplog.text


async def test_a_sender_that_hangs_up_is_no_internal_error_of_ours(tmp_path, capfd):
    async with run_gateway("http", tmp_path, [keyed()]) as gateway:
        _, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        head = f"POST /v1/push/cam-1 HTTP/1.1\r\nHost: h\r\nX-Api-Key: {KEY}\r\nContent-Length: 100\r\n\r\n<a>"
        writer.write(head.encode())
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()
        await asyncio.sleep(0.05)
    said = capfd.readouterr()
    assert "request failed" not in said.out + said.err
    assert not gateway.publisher.published
