"""Why an alert is held back now: the first reason of those that there are."""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.ports import Reference
from fairwatch.policy.inhibition import Inhibitors
from fairwatch.policy.matchers import Labels, labels_of
from fairwatch.policy.mute_times import MuteTimes
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.silencing import Silences
from fairwatch.sinks.holding import Hold


class Muting:
    """Asks everything that may hold an alert back.

    Args:
        quiet: How long who may silence, and which alerts inhibit others.
        silences: What people silenced; None for nothing.
        inhibitions: Which open alerts inhibit others; None for none.
        devices: Whose recorder or platform is which; None where that is not known.
        times: When rules tell nobody; None for never.
    """

    def __init__(
        self,
        quiet: Quiet,
        silences: Reference | None = None,
        inhibitions: Reference | None = None,
        devices: Reference | None = None,
        times: MuteTimes | None = None,
    ) -> None:
        self._times = times
        self._silences = Silences(silences, quiet) if silences else None
        self._inhibitors = Inhibitors(inhibitions, quiet.inhibit) if inhibitions and quiet.inhibit else None
        self._devices = devices

    @property
    def version(self) -> int:
        """Grow at each change of what holds back."""
        return sum(one.version for one in (self._silences, self._inhibitors, self._times) if one)

    def next_start(self, now: int) -> int | None:
        """Return when something begins to hold back that does not yet, in microseconds."""
        return self._silences.next_start(now) if self._silences else None

    def judge(self, alert: Mapping[str, Any], now: int) -> Hold | None:
        """Return why an alert is held back, or None."""
        if self._times is not None and (until := self._times.until(alert, now)) is not None:
            return Hold("muted", alert["rule"], until)
        silences, inhibitors = self._silences, self._inhibitors
        silenced, inhibited = silences and silences.any_at(now), inhibitors and inhibitors.any
        if not (silenced or inhibited):
            return None
        labels = self._labels(alert)
        if silences and silenced and (silence := silences.holding(labels, now)):
            return Hold("silenced", silence.silence_id, silence.expires_at, silence.starts_at)
        if inhibitors and inhibited and (source := inhibitors.holding(labels, now)):
            return Hold("inhibited", source.alert_id, source.expires_at)
        return None

    def _labels(self, alert: Mapping[str, Any]) -> Labels:
        if self._devices is None:
            return labels_of(alert)
        known = [self._devices.get(device) for device in alert.get("device_ids", ())]
        return labels_of({**alert, "parent_ids": [(one or {}).get("parent_id") or "" for one in known]})
