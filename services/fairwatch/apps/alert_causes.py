"""The causes of an alert, read from their topics: an alert itself names the newest hundred only."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from fairwatch.apps.backtest.state import QuickState
from fairwatch.apps.kafka import codec
from fairwatch.apps.messages import read
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RejectedError
from fairwatch.policy.alert_causes import Row, causes_of
from fairwatch.wire.topics import topics

SLACK = 600_000  # milliseconds: a trigger may lie on its topic before the times that its alert says


def causes(settings: Settings, alert_id: str) -> list[Row]:
    """Return the causes of an alert, the newest first; none where no such alert is on its topic.

    Raises:
        ConfigurationError: A topic is not there.
        RetryableError: No broker answers.
    """
    alert = max(_found(settings, "alerts", alert_id), key=lambda one: int(one["revision"]), default=None)
    return [] if alert is None else causes_known(settings, alert)


def causes_known(settings: Settings, alert: Mapping[str, Any]) -> list[Row]:
    """Return the same of an alert whose newest revision is known."""
    since = min(int(alert["started_at"]), int(alert["received_at"])) // 1000 - SLACK
    return causes_of(alert, _triggers(settings, alert["group"], since), QuickState())


def _found(settings: Settings, topic: str, alert_id: str) -> Iterator[dict[str, Any]]:
    decode, wanted = codec(settings).decode, alert_id.encode()
    for message in read(settings, topic):
        if message.raw.value is not None and wanted in message.raw.value:
            with suppress(RejectedError):
                record = decode(message.raw.value, topics()[topic].record)[1]
                if record["alert_id"] == alert_id:
                    yield record


def _triggers(settings: Settings, group: str, since: int) -> Iterator[dict[str, Any]]:
    decode, key = codec(settings).decode, group.encode()
    for message in read(settings, "alert-triggers", since_ms=max(0, since)):
        if message.raw.key == key and message.raw.value is not None:
            with suppress(RejectedError):
                yield decode(message.raw.value, topics()["alert-triggers"].record)[1]
