"""PagerDuty, by its Events API v2: an alert of ours is an incident there, under the same key for its whole life."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import orjson
from pydantic import Field, model_validator

from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.clock import Clock
from fairwatch.sinks.http import HttpClient, checked_url
from fairwatch.sinks.options import SinkOptions, Surroundings, Timeout, in_validation
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import headline, one_line, plain

SEVERITIES = {"EXTREME": "critical", "SEVERE": "error", "MODERATE": "warning"}
ENDS = frozenset({"ENDED", "CANCELLED"})
SOURCE = 250
ENQUEUE = "v2/enqueue"


class PagerdutyOptions(SinkOptions):
    """An integration of a service. `url` is another one for its European region, or for a proxy of one's own."""

    looked_up: ClassVar = ("routing_key",)

    routing_key_file: Path | None = None
    routing_key_env: str | None = None
    url: str = "https://events.pagerduty.com"
    timeout: Timeout = timedelta(seconds=10)
    ca_file: Path | None = None
    allow_plain_http: bool = Field(default=False, description="http:// to other machines than this one")

    @model_validator(mode="after")
    def _url_may_be_used(self) -> "PagerdutyOptions":
        in_validation(lambda: checked_url("pagerduty.url", self.url, self.allow_plain_http))
        return self

    def open(self, surroundings: Surroundings) -> "PagerDuty":
        """Return the sink."""
        address = checked_url("pagerduty.url", self.url, self.allow_plain_http)
        client = HttpClient(
            address / ENQUEUE, surroundings.clock, timeout_s=self.timeout.total_seconds(), ca_file=self.ca_file
        )
        return PagerDuty(client, self.look_up("routing_key", surroundings.environment), surroundings.clock)


class PagerDuty:
    """A service at PagerDuty.

    Args:
        client: Posts to its address.
        routing_key: Of the integration.
        clock: For alerts that do not say when they began.
    """

    kind = "pagerduty"

    def __init__(self, client: HttpClient, routing_key: str, clock: Clock) -> None:
        self._client, self._key, self._clock = client, routing_key, clock

    def __repr__(self) -> str:
        return f"PagerDuty({self._client.url.origin()})"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Trigger, acknowledge or resolve the incident of this alert; `dedup_key` is the alert's id."""
        event = {
            "routing_key": self._key,
            "event_action": action(alert),
            "dedup_key": alert["alert_id"],
            "client": "Fairwatch",
            "payload": self._payload(delivery_id, alert),
        }
        return await self._client.post(orjson.dumps(event, default=str), {})

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _payload(self, delivery_id: str, alert: Mapping[str, Any]) -> dict[str, Any]:
        source = alert.get("device_name") or alert.get("site_name") or alert.get("site_id") or "fairwatch"
        return {
            "summary": headline(alert),
            "source": one_line(source, SOURCE),
            "severity": SEVERITIES.get(str(alert.get("severity")), "info"),
            "timestamp": iso_8601(alert.get("started_at") or self._clock.now()),
            "group": one_line(alert.get("site_id") or "", SOURCE),
            "class": one_line(alert.get("event_type") or "", SOURCE),
            "custom_details": {
                "text": plain(alert, delivery_id),
                "delivery_id": delivery_id,
                "revision": alert.get("revision", 0),
                "exercise": bool(alert.get("exercise")),
            },
        }


def action(alert: Mapping[str, Any]) -> str:
    """Return what is to happen with the incident."""
    if alert.get("state") in ENDS:
        return "resolve"
    return "acknowledge" if alert.get("acknowledged_by") else "trigger"
