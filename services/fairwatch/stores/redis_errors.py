"""What the stores in Redis share: its failures as ours, and its bytes as text."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.exceptions import RedisError

from fairwatch.domain.errors import RetryableError


@asynccontextmanager
async def reachable(name: str) -> AsyncIterator[None]:
    """Turn a failure of Redis into RetryableError that names the store."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise RetryableError(f"the {name} cannot be reached: {type(error).__name__}: {error}") from error


def text(value: Any) -> str:
    """Return what Redis answered as text, whichever way the client decodes."""
    return value.decode() if isinstance(value, bytes) else str(value)
