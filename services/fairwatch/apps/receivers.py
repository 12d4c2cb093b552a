"""What an operator asks about receivers: does one take alerts, and what became of an alert's deliveries."""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fairwatch.apps.kafka import codec
from fairwatch.apps.links import linked
from fairwatch.apps.messages import read
from fairwatch.apps.pictures import pictures_of
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.sinks.receivers import read_receivers
from fairwatch.sinks.sink import Answer
from fairwatch.wire.topics import topics

TEST = "fairwatch.test"
STATES = ("NEW", "ENDED")


@dataclass(frozen=True, slots=True)
class Tried:
    """One message of a test: what it said, what came back, and after how many seconds."""

    kind: str
    state: str
    answer: Answer
    seconds: float


async def try_receiver(settings: Settings, name: str) -> list[Tried]:
    """Send a marked test message to a receiver, and its end if it was taken, so that nothing stays open there.

    Raises:
        ConfigurationError: There is no such receiver, or its options or secrets are wrong.
    """
    clock, pictures = SystemClock(), pictures_of(settings)
    receivers = read_receivers(settings.config_dir / "receivers.yaml", clock, pictures=pictures, only=name)
    sink = linked(receivers, settings, clock)[name].sink
    alert, tried = test_alert(name, clock.now()), list[Tried]()
    try:
        for revision, state in enumerate(STATES):
            told = {**alert, "state": state, "revision": revision}
            if state == "ENDED":
                told |= {"ended_at": clock.now(), "updated_at": clock.now()}
            began = time.monotonic()
            answer = await sink.send(stable_id("delivery", told["alert_id"], revision, name), told)
            tried.append(Tried(sink.kind, state, answer, time.monotonic() - began))
            if answer.reason != "ok":
                break
    finally:
        await sink.close()
    return tried


def test_alert(name: str, now: int) -> dict[str, Any]:
    """Return an alert that says in every way there is that it is a test; `now` in microseconds."""
    return {
        "alert_id": stable_id(TEST, name, secrets.token_hex(8)),
        "group": f"{TEST}|{name}",
        "revision": 0,
        "state": "NEW",
        "rule": TEST,
        "event_type": "other",
        "title": f"Test of receiver {name}",
        "description": "Fairwatch can reach this receiver. Nothing has happened, and nobody has to do anything.",
        "category": "Infra",
        "severity": "MINOR",
        "urgency": "UNKNOWN",
        "certainty": "UNKNOWN",
        "receivers": [name],
        "started_at": now,
        "updated_at": now,
        "ended_at": None,
        "received_at": now,
        "issued_at": now,
        "count": 1,
        "triggers": [],
        "device_ids": [],
        "exercise": True,
    }


def deliveries_of(settings: Settings, alert_id: str) -> Sequence[dict[str, Any]]:
    """Return every attempt at every delivery of an alert that the topic still holds, in the order of time.

    Raises:
        ConfigurationError: The topic is not there.
        RetryableError: No broker answers.
    """
    return sorted(_deliveries(settings, alert_id), key=lambda delivery: int(delivery["at"]))


def _deliveries(settings: Settings, alert_id: str) -> Iterator[dict[str, Any]]:
    decode, key = codec(settings).decode, alert_id.encode()
    for message in read(settings, "deliveries"):
        if message.raw.key == key and message.raw.value is not None:
            with suppress(RejectedError):
                yield decode(message.raw.value, topics()["deliveries"].record)[1]
