"""Pauses between attempts to connect grow, are shared, and end with success."""

import pytest
from aiokafka import client
from aiokafka.errors import KafkaConnectionError

from fairwatch.engine.reconnects import FIRST_S, MOST_S, HoldOff, hold_off

HERE, THERE = ("a", 1), ("b", 1)


def test_pauses_grow_to_their_bound_for_one_address_alone() -> None:
    now = [0.0]
    pauses = HoldOff(lambda: now[0])
    seen = []
    for _ in range(8):
        assert pauses.left_s(HERE) == 0.0
        pauses.failed(HERE)
        seen.append(pauses.left_s(HERE))
        assert pauses.left_s(THERE) == 0.0
        now[0] += seen[-1]
    assert seen[0] <= FIRST_S
    assert seen[1] > seen[0]
    assert all(0.75 * MOST_S <= pause <= MOST_S for pause in seen[-2:])
    pauses.succeeded(HERE)
    pauses.failed(HERE)
    assert pauses.left_s(HERE) <= FIRST_S


async def test_clients_do_not_connect_while_a_pause_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    tried, away = [], True

    async def create_conn(host: str, port: int, **_: object) -> str:
        tried.append((host, port))
        if away:
            raise KafkaConnectionError("refused")
        return "connection"

    now = [0.0]
    monkeypatch.setattr(client, "create_conn", create_conn)
    for _ in range(2):  # a second time it takes the place of the first
        hold_off(HoldOff(lambda: now[0]))
    for message in ("refused", "a:1 did not answer: tried again in"):
        with pytest.raises(KafkaConnectionError, match=message):
            await client.create_conn("a", 1)
    assert tried == [HERE]
    now[0], away = MOST_S, False
    assert await client.create_conn("a", 1) == "connection"
    assert await client.create_conn("a", 1) == "connection"
    assert tried == [HERE] * 3
