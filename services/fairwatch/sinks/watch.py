"""Who watches the deliveries: operators, who hear of a receiver in trouble, and somebody who hears a heartbeat."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from fairwatch.policy.duration import Duration
from fairwatch.sinks.options import Strict


class HeartbeatOptions(Strict):
    """A dead man's switch: who gets a sign of life, how often, and after how long without progress it stays away."""

    receiver: str
    interval: Duration = Field(default=timedelta(minutes=1), ge=timedelta(seconds=5), le=timedelta(days=1))
    stuck_after: Duration = Field(default=timedelta(minutes=3), ge=timedelta(seconds=10), le=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Watch:
    """Names of receivers, and durations in microseconds; without a heartbeat its receiver is None."""

    operators: tuple[str, ...] = ()
    heartbeat: str | None = None
    interval: int = 60_000_000
    stuck_after: int = 180_000_000
