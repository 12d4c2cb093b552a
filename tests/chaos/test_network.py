"""The proxy cuts off one process and no other."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest

from fairwatch.apps.embedded import free_port
from tests.chaos.network import Network

OTHER = """import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
for line in sys.stdin:
    s.sendall(line.encode()); print(s.recv(100).decode(), end="", flush=True)
"""


@pytest.fixture
async def network() -> AsyncIterator[tuple[Network, int]]:
    """Give a proxy in front of an echo, and its port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    front = free_port()
    async with Network([(front, server.sockets[0].getsockname()[1])]) as network:
        yield network, front
    server.close()


async def _answer(port: int, streams: tuple | None = None) -> tuple[bytes, tuple]:
    reader, writer = streams or await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello")
    return await asyncio.wait_for(reader.read(100), 5), (reader, writer)


async def test_bytes_go_through(network):
    answer, (_, writer) = await _answer(network[1])
    assert answer == b"hello"
    writer.close()


async def test_silence_holds_what_is_said_until_it_is_over(network):
    proxy, port = network
    _, (reader, writer) = await _answer(port)
    await proxy.cut(os.getpid(), "silence")
    writer.write(b"anybody?")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(100), 0.3)
    await proxy.heal(os.getpid())
    assert await asyncio.wait_for(reader.read(100), 5) == b"anybody?"
    writer.close()


async def test_a_reset_ends_connections_and_refuses_new_ones(network):
    proxy, port = network
    _, streams = await _answer(port)
    await proxy.cut(os.getpid(), "reset")
    with pytest.raises(ConnectionError):
        await _answer(port, streams)
    try:
        answer, (_, writer) = await _answer(port)
        writer.close()
        assert answer == b""
    except ConnectionError:
        pass
    await proxy.heal(os.getpid())
    answer, (_, writer) = await _answer(port)
    assert answer == b"hello"
    writer.close()


async def test_another_process_is_not_cut_off(network):
    proxy, port = network
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OTHER, str(port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    await proxy.cut(os.getpid(), "silence")
    assert other.stdin
    assert other.stdout
    other.stdin.write(b"still here\n")
    assert await asyncio.wait_for(other.stdout.readline(), 10) == b"still here\n"
    other.stdin.close()
    await other.wait()


@pytest.mark.parametrize("how", ["deaf", "mute"])
async def test_a_cut_of_one_way_lets_the_other_way_through(how):
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            heard.append(data)
            writer.write(data)
        writer.close()

    server, front = await asyncio.start_server(answer, "127.0.0.1", 0), free_port()
    async with Network([(front, server.sockets[0].getsockname()[1])]) as network:
        _, (reader, writer) = await _answer(front)
        await network.cut(os.getpid(), how)
        writer.write(b"anybody?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.3)
        assert heard == ([b"hello", b"anybody?"] if how == "deaf" else [b"hello"])
        await network.heal(os.getpid())
        assert await asyncio.wait_for(reader.read(100), 5) == b"anybody?"
        writer.close()
    server.close()
