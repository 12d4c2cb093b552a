"""A TCP proxy that can be slow or hold what is sent, between clients and a broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 1 << 16


@dataclass
class SlowLink:
    """Passes bytes on.

    Attributes:
        delay_s: That every chunk from the broker waits.
    """

    target: str
    delay_s: float = 0.0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _free: asyncio.Event = field(default_factory=asyncio.Event)
    _held: list[asyncio.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._free.set()

    def hold(self) -> None:
        """Pass nothing on to the broker that comes by connections which are open now."""
        self._free.clear()
        self._held.append(self._free)
        self._free = asyncio.Event()
        self._free.set()

    def release(self) -> None:
        """Pass on what was held."""
        for free in self._held:
            free.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        host, _, port = self.target.rpartition(":")
        theirs, ours = await asyncio.open_connection(host, int(port))
        self._open |= {writer, ours}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, ours, self._free))
                group.create_task(self._pass(theirs, writer))
        finally:
            self._open -= {writer, ours}

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, free: asyncio.Event | None = None
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if free is not None:
                    await free.wait()
                elif self.delay_s:
                    await asyncio.sleep(self.delay_s)
                target.write(data)
                await target.drain()
        target.close()

    def close(self) -> None:
        """Close every connection."""
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def slow_link(port: int, target: str) -> AsyncIterator[SlowLink]:
    """Listen on a port of this machine for a broker at `target`, which has to advertise that port."""
    link = SlowLink(target)
    server = await asyncio.start_server(link.serve, "127.0.0.1", port)
    try:
        yield link
    finally:
        server.close()
        link.close()
        await asyncio.sleep(0.1)
