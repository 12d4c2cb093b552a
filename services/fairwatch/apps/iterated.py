"""An async generator for those who do not wait: commands, and code that may or may not run inside of an event loop."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def iterated(source: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """Yield what an async generator yields; it runs in a thread of its own, and only while somebody waits for more."""
    with ThreadPoolExecutor(1, "iterated") as pool:
        runner = asyncio.Runner()

        def run(work: Coroutine[Any, Any, T | None]) -> T | None:
            return pool.submit(runner.run, work).result()

        try:
            while (item := run(_next(source))) is not None:
                yield item
        finally:
            run(_close(source))
            pool.submit(runner.close).result()


async def _next(source: AsyncGenerator[T, None]) -> T | None:
    return await anext(source, None)


async def _close(source: AsyncGenerator[T, None]) -> None:
    await source.aclose()
