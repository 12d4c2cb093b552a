"""Pauses between attempts to connect grow, are shared, and end with success."""

import asyncio
import socket
import struct
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop
from aiokafka import client
from aiokafka.errors import KafkaConnectionError

from fairwatch.engine.reconnects import FIRST_S, MOST_S, BrokenAsOSError, HoldOff, hold_off

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

    async def create_conn(host: str, port: int, **_: object) -> SimpleNamespace:
        tried.append((host, port))
        if away:
            raise KafkaConnectionError("refused")
        return SimpleNamespace(_writer=SimpleNamespace(name="writer"))

    now = [0.0]
    monkeypatch.setattr(client, "create_conn", create_conn)
    for _ in range(2):  # a second time it takes the place of the first
        hold_off(HoldOff(lambda: now[0]))
    for message in ("refused", "a:1 did not answer: tried again in"):
        with pytest.raises(KafkaConnectionError, match=message):
            await client.create_conn("a", 1)
    assert tried == [HERE]
    now[0], away = MOST_S, False
    for _ in range(2):
        assert (await client.create_conn("a", 1))._writer.name == "writer"
    assert tried == [HERE] * 3


def test_on_uvloop_too_a_connection_that_has_ended_is_an_os_error_to_who_writes() -> None:
    async def ended() -> Any:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            reset = struct.pack("ii", 1, 0)  # what a close sends instead of an end
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            writer.transport.abort()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            guarded = BrokenAsOSError(writer)
            guarded.write(b"x")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            with pytest.raises(RuntimeError, match="the handler is closed"):
                writer.write(b"y")
            with pytest.raises(ConnectionResetError, match="the handler is closed"):
                guarded.write(b"y")

    uvloop.run(ended())


async def test_a_connection_that_ends_while_it_is_made_counts_as_one_that_failed(monkeypatch) -> None:
    faults = [
        RuntimeError("unable to perform operation on <TCPTransport>; the handler is closed"),
        RuntimeError("ours"),
    ]

    async def create_conn(host: str, port: int, **_: object) -> None:
        raise faults.pop(0)

    now = [0.0]
    monkeypatch.setattr(client, "create_conn", create_conn)
    hold_off(HoldOff(lambda: now[0]))
    with pytest.raises(KafkaConnectionError, match="a:1 ended the connection"):
        await client.create_conn("a", 1)
    now[0] = MOST_S
    with pytest.raises(RuntimeError, match="ours"):
        await client.create_conn("a", 1)


def test_another_fault_of_a_writer_is_not_hidden() -> None:
    class Faulty:
        def write(self, _: bytes) -> None:
            raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        BrokenAsOSError(Faulty()).write(b"")
