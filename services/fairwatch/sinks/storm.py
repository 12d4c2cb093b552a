"""How many messages a receiver gets: what is beyond that goes to a digest, unless it is severe enough."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from fairwatch.policy.alert_content import SEVERITIES
from fairwatch.policy.quiet import MICROSECOND, StormLimit

KEYS_SWEPT = 10_000  # windows remembered, before those in which nothing was told any more are forgotten


class StormControl:
    """Windows of what was told lately, by rule, site and receiver.

    They are this worker's own: of a limit each worker has the share of the partitions that it owns.

    Args:
        limits: Of quiet.yaml.
        partitions: How many partitions of alerts there are; 0 where that is not known.
    """

    def __init__(self, limits: Sequence[StormLimit], partitions: int = 0) -> None:
        self._limits = limits
        self._partitions = partitions
        self._owned = partitions
        self._told: dict[tuple[int, tuple[str, ...]], deque[int]] = {}
        self.pause = max((limit.within // MICROSECOND for limit in limits), default=0)

    @property
    def is_on(self) -> bool:
        """Whether there is any limit."""
        return bool(self._limits)

    def share(self, owned: int) -> None:
        """Take as much of each limit as the partitions that are owned make up."""
        self._owned = owned

    def admits(self, alert: Mapping[str, Any], receiver: str, now: int) -> bool:
        """Tell whether an alert may be told now, and count it if so; one place of each limit is the digest's."""
        windows = [
            (limit, self._window(number, limit, alert, receiver, now)) for number, limit in enumerate(self._limits)
        ]
        severity = SEVERITIES.index(alert.get("severity", "UNKNOWN"))
        if any(
            len(window) >= self._most(limit) - 1 and severity < SEVERITIES.index(limit.bypass)
            for limit, window in windows
        ):
            return False
        for _, window in windows:
            window.append(now)
        return True

    def _most(self, limit: StormLimit) -> int:
        if not self._partitions:
            return limit.most
        return max(1, limit.most * self._owned // self._partitions)

    def _window(self, number: int, limit: StormLimit, alert: Mapping[str, Any], receiver: str, now: int) -> deque[int]:
        if len(self._told) > KEYS_SWEPT:
            self._told = {key: window for key, window in self._told.items() if window and window[-1] > now - self.pause}
        values = {"rule": alert["rule"], "site_id": alert.get("site_id") or "", "receiver": receiver}
        window = self._told.setdefault((number, tuple(values[name] for name in limit.per)), deque())
        begin = now - limit.within // MICROSECOND
        while window and not begin < window[0] <= now:  # a time that is ahead was told by a clock that was
            window.popleft()
        return window
