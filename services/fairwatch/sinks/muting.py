"""Why an alert is held back now: the first reason of those that there are."""

from collections.abc import Mapping
from typing import Any

from fairwatch.policy.matchers import labels_of
from fairwatch.policy.silencing import Silences
from fairwatch.sinks.holding import Hold


class Muting:
    """Asks everything that may hold an alert back.

    Args:
        silences: What people silenced; None for nothing.
    """

    def __init__(self, silences: Silences | None = None) -> None:
        self._silences = silences

    @property
    def version(self) -> int:
        """Grow at each change of what holds back."""
        return self._silences.version if self._silences else 0

    def next_start(self, now: int) -> int | None:
        """Return when something begins to hold back that does not yet, in microseconds."""
        return self._silences.next_start(now) if self._silences else None

    def judge(self, alert: Mapping[str, Any], now: int) -> Hold | None:
        """Return why an alert is held back, or None."""
        if self._silences is None or not (self._silences.any_at(now)):
            return None
        found = self._silences.holding(labels_of(alert), now)
        return Hold("silenced", found.silence_id, found.expires_at) if found else None
