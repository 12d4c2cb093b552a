"""How many records a worker takes at once: as many as it handles in a tenth of a second, within bounds."""

GOAL_S = 0.1  # longer batches would make the next event wait; shorter ones pay for more round trips to the broker


class Appetite:
    """Grows where events are cheap, so that a backlog costs few round trips, and shrinks where they are dear.

    Args:
        most: Never more than these.

    Attributes:
        least: Records that are always taken at once, when there are so many.
    """

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self._most = max(least, most)
        self.limit = least

    def took(self, records: int, seconds: float) -> None:
        """Learn from a batch; one that was not full says little.

        Args:
            records: In it.
            seconds: Of handling. What the broker takes to acknowledge it does not count: that hardly depends on the
                size of a batch, and with a slow broker smaller ones are slower still.

        >>> appetite = Appetite(500, 4000)
        >>> for records, seconds in ((500, 0.025), (2000, 0.05), (4000, 0.4), (1000, 60.0), (3, 0.02)):
        ...     appetite.took(records, seconds)
        ...     print(appetite.limit)
        2000
        4000
        1000
        500
        500
        """
        if records >= self.limit or seconds > GOAL_S:
            wanted = int(records * GOAL_S / max(seconds, 1e-6))
            self.limit = min(max(wanted, self.least), self._most)
