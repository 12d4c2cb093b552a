"""The network between workers and brokers, as the faults handle it."""

import asyncio
import subprocess
import sys
from typing import Self

from tests.chaos.proxy import How


class Network:
    """The proxy's process; an async context manager.

    Args:
        pairs: (port for the workers, port of the broker).
    """

    def __init__(self, pairs: list[tuple[int, int]]) -> None:
        self._pairs = pairs
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.proxy", *(f"{listen}:{target}" for listen, target in self._pairs),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()

    async def cut(self, pid: int, how: How) -> None:
        """Cut a process off from all brokers."""
        await self._say(f"cut {pid} {how}")

    async def heal(self, pid: int) -> None:
        """Let it reach them again."""
        await self._say(f"heal {pid}")

    async def _say(self, line: str) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n".encode())
        await self._answer()

    async def _answer(self) -> None:
        assert self._process
        assert self._process.stdout
        answer = await asyncio.wait_for(self._process.stdout.readline(), 20)
        if answer != b"ok\n":
            raise RuntimeError(f"the proxy ended: {answer!r}")
