"""GA/T 1400 server: registration, sessions bound to their peer, data resources and status lists."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import DigestAuthMiddleware

from fairwatch.domain.errors import OverloadedError, RejectedError
from fairwatch.stores.viid_sessions import MemorySessions
from tests.support.gateway_world import PASSWORD, VIID_ID, RecordingPublisher, digested, run_gateway

MEDIA_TYPE = "application/VIID+JSON;charset=UTF-8"
DEVICES = [digested("gat-platform", username="platform", viid_id=VIID_ID)]
FACES = {"FaceListObject": {"FaceObject": [{"FaceID": "face-1", "DeviceID": "x"}, {"FaceID": "face-2"}]}}


class Platform:
    """A platform that speaks GA/T 1400 from a source address of its choice."""

    def __init__(self, gateway, *, password=PASSWORD, viid_id=VIID_ID, address="127.0.0.1"):
        self.gateway, self.viid_id, self.address = gateway, viid_id, address
        self.digest = DigestAuthMiddleware("platform", password)

    async def call(self, method, path, body=None, *, digest=False, headers=None):
        connector = aiohttp.TCPConnector(local_addr=(self.address, 0))
        middlewares = [self.digest] if digest else []
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        headers = {"user-identify": self.viid_id, "Content-Type": MEDIA_TYPE} if headers is None else headers
        async with (
            aiohttp.ClientSession(connector=connector, middlewares=middlewares) as session,
            session.request(method, f"{self.gateway.url}/VIID{path}", data=data, headers=headers) as response,
        ):
            assert response.headers["Content-Type"] == MEDIA_TYPE
            return response.status, json.loads(await response.read()), response.headers

    async def register(self, **options):
        return await self.call(
            "POST", "/System/Register", {"RegisterObject": {"DeviceID": self.viid_id}}, digest=True, **options
        )

    async def post(self, path, body, **options):
        status, reply, _ = await self.call("POST", path, body, **options)
        return status, reply


def code(reply):
    return reply["ResponseStatusObject"]["StatusCode"]


@pytest.fixture
async def gateway(tmp_path):
    async with run_gateway("viid", tmp_path, DEVICES) as running:
        yield running


@pytest.fixture
async def registered(gateway):
    platform = Platform(gateway)
    assert (await platform.register())[0] == 200
    return platform


async def test_register_challenges_first_with_md5_and_sha_256(gateway):
    status, reply, headers = await Platform(gateway).call("POST", "/System/Register", None)
    assert (status, code(reply)) == (401, 4)
    challenges = headers.getall("WWW-Authenticate")
    assert ["algorithm=MD5" in challenges[0], "algorithm=SHA-256" in challenges[1]] == [True, True]


@pytest.mark.parametrize("algorithms", [["MD5"], ["SHA-256"]])
async def test_register_with_the_right_digest_is_answered_with_status_0(tmp_path, algorithms):
    devices = [digested("gat", username="platform", algorithms=algorithms, viid_id=VIID_ID)]
    async with run_gateway("viid", tmp_path, devices) as gateway:
        status, reply, _ = await Platform(gateway).register()
        assert status == 200
        assert reply["ResponseStatusObject"] == {
            "RequestURL": "/VIID/System/Register",
            "StatusCode": 0,
            "StatusString": "OK",
            "Id": VIID_ID,
            "LocalTime": "20260101080000",
        }


async def test_register_takes_the_id_from_the_body_when_the_header_is_missing(gateway):
    for body in ({"RegisterObject": {"DeviceID": VIID_ID}}, {"Register": {"DeviceID": VIID_ID}}):
        status, _, _ = await Platform(gateway).call("POST", "/System/Register", body, digest=True, headers={})
        assert status == 200


async def test_wrong_password_and_unknown_device_get_the_same_answer(gateway):
    for platform in (Platform(gateway, password="guess"), Platform(gateway, viid_id="3" * 20)):
        status, reply, headers = await platform.register()
        assert (status, code(reply), len(headers.getall("WWW-Authenticate"))) == (401, 4, 2)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"{", 400, 7),
        (b"[1]", 400, 8),
        (b"[" * 100_000, 413, 1),
    ],
)
async def test_register_that_cannot_be_understood_is_refused(gateway, body, status, expected):
    found, reply, _ = await Platform(gateway).call("POST", "/System/Register", body, digest=True)
    assert (found, code(reply)) == (status, expected)


async def test_objects_get_one_status_each_and_one_raw_event(registered):
    status, reply = await registered.post("/Faces", FACES)
    statuses = reply["ResponseStatusListObject"]["ResponseStatusObject"]
    assert status == 200
    assert [(s["Id"], s["StatusCode"]) for s in statuses] == [("face-1", 0), ("face-2", 0)]
    (event,) = registered.gateway.publisher.published
    assert event.key == event.record["device_id"] == "gat-platform"
    assert event.record["format"] == "gat1400"
    assert event.record["gateway"] == "viid"
    assert event.record["path"] == "/VIID/Faces"
    assert event.record["content_type"] == MEDIA_TYPE
    assert json.loads(event.record["body"]) == FACES


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/Persons", {"PersonListObject": {"PersonObject": [{"PersonID": "a"}]}}, ["a"]),
        ("/MotorVehicles", {"MotorVehicleListObject": {"MotorVehicleObject": [{"MotorVehicleID": "a"}]}}, ["a"]),
        ("/NonMotorVehicles", {"NonMotorVehicleObject": {"NonMotorVehicleID": "a"}}, ["a"]),
        ("/Images", {"ImageListObject": {"Image": [{"ImageInfo": {"ImageID": "a"}, "Data": ""}]}}, ["a"]),
        ("/VideoSlices", {"VideoSliceListObject": {"VideoSlice": [{"VideoSliceInfo": {"VideoID": "a"}}]}}, ["a"]),
        ("/Files", {"FileListObject": {"File": [{"FileInfo": {"FileID": "a"}}]}}, ["a"]),
        ("/Dispositions", {"DispositionListObject": {"DispositionObject": [{"DispositionID": "a"}]}}, ["a"]),
        ("/SubscribeNotifications", {"SubscribeNotificationObject": [{"NotificationID": "a"}]}, ["a"]),
        ("/APEs", {"APEListObject": {"APEObject": [{"ApeID": "a"}, {}]}}, ["a", ""]),
        ("/Faces", {"FaceObject": [{"FaceID": 18446744073709551615}]}, ["18446744073709551615"]),
        ("/Persons", {"personListObject": {"personObject": [{"personID": "a"}]}}, ["a"]),
        ("/Persons", {"PersonList": {"PersonObject": [{"PersonID": "a"}]}}, ["a"]),
    ],
)  # fmt: skip
async def test_every_collection_is_taken_and_its_ids_are_answered(registered, path, body, expected):
    for method in ("POST", "PUT"):
        status, reply, _ = await registered.call(method, path, body)
        assert status == 200
        assert [s["Id"] for s in reply["ResponseStatusListObject"]["ResponseStatusObject"]] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"FaceListObject":{"FaceObject":[{"FaceID":"a"}', 7),
        (b"[" * 100_000, 7),
        (b"\xff\xfe", 7),
        (b"[]", 8),
        (b'{"FaceListObject":{"FaceObject":[]}}', 8),
        (b'{"FaceListObject":{"FaceObject":["a"]}}', 8),
        (b'{"PersonListObject":{"PersonObject":[{}]}}', 8),
        (b'<?xml version="1.0"?><FaceListObject/>', 5),
    ],
)
async def test_body_that_cannot_be_used_is_400_with_its_code_and_kept(registered, body, expected):
    status, reply = await registered.post("/Faces", body)
    assert status == 400
    assert [s["StatusCode"] for s in reply["ResponseStatusListObject"]["ResponseStatusObject"]] == [expected]
    assert [record["body"] for record in registered.gateway.publisher.records] == [body]


async def test_content_that_the_adapter_refuses_is_8_for_each_object(tmp_path):
    refuse = RejectedError("invalid_field", "FaceObject.LeftTopX is -7", "LeftTopX")
    async with run_gateway("viid", tmp_path, DEVICES, check=lambda *_: refuse) as gateway:
        platform = Platform(gateway)
        await platform.register()
        status, reply = await platform.post("/Faces", FACES)
        statuses = reply["ResponseStatusListObject"]["ResponseStatusObject"]
        assert status == 400
        assert [(s["Id"], s["StatusCode"], s["StatusString"]) for s in statuses] == [
            ("face-1", 8, "FaceObject.LeftTopX is -7"),
            ("face-2", 8, "FaceObject.LeftTopX is -7"),
        ]
        assert len(gateway.publisher.records) == 1


async def test_empty_and_oversized_bodies_are_refused(tmp_path):
    async with run_gateway("viid", tmp_path, DEVICES, max_body_bytes=1000) as gateway:
        platform = Platform(gateway)
        await platform.register()
        assert (await platform.post("/Faces", b""))[0] == 400
        assert (await platform.post("/Faces", b"x" * 1001))[0] == 413
        assert not gateway.publisher.published


async def test_data_without_registration_is_401(gateway):
    status, reply = await Platform(gateway).post("/Faces", FACES)
    assert (status, code(reply)) == (401, 4)
    assert not gateway.publisher.published


async def test_right_user_identify_from_another_peer_is_401(registered):
    stranger = Platform(registered.gateway, address="127.0.0.2")
    assert (await stranger.post("/Faces", FACES))[0] == 401
    assert (await stranger.post("/System/Keepalive", {"KeepaliveObject": {"DeviceID": VIID_ID}}))[0] == 401
    assert (await registered.post("/Faces", FACES))[0] == 200


async def test_device_that_moved_registers_again_and_its_old_address_is_out(registered):
    moved = Platform(registered.gateway, address="127.0.0.2")
    assert (await moved.register())[0] == 200
    assert (await moved.post("/Faces", FACES))[0] == 200
    assert (await registered.post("/Faces", FACES))[0] == 401


async def test_digest_on_a_data_call_registers_anew(gateway):
    platform = Platform(gateway)
    assert (await platform.post("/Faces", FACES, digest=True))[0] == 200
    assert (await platform.post("/Faces", FACES))[0] == 200


async def test_session_ends_five_minutes_after_the_last_request(registered):
    clock = registered.gateway.clock
    for _ in range(3):
        clock.advance(seconds=290)
        assert (await registered.post("/System/Keepalive", {"KeepaliveObject": {"DeviceID": VIID_ID}}))[0] == 200
    alive = [state for _, state in registered.gateway.publisher.statuses]
    assert alive == ["ALIVE"] * 4, "a keepalive is a sign of life, though it becomes no event"
    clock.advance(seconds=300)
    assert (await registered.post("/Faces", FACES))[0] == 401


async def test_requests_that_follow_each_other_write_their_session_once(registered, monkeypatch):
    written, put = [], MemorySessions.put

    async def noted(self, viid_id, session):
        written.append(session.expires_at)
        await put(self, viid_id, session)

    monkeypatch.setattr(MemorySessions, "put", noted)
    for seconds in (0, 1, 4, 0):
        registered.gateway.clock.advance(seconds=seconds)
        assert (await registered.post("/Faces", FACES))[0] == 200
    assert written == [registered.gateway.clock.now() + 300_000_000], "once a hundredth of its life is over"


async def test_unregister_ends_the_session_of_its_peer_alone(registered):
    body = {"UnRegisterObject": {"DeviceID": VIID_ID}}
    stranger = Platform(registered.gateway, address="127.0.0.2")
    assert (await stranger.post("/System/UnRegister", body))[0] == 401
    assert (await registered.post("/Faces", FACES))[0] == 200
    registered.gateway.clock.advance(seconds=10)
    assert (await registered.post("/System/UnRegister", body))[0] == 200
    assert registered.gateway.publisher.statuses[-1][1] == "GONE"
    assert (await registered.post("/Faces", FACES))[0] == 401


async def test_time_is_told_in_the_configured_zone(tmp_path):
    async with run_gateway(
        "viid", tmp_path, DEVICES, viid_time_zone="Europe/Berlin", viid_server_id=VIID_ID
    ) as gateway:
        platform = Platform(gateway)
        assert (await platform.call("GET", "/System/Time"))[0] == 401
        await platform.register()
        _, reply, _ = await platform.call("GET", "/System/Time")
        assert reply["SystemTimeObject"] == {
            "VIIDServerID": VIID_ID,
            "TimeMode": "1",
            "LocalTime": "20260101010000",
            "TimeZone": "Europe/Berlin",
        }


async def test_answer_waits_for_the_broker_and_is_busy_without_it(tmp_path):
    async with run_gateway(
        "viid", tmp_path, DEVICES, publisher=RecordingPublisher([OverloadedError("busy", 3)])
    ) as gateway:
        platform = Platform(gateway)
        await platform.register()
        status, reply, headers = await platform.call("POST", "/Faces", FACES)
        assert (status, code(reply), headers["Retry-After"]) == (503, 2, "3")
        gateway.publisher.gate.clear()
        gateway.publisher.attempted.clear()
        request = asyncio.create_task(platform.post("/Faces", FACES))
        await gateway.publisher.attempted.wait()
        assert not request.done()
        gateway.publisher.gate.set()
        assert (await request)[0] == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/Subscribes"), ("GET", "/Faces"), ("DELETE", "/Faces"), ("GET", "/")]
)
async def test_operation_that_is_not_served_is_status_4(registered, method, path):
    status, reply, _ = await registered.call(method, path)
    assert (status in (404, 405), code(reply)) == (True, 4)


async def test_replicas_share_sessions_in_redis(tmp_path, valkey):
    (tmp_path / "other").mkdir()
    async with (
        run_gateway("viid", tmp_path, DEVICES, redis_url=valkey) as one,
        run_gateway("viid", tmp_path / "other", DEVICES, redis_url=valkey) as other,
    ):
        await Platform(one).register()
        assert (await Platform(other).post("/Faces", FACES))[0] == 200
        assert (await Platform(other, address="127.0.0.2").post("/Faces", FACES))[0] == 401


async def test_session_store_that_is_away_is_busy(tmp_path):
    async with run_gateway("viid", tmp_path, DEVICES, redis_url="redis://127.0.0.1:1/0") as gateway:
        status, reply, headers = await Platform(gateway).register()
        assert (status, code(reply), "Retry-After" in headers) == (503, 2, True)
