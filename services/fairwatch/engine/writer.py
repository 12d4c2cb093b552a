"""What the pipeline writes through: transactions where the broker has them, one thing after the other elsewhere."""

from collections.abc import Mapping
from typing import Any, Protocol

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.steps import Observe
from fairwatch.engine.submission import Output


class NotWrittenError(RetryableError):
    """The broker has not acknowledged everything.

    Attributes:
        refused: What it refuses for ever.
        left: What is to be written again; everything else is safe.
    """

    def __init__(self, detail: str, refused: list[Output], left: list[Output]) -> None:
        super().__init__(detail)
        self.refused = refused
        self.left = left


class RefusedError(Exception):
    """The broker takes some outputs never (too large).

    Attributes:
        refused: Those.
        left: What has to be written again together with what takes their place; everything else is safe.
    """

    def __init__(self, refused: list[Output], left: list[Output]) -> None:
        super().__init__(f"{len(refused)} outputs are too large, one for {refused[0].topic}")
        self.refused = refused
        self.left = left


class Writer(Protocol):
    """Makes outputs, state and offsets safe.

    Attributes:
        fenced: Nobody else can have written to our state in between.
        observe: Hears how long outputs, state and commits take.
    """

    fenced: bool
    observe: Observe

    async def start(self) -> None:
        """Connect; RetryableError when the broker does not answer."""
        ...

    async def keep(self, outputs: list[Output], rows: list[Output], ends: Mapping[Any, int]) -> None:
        """Return once all of it is safe.

        Args:
            outputs: What follows from events, or from time.
            rows: State that changed with it.
            ends: Next offset to be read of each partition that the events came from.

        Raises:
            NotWrittenError: Not all of it is; it says what has to be written again.
            RefusedError: Some is too large; it says what, and what has to be written again.
            ReleasedError: The partitions are somebody else's by now; nothing took effect.
        """
        ...

    async def settle(self) -> None:
        """Make offsets safe that nothing was written with, as far as the broker takes them now."""
        ...

    def reset(self) -> None:
        """Forget what was read: the partitions have changed hands."""
        ...

    async def close(self) -> None:
        """Give up the connection."""
        ...
