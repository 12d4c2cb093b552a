"""Digest authentication, the server's half."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.domain.clock import ManualClock
from fairwatch.edges.auth.accounts import ha1
from fairwatch.edges.auth.digest import Digest, answer, parse_authorization


@dataclass
class Account:
    username: str = "Mufasa"
    password: str = "Circle of Life"
    algorithms: tuple = field(default=("SHA-256", "MD5"))

    def ha1(self, algorithm, realm):
        return ha1(self.username, self.password, algorithm, realm)


def reply(
    server, account=None, *, algorithm="SHA-256", nc=1, uri="/in", method="POST", challenge=None, after=None, **before
):
    """Answer a challenge as a client does."""
    account = account or Account()
    challenge = challenge or server.challenges([algorithm])[0]
    offered = parse_authorization(challenge)
    given = {
        "username": account.username,
        "realm": offered["realm"],
        "nonce": offered["nonce"],
        "opaque": offered["opaque"],
        "uri": uri,
        "qop": "auth",
        "nc": f"{nc:08x}",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }
    given |= before
    given["response"] = answer(account, algorithm, offered["realm"], method, given)
    given |= after or {}
    return f"Digest algorithm={algorithm}, " + ", ".join(f'{name}="{value}"' for name, value in given.items())


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def server(clock):
    return Digest("test", clock, lifetime_s=300)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_response_is_that_of_rfc_7616_section_3_9_1(algorithm, expected):
    given = {
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "uri": "/dir/index.html",
    }
    assert answer(Account(), algorithm, "http-auth@example.org", "GET", given) == expected


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_right_password_is_accepted(server, algorithm):
    assert await server.verify(reply(server, algorithm=algorithm), "POST", "/in", Account()) == "right"


async def test_wrong_password_is_refused(server):
    assert await server.verify(reply(server, Account(password="guess")), "POST", "/in", Account()) == "wrong"


async def test_algorithm_that_the_account_forbids_is_refused(server):
    header = reply(server, algorithm="MD5")
    assert await server.verify(header, "POST", "/in", Account(algorithms=("SHA-256",))) == "wrong"


@pytest.mark.parametrize(("method", "target"), [("PUT", "/in"), ("POST", "/elsewhere"), ("POST", "/in?x=1")])
async def test_answer_to_another_request_is_refused(server, method, target):
    assert await server.verify(reply(server), method, target, Account()) == "wrong"


async def test_whole_address_as_uri_is_understood(server):
    assert await server.verify(reply(server, uri="http://hub:8080/in"), "POST", "/in", Account()) == "right"


async def test_replayed_answer_is_stale(server):
    header = reply(server)
    assert [await server.verify(header, "POST", "/in", Account()) for _ in range(2)] == ["right", "stale"]


async def test_counts_may_arrive_out_of_order_but_once(server):
    challenge = server.challenges(["SHA-256"])[0]
    verdicts = [
        await server.verify(reply(server, nc=nc, challenge=challenge), "POST", "/in", Account())
        for nc in (1, 3, 2, 2, 100, 99, 3, 100, 0)
    ]
    assert verdicts == ["right", "right", "right", "stale", "right", "right", "stale", "stale", "stale"]


async def test_expired_nonce_is_stale(server, clock):
    header = reply(server)
    clock.advance(seconds=301)
    assert await server.verify(header, "POST", "/in", Account()) == "stale"


async def test_replay_is_noticed_after_generations_of_counts_turned(server, clock):
    clock.advance(seconds=200)
    header = reply(server)
    assert await server.verify(header, "POST", "/in", Account()) == "right"
    clock.advance(seconds=150)
    assert await server.verify(reply(server), "POST", "/in", Account()) == "right"
    assert await server.verify(header, "POST", "/in", Account()) == "stale"


async def test_nonce_of_another_server_is_stale(server, clock):
    elsewhere = Digest("test", clock)
    header = reply(elsewhere, opaque=parse_authorization(server.challenges(["MD5"])[0])["opaque"])
    assert await server.verify(header, "POST", "/in", Account()) == "stale"


async def test_replicas_with_one_secret_accept_each_others_nonces(clock):
    one, other = (Digest("test", clock, secret=b"shared") for _ in range(2))
    assert await other.verify(reply(one), "POST", "/in", Account()) == "right"


async def test_memory_does_not_grow_with_unauthenticated_callers(server):
    for _ in range(100):
        await server.verify(reply(server, Account(password="guess")), "POST", "/in", Account())
    assert not len(server._counts)


@pytest.mark.parametrize(
    "changes",
    [{"qop": "auth-int"}, {"nc": "1"}, {"nc": "zzzzzzzz"}, {"cnonce": ""}, {"realm": "x"}, {"opaque": "x"},
     {"username": "x"}, {"nonce": "x"}, {"nonce": "zz.1.2"}, {"nonce": "é"}, {"response": ""}, {"response": "é"}],
)  # fmt: skip
async def test_changed_answer_is_refused(server, changes):
    assert await server.verify(reply(server, after=changes), "POST", "/in", Account()) == "wrong"


@pytest.mark.parametrize("nonce", ["", "x", "zz.1.2", "é"])
async def test_invented_nonce_is_stale_even_with_the_right_password(server, nonce):
    assert await server.verify(reply(server, nonce=nonce), "POST", "/in", Account()) == "stale"


@given(st.text())
def test_any_header_gives_a_verdict(text):
    server = Digest("test", ManualClock())
    for header in (text, f"Digest {text}"):
        assert asyncio.run(server.verify(header, "POST", "/in", Account())) == "wrong"
