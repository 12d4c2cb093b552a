"""How many messages a receiver gets: what is beyond that goes to a digest, unless it is severe enough."""

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State
from fairwatch.domain.taken_back import Returns
from fairwatch.policy.alert_content import SEVERITIES
from fairwatch.policy.quiet import MICROSECOND, StormLimit

KEYS_SWEPT = 10_000  # windows remembered, before those in which nothing was told any more are forgotten
STEPS = 60  # into which a window is divided where it is kept
KEPT = f"{HIDDEN}storm|"  # begins the keys of windows, beside the ledgers

Claim = Literal["plain", "behind", "end", "sure"]


class StormControl:
    """Windows of what was told lately, by rule, site and receiver.

    Each partition keeps what was told of its alerts in its state, to a sixtieth of the window, so that a worker that
    starts anew, or takes a partition over, goes on counting. Of a limit each worker has the share of the partitions
    that it owns.

    Args:
        limits: Of quiet.yaml.
        partitions: How many partitions of alerts there are; 0 where that is not known.
        state: Where windows are kept; None to forget them with the worker.
    """

    def __init__(self, limits: Sequence[StormLimit], partitions: int = 0, state: State | None = None) -> None:
        self._limits = limits
        self._partitions = partitions
        self._owned = partitions
        self.state = state
        self._told: dict[str, dict[int, deque[int]]] = {}  # times by window and partition
        self._read: set[int] = set()
        self._returns = None if state is None else Returns(state)
        self._fresh: list[tuple[str, int]] = []  # windows of a batch that was not saved
        self.pause = max((limit.within // MICROSECOND for limit in limits), default=0)

    @property
    def is_on(self) -> bool:
        """Whether there is any limit."""
        return bool(self._limits)

    def share(self, owned: Sequence[int], now: int) -> None:
        """Take as much of each limit as the partitions that are owned make up, and what was told of these alone."""
        self._owned = len(owned)
        self._drop(self._read - set(owned))
        for partition in owned if self._limits else ():
            self._restore(partition, now)

    def _drop(self, partitions: Collection[int]) -> None:
        self._read.difference_update(partitions)
        for times in self._told.values() if partitions else ():
            for partition in partitions:
                times.pop(partition, None)

    def begin(self) -> None:
        """Begin a batch or tick: what the last one had not saved, because it failed, was not told."""
        for name, partition in self._fresh:
            if times := self._told.get(name, {}).get(partition):
                times.pop()
        self._fresh = []

    def save(self) -> None:
        """Keep the windows that changed."""
        fresh, self._fresh = dict.fromkeys(self._fresh), []
        if self.state is None:
            return
        for name, partition in fresh:
            step = self._step(name)
            steps = Counter(at // step for at in self._told.get(name, {}).get(partition, ()))
            self.state.put(partition, KEPT + name, {"steps": sorted(steps.items())})

    def admits(
        self,
        alert: Mapping[str, Any],
        receiver: str,
        now: int,
        partition: int = 0,
        claim: Claim = "plain",
    ) -> bool:
        """Tell whether an alert may be told now, and count it if so; one place of each limit is the digest's.

        Args:
            alert: A revision.
            receiver: Whom it is for.
            now: Our clock, in microseconds.
            partition: Of the alert.
            claim: `behind` where ends wait, so that half of the places are theirs; `end` for one of these, which has
                one place at least; `sure` for what is told at all events.
        """
        self._restore(partition, now)
        names = [_name(number, limit, alert, receiver) for number, limit in enumerate(self._limits)]
        severity = SEVERITIES.index(alert.get("severity", "UNKNOWN"))
        if claim != "sure" and any(
            self._count(name, limit, now) >= self._places(limit, claim) and severity < SEVERITIES.index(limit.bypass)
            for name, limit in zip(names, self._limits, strict=True)
        ):
            return False
        for name in names:
            self._told.setdefault(name, {}).setdefault(partition, deque()).append(now)
            self._fresh.append((name, partition))
        return True

    def _places(self, limit: StormLimit, claim: Claim) -> int:
        places = self._most(limit) - 1
        if claim == "behind":
            return places - places // 2
        return max(1, places) if claim == "end" else places

    def _most(self, limit: StormLimit) -> int:
        if not self._partitions:
            return limit.most
        return max(1, limit.most * self._owned // self._partitions)

    def _count(self, name: str, limit: StormLimit, now: int) -> int:
        """Return how many were told within a window; a time that is ahead was told by a clock that was."""
        begin = now - limit.within // MICROSECOND
        windows = self._told.get(name, {}).values()
        for times in windows:
            while times and not begin < times[0] <= now:
                times.popleft()
        return sum(map(len, windows))

    def _restore(self, partition: int, now: int) -> None:
        """Read the windows of a partition that was not ours before; forget those in which nothing is told any more."""
        if len(self._told) > KEYS_SWEPT:
            self._told = {name: some for name, some in self._told.items() if _latest(some) > now - self.pause}
        came = self._returns is not None and self._returns.of(partition)
        if partition in self._read and not came:
            return
        self._drop([partition])
        self._read.add(partition)
        for key, value in list(self.state.items(partition)) if self.state is not None else ():
            if not key.startswith(KEPT):
                continue
            name = key.removeprefix(KEPT)
            step = self._step(name)
            times = [min((at + 1) * step, now) for at, count in value["steps"] for _ in range(count) if step]
            if self.state is not None and (not step or not times or times[-1] <= now - self.pause):
                self.state.delete(partition, key)
            else:
                self._told.setdefault(name, {})[partition] = deque(times)

    def _step(self, name: str) -> int:
        """Return the length of a step of a window in microseconds; 0 for a limit that is not there any more."""
        number, _, rest = name.partition("|")
        known = {_prefix(each, limit): limit for each, limit in enumerate(self._limits)}
        limit = known.get(f"{number}|{rest.partition('|')[0]}")
        return 0 if limit is None else max(1, limit.within // MICROSECOND // STEPS)


def _name(number: int, limit: StormLimit, alert: Mapping[str, Any], receiver: str) -> str:
    """Return the name of a window: its limit, then what it is of."""
    values = {"rule": alert["rule"], "site_id": alert.get("site_id") or "", "receiver": receiver}
    return "|".join((_prefix(number, limit), *(values[name] for name in limit.per)))


def _prefix(number: int, limit: StormLimit) -> str:
    """Return what tells a limit from others, also from those of an earlier quiet.yaml."""
    return f"{number}|{limit.within // MICROSECOND}.{'.'.join(limit.per)}"


def _latest(times: Mapping[int, deque[int]]) -> int:
    return max((some[-1] for some in times.values() if some), default=0)
