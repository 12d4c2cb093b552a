"""Where the time of a batch goes."""

from collections.abc import Callable
from typing import Literal

from fairwatch.telemetry import metrics

Step = Literal["waiting", "handling", "output", "state", "commit"]
Observe = Callable[[Step, float], None]


def observer(component: str) -> Observe:
    """Return what takes note of the seconds that a step of a batch took."""
    return lambda step, seconds: metrics.STEP_SECONDS.labels(component, step).observe(seconds)
