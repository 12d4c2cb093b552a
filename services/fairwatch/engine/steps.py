"""Where the time of a batch goes."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

from fairwatch.telemetry import metrics

Step = Literal["waiting", "handling", "output", "state", "commit"]
Observe = Callable[[Step, float], None]


def observer(component: str) -> Observe:
    """Return what takes note of the seconds that a step of a batch took."""

    @cache
    def of(step: Step) -> Any:
        return metrics.STEP_SECONDS.labels(component, step)

    return lambda step, seconds: of(step).observe(seconds)
