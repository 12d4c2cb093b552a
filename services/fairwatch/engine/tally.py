"""What one worker did so far, for metrics and heartbeats."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence

from fairwatch.domain.event import Event
from fairwatch.telemetry import metrics
from fairwatch.wire.headers import recorded_at

SAMPLE = 16  # events of a batch whose age is looked at
KEPT = 1000


class Tally:
    """Counts per batch, never per event."""

    def __init__(self, component: str) -> None:
        self.component = component
        self.received = 0
        self.emitted = 0
        self.dead = 0
        self.skipped: Counter[str] = Counter()
        self.lag = 0
        self.facts: dict[str, str] = {}  # what its heartbeat says of the processor besides, such as what it signs with
        self._ages: deque[float] = deque(maxlen=KEPT)
        self._received = metrics.RECEIVED.labels(component)
        self._size = metrics.BATCH_SIZE.labels(component)
        self._seconds = metrics.HANDLE_SECONDS.labels(component)
        self._age = metrics.AGE_SECONDS.labels(component)
        self._device_age = metrics.DEVICE_AGE_SECONDS.labels(component)
        self.retried = metrics.RETRIED.labels(component)
        self.commits = metrics.COMMITS.labels(component)
        self._rebalances = metrics.REBALANCES.labels(component)
        self._paused = metrics.REBALANCE_SECONDS.labels(component)

    def rebalance(self, paused_s: float | None) -> None:
        """Count a rebalance and how long nothing was handled because of it; None for the first one."""
        self._rebalances.inc()
        if paused_s is not None:
            self._paused.observe(paused_s)

    def batch(self, size: int, seconds: float) -> None:
        """Count one batch."""
        self.received += size
        self._received.inc(size)
        self._size.observe(size)
        self._seconds.observe(seconds)

    def emits(self, topics: Iterable[str]) -> None:
        """Count outputs by logical topic."""
        for topic, count in Counter(topics).items():
            self.emitted += count
            metrics.EMITTED.labels(self.component, topic).inc(count)

    def skips(self, reasons: Iterable[str]) -> None:
        """Count events that needed nothing done."""
        for reason, count in Counter(reasons).items():
            self.skipped[reason] += count
            metrics.SKIPPED.labels(self.component, reason).inc(count)

    def deaths(self, reasons: Iterable[str]) -> None:
        """Count dead letters."""
        for reason, count in Counter(reasons).items():
            self.dead += count
            metrics.DEAD.labels(self.component, reason).inc(count)

    def ages(self, events: Sequence[Event], now: int) -> None:
        """Note how old a sample of events is, since the gateway (`ce_recordedtime`) and by the device's own clock."""
        for event in events[:: max(1, len(events) // SAMPLE)]:
            received = recorded_at(event.headers)
            if received is not None:
                age = (now - received) / 1e6
                self._ages.append(age)
                self._age.observe(max(age, 0.0))
            occurred = event.record.get("occurred_at") if event.record else None
            if isinstance(occurred, int):
                self._device_age.observe(max((now - occurred) / 1e6, 0.0))

    def quantile_ms(self, share: float) -> float | None:
        """Return the age below which that share of the last sampled events is; None without events."""
        if not self._ages:
            return None
        ages = sorted(self._ages)
        return round(ages[min(len(ages) - 1, int(share * len(ages)))] * 1000, 1)
