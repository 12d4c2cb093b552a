"""A TCP proxy between workers and brokers that cuts off one process: by reset, by silence, or one way only.

A program of its own, so that it takes no time from the load: `python -m tests.chaos.proxy LISTEN:TARGET…` with ports of
the loopback interface; lines `cut PID reset|silence|deaf|mute` and `heal PID` on standard input are answered by `ok`.
"""

import asyncio
import socket
import struct
import sys
from typing import Literal, cast

import psutil

How = Literal["reset", "silence", "deaf", "mute"]  # deaf: hears no answer; mute: its requests do not arrive
HOST = "127.0.0.1"


class Side(asyncio.Protocol):
    """One end of a connection; hands on to the other what it receives.

    Attributes:
        port: Of the peer, on the side of the worker.
    """

    def __init__(self, proxy: "Proxy", other: "Side | None" = None) -> None:
        self.proxy = proxy
        self.other = other
        self.transport: asyncio.Transport | None = None
        self.port = 0
        self.held = False
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        for data in self._early:
            self.transport.write(data)
        self._early.clear()

    def data_received(self, data: bytes) -> None:
        if self.other:
            self.other.send(data)

    def send(self, data: bytes) -> None:
        """Write, now or once connected."""
        if self.transport is None:
            self._early.append(data)
        elif not self.transport.is_closing():
            self.transport.write(data)

    def pause_writing(self) -> None:
        if self.other:
            self.other.read(on=False)

    def resume_writing(self) -> None:
        if self.other and not self.other.held:
            self.other.read(on=True)

    def read(self, *, on: bool) -> None:
        """Go on or stop receiving."""
        if self.transport and not self.transport.is_closing():
            (self.transport.resume_reading if on else self.transport.pause_reading)()

    def connection_lost(self, error: Exception | None) -> None:
        if self.other and self.other.transport:
            self.other.transport.abort() if error else self.other.transport.close()


class Accepted(Side):
    """The worker's end."""

    def __init__(self, proxy: "Proxy", target: int) -> None:
        super().__init__(proxy)
        self.target = target
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.port = transport.get_extra_info("peername")[1]
        self.proxy.sides.add(self)
        how = self.proxy.cut_of(self.port)
        if how:
            self.cut(how)
        if how != "reset":
            self.task = asyncio.create_task(self._connect(held=how in ("deaf", "silence")))

    async def _connect(self, *, held: bool) -> None:
        other = self.other = Side(self.proxy, self)
        other.held = held
        try:
            await asyncio.get_running_loop().create_connection(lambda: other, HOST, self.target)
            if other.held:  # cut off before it was connected
                other.read(on=False)
        except OSError:
            if self.transport:
                self.transport.abort()

    def cut(self, how: How) -> None:
        """Reset the connection, or let nothing through."""
        if how == "reset":
            for side in (self, self.other):
                if side and side.transport:
                    end = side.transport.get_extra_info("socket")
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no FIN
                    side.transport.abort()
            return
        for side in (self if how != "deaf" else None, self.other if how != "mute" else None):
            if side:
                side.held = True
                side.read(on=False)

    @property
    def is_cut(self) -> bool:
        """Whether anything waits, in either direction."""
        return self.held or (self.other is not None and self.other.held)

    def heal(self) -> None:
        """Let through what waited."""
        for side in (self, self.other):
            if side:
                side.held = False
                side.read(on=True)

    def connection_lost(self, error: Exception | None) -> None:
        self.proxy.sides.discard(self)
        super().connection_lost(error)


class Proxy:
    """All listeners and connections."""

    def __init__(self) -> None:
        self.sides: set[Accepted] = set()
        self._cuts: dict[int, How] = {}

    async def listen(self, port: int, target: int) -> asyncio.Server:
        """Hand on what comes to a port to another."""
        return await asyncio.get_running_loop().create_server(lambda: Accepted(self, target), HOST, port)

    def cut_of(self, port: int) -> How | None:
        """Return how the process at the other end of a connection is cut off, if it is."""
        return next((how for pid, how in self._cuts.items() if port in ports_of(pid)), None)

    def cut(self, pid: int, how: How) -> None:
        """Cut off a process: its connections now, and those that it makes."""
        self._cuts[pid] = how
        ports = ports_of(pid)
        for side in [side for side in self.sides if side.port in ports]:
            side.cut(how)

    def heal(self, pid: int) -> None:
        """Undo a cut."""
        if self._cuts.pop(pid, None) not in (None, "reset"):
            for side in [side for side in self.sides if side.is_cut]:
                side.heal()


def ports_of(pid: int) -> set[int]:
    """Return the local TCP ports of a process; none when it is gone."""
    try:
        return {link.laddr.port for link in psutil.Process(pid).net_connections("tcp") if link.laddr}
    except psutil.Error:
        return set()


async def serve(pairs: list[tuple[int, int]]) -> None:
    """Listen until standard input ends."""
    proxy = Proxy()
    servers = [await proxy.listen(*pair) for pair in pairs]
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sys.stdout.write("ok\n")
    sys.stdout.flush()
    while line := (await reader.readline()).decode().split():
        match line:
            case ["cut", pid, "reset" | "silence" | "deaf" | "mute" as how]:
                proxy.cut(int(pid), how)
            case ["heal", pid]:
                proxy.heal(int(pid))
        sys.stdout.write("ok\n")
        sys.stdout.flush()
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(serve([(int(a), int(b)) for a, _, b in (pair.partition(":") for pair in sys.argv[1:])]))
