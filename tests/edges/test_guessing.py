"""Guessing: it is stopped before it can be right, and stops nobody else."""

import aiohttp
import pytest
from aiohttp import DigestAuthMiddleware

from fairwatch.domain.clock import ManualClock
from fairwatch.edges.auth.guesses import Guesses
from fairwatch.edges.auth.peer import Peer
from fairwatch.edges.refusal import RefusedError
from tests.support.gateway_world import KEY, PASSWORD, VIID_ID, digested, keyed, run_gateway

GUESSER, ELSEWHERE = Peer("192.0.2.7"), Peer("192.0.2.8")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def guesses(clock):
    return Guesses(0.1, 3, clock)


def refused(guesses, peer, device, **options):
    try:
        guesses.check(peer, device, **options)
    except RefusedError as error:
        return error.status == 429
    return False


def guess(guesses, peer=GUESSER, device="cam-1", times=3):
    for _ in range(times):
        guesses.failed(peer, device)


def test_an_address_that_guesses_is_refused_for_every_device_until_time_has_passed(guesses, clock):
    assert not refused(guesses, GUESSER, "cam-1", nonce="n")
    guess(guesses)
    assert [refused(guesses, GUESSER, device, nonce="n") for device in ("cam-1", "cam-2")] == [True, True]
    assert not refused(guesses, ELSEWHERE, "cam-1", nonce="n")
    clock.advance(seconds=10)
    assert not refused(guesses, GUESSER, "cam-1", nonce="n")


def test_a_device_behind_the_address_of_a_guesser_goes_on(guesses):
    guesses.proved(GUESSER, "cam-1", "proved")
    guess(guesses, device="cam-1", times=50)
    assert not refused(guesses, GUESSER, "cam-1", nonce="proved")
    assert not refused(guesses, GUESSER, "cam-1")  # a key, which nobody guesses
    assert refused(guesses, GUESSER, "cam-1", nonce="of the guesser")
    assert refused(guesses, GUESSER, "cam-2")


def test_guesses_at_others_do_not_count_against_a_device_that_is_known_there(guesses):
    guesses.proved(GUESSER, "cam-1", "proved")
    guess(guesses, device="cam-2", times=50)
    assert not refused(guesses, GUESSER, "cam-1", nonce="a new one")


def test_what_was_proved_long_ago_counts_no_more(guesses, clock):
    guesses.proved(GUESSER, "cam-1", "proved")
    clock.advance(seconds=2 * 86_400)
    guess(guesses)
    assert refused(guesses, GUESSER, "cam-1", nonce="proved")


def test_an_ipv6_customer_is_one_place_with_all_its_addresses(guesses):
    guess(guesses, Peer("2001:db8::1"))
    assert refused(guesses, Peer("2001:db8::2"), "cam-1")
    assert not refused(guesses, Peer("2001:db8:1::1"), "cam-1")


async def post(gateway, path, *, address="127.0.0.1", middlewares=(), **headers):
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with (
        aiohttp.ClientSession(connector=connector, middlewares=middlewares) as session,
        session.post(gateway.url + path, data=b"<a/>", headers=headers) as response,
    ):
        return response.status


async def test_the_right_password_among_the_guesses_is_not_told_from_a_wrong_one(tmp_path):
    async with run_gateway("http", tmp_path, [digested()], failure_burst=3, failures_per_s=0.1) as gateway:
        for _ in range(3):
            wrong = (DigestAuthMiddleware("camera", "a guess"),)
            assert await post(gateway, "/v1/push/cam-1", middlewares=wrong) == 401
        right = (DigestAuthMiddleware("camera", PASSWORD),)
        assert await post(gateway, "/v1/push/cam-1", middlewares=right) == 429
        assert await post(gateway, "/v1/push/cam-1", middlewares=right, address="127.0.0.2") == 200


async def test_a_device_that_was_there_before_a_guesser_is_not_locked_out(tmp_path):
    devices = [digested("cam-1"), keyed("cam-2")]
    async with run_gateway("http", tmp_path, devices, failure_burst=3, failures_per_s=0.1) as gateway:
        digest = (DigestAuthMiddleware("camera", PASSWORD),)
        assert await post(gateway, "/v1/push/cam-1", middlewares=digest) == 200
        assert await post(gateway, "/v1/push/cam-2", **{"X-Api-Key": KEY}) == 200
        for path in ("/v1/push/cam-1", "/v1/push/cam-2") * 5:
            assert await post(gateway, path, **{"X-Api-Key": "x" * 43}) in (401, 429)
        assert await post(gateway, "/v1/push/cam-1", middlewares=digest) == 200
        assert await post(gateway, "/v1/push/cam-2", **{"X-Api-Key": KEY}) == 200
        gateway.clock.advance(seconds=301)  # the nonce is old; the next one belongs to the device as well
        gateway.clock.advance(seconds=-1)
        for _ in range(40):
            await post(gateway, "/v1/push/cam-1", **{"X-Api-Key": "x" * 43})
        assert [await post(gateway, "/v1/push/cam-1", middlewares=digest) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (("127.0.0.0/8",), "192.0.2.7", 200),
        (("127.0.0.0/8", "10.0.0.0/8"), "192.0.2.7, 10.1.2.3", 200),
        (("127.0.0.0/8",), "192.0.2.7, 10.1.2.3", 403),
        (("::1/128", "127.0.0.1"), "192.0.2.7:443", 200),
        (("10.0.0.0/8",), "192.0.2.7", 403),
        ((), "192.0.2.7", 403),
    ],
)
async def test_proxies_are_networks(tmp_path, proxies, forwarded, status):
    devices = [keyed("far", sources=["192.0.2.0/24"])]
    async with run_gateway("http", tmp_path, devices, trusted_proxies=proxies) as gateway:
        headers = {"X-Api-Key": KEY, "X-Forwarded-For": forwarded}
        assert await post(gateway, "/v1/push/far", **headers) == status


class Client:
    """A GA/T 1400 client with one connection of its own."""

    def __init__(self, gateway, viid_id, username):
        self.url, self.headers = gateway.url, {"User-Identify": viid_id}
        self.digest = (DigestAuthMiddleware(username, PASSWORD),)
        # An address of this test alone: what another test left in Redis lives for minutes.
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.40", 0)))

    async def call(self, path, body, *, digest=False):
        middlewares = self.digest if digest else ()
        async with self.session.post(
            f"{self.url}/VIID{path}", data=body, headers=self.headers, middlewares=middlewares
        ) as response:
            return response.status


FACES = b'{"FaceListObject":{"FaceObject":[{"FaceID":"face-1"}]}}'
OTHER_ID = VIID_ID[:-1] + "2"
PLATFORMS = [
    digested("one", username="one", viid_id=VIID_ID),
    digested("two", username="two", viid_id=OTHER_ID),
]


@pytest.mark.parametrize("shared_by", ["two devices", "a setting", "redis"])
async def test_behind_a_shared_address_user_identify_is_not_enough(tmp_path, shared_by, request):
    options = {"shared_addresses": ("127.0.0.0/8",)} if shared_by == "a setting" else {}
    if shared_by == "redis":
        options = {"redis_url": request.getfixturevalue("valkey")}
    async with run_gateway("viid", tmp_path, PLATFORMS, **options) as gateway:
        one, two = Client(gateway, VIID_ID, "one"), Client(gateway, OTHER_ID, "two")
        thief = Client(gateway, VIID_ID, "")
        try:
            assert await one.call("/System/Register", b"{}", digest=True) == 200
            assert await thief.call("/Faces", FACES) == (401 if shared_by == "a setting" else 200)
            assert await two.call("/System/Register", b"{}", digest=True) == 200
            assert await thief.call("/Faces", FACES) == 401
            assert await thief.call("/System/UnRegister", b"") == 401
            assert [await client.call("/Faces", FACES) for client in (one, two)] == [200, 200]
        finally:
            for client in (one, two, thief):
                await client.session.close()


async def test_a_replayed_answer_is_stale_at_every_replica(tmp_path, valkey):
    (tmp_path / "other").mkdir()
    same = {"redis_url": valkey, "nonce_secret": b"the same"}
    async with (
        run_gateway("http", tmp_path, [digested()], **same) as one,
        run_gateway("http", tmp_path / "other", [digested()], **same) as other,
    ):
        seen = []

        async def watch(request, handler):
            seen.append(request.headers.get("Authorization"))
            return await handler(request)

        digest = DigestAuthMiddleware("camera", PASSWORD)
        assert await post(one, "/v1/push/cam-1", middlewares=(digest, watch)) == 200
        for gateway in (one, other):
            assert await post(gateway, "/v1/push/cam-1", Authorization=seen[-1]) == 401
        fresh = DigestAuthMiddleware("camera", PASSWORD)
        assert await post(other, "/v1/push/cam-1", middlewares=(fresh,)) == 200


async def test_digest_goes_on_without_redis(tmp_path):
    async with run_gateway("http", tmp_path, [digested()], redis_url="redis://127.0.0.1:1/0") as gateway:
        digest = (DigestAuthMiddleware("camera", PASSWORD),)
        assert await post(gateway, "/v1/push/cam-1", middlewares=digest) == 200
