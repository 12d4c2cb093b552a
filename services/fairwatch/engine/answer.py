"""What became of some events."""

from fairwatch.domain.errors import RejectedError
from fairwatch.engine.submission import Output


class Answer:
    """What became of some events: outputs, reasons to skip, and the dead by place in the batch."""

    __slots__ = ("dead", "outputs", "skips", "topics")

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.topics: list[str] = []
        self.skips: list[str] = []
        self.dead: dict[int, RejectedError] = {}

    def add(self, other: "Answer") -> None:
        """Take in the answer to further events."""
        self.outputs += other.outputs
        self.topics += other.topics
        self.skips += other.skips
        self.dead |= other.dead
