"""The file receivers.yaml: who is told, how, and how persistently."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration
from fairwatch.sinks.apprise import AppriseOptions
from fairwatch.sinks.kafka import KafkaOptions
from fairwatch.sinks.mail import EmailOptions
from fairwatch.sinks.mqtt import MqttOptions
from fairwatch.sinks.options import Pictures, SinkOptions, Strict, Surroundings
from fairwatch.sinks.pagerduty import PagerdutyOptions
from fairwatch.sinks.sink import Sink
from fairwatch.sinks.watch import HeartbeatOptions, Watch
from fairwatch.sinks.webhook import WebhookOptions

Severity = Literal["UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"]
Kind = Literal["webhook", "email", "mqtt", "kafka", "pagerduty", "apprise"]
KINDS: Final[tuple[Kind, ...]] = ("webhook", "email", "mqtt", "kafka", "pagerduty", "apprise")


class ReceiverOptions(Strict):
    """One receiver: its sink's options under the name of their kind, which `kind` may repeat."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    kind: Kind | None = None
    webhook: WebhookOptions | None = None
    email: EmailOptions | None = None
    mqtt: MqttOptions | None = None
    kafka: KafkaOptions | None = None
    pagerduty: PagerdutyOptions | None = None
    apprise: AppriseOptions | None = None
    max_attempts: int | None = Field(default=None, ge=1, le=1_000_000)
    give_up_after: Duration = timedelta(hours=72)
    fallback: str | None = Field(default=None, description="who is told what this one did not take in time")
    alert_after: Duration = Field(default=timedelta(minutes=5), description="operators hear that one waits for so long")
    send_resolved: bool = Field(default=True, description="whether it is told of ends")
    min_severity: Severity = "UNKNOWN"
    backoff: Duration = timedelta(seconds=1)
    backoff_max: Duration = timedelta(minutes=5)
    concurrency: int = Field(default=8, ge=1, le=256)

    @model_validator(mode="after")
    def _has_one_sink(self) -> "ReceiverOptions":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(KINDS)} must be given")
        if self.kind not in (None, given[0]):
            raise ValueError(f"kind is {self.kind}, but the options are those of {given[0]}")
        return self

    @property
    def sink_kind(self) -> Kind:
        """The kind of its sink."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def sink(self) -> SinkOptions:
        """The options of its sink."""
        options: SinkOptions = getattr(self, self.sink_kind)
        return options


class Receivers(Strict):
    """The file."""

    receivers: tuple[ReceiverOptions, ...]
    operators: tuple[str, ...] = Field(default=(), description="who hears of a receiver that takes nothing")
    heartbeat: HeartbeatOptions | None = None

    @model_validator(mode="after")
    def _watchers_are_receivers(self) -> "Receivers":
        names = {receiver.name for receiver in self.receivers}
        if unknown := sorted(set(self.operators) - names):
            raise ValueError(f"operators: {unknown[0]!r} is no receiver")
        beat = self.heartbeat
        if beat is not None and beat.receiver not in names:
            raise ValueError(f"heartbeat: {beat.receiver!r} is no receiver")
        if beat is not None and any(beat.stuck_after <= receiver.sink.timeout for receiver in self.receivers):
            raise ValueError("heartbeat: stuck_after must be longer than every timeout of a receiver")
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Receivers":
        names = [receiver.name for receiver in self.receivers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"receiver {twice[0]!r} is there twice")
        for receiver in self.receivers:
            if receiver.fallback is not None and (receiver.fallback not in names or receiver.fallback == receiver.name):
                raise ValueError(f"receiver {receiver.name!r}: fallback {receiver.fallback!r} is no other receiver")
        return self


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver with its sink open. Durations are microseconds."""

    name: str
    sink: Sink
    max_attempts: int | None = None
    give_up_after: int = 259_200_000_000
    fallback: str | None = None
    alert_after: int = 300_000_000
    send_resolved: bool = True
    min_severity: Severity = "UNKNOWN"
    backoff: int = 1_000_000
    backoff_max: int = 300_000_000
    concurrency: int = 8


def read_receivers(
    path: Path,
    clock: Clock,
    environment: Mapping[str, str] = os.environ,
    pictures: Pictures | None = None,
    only: str | None = None,
) -> dict[str, Receiver]:
    """Read receivers.yaml and open each sink, or only that of one receiver.

    Raises:
        ConfigurationError: Names file, receiver and what is missing; never an address or a secret.
    """
    read = read_yaml(path, Receivers).receivers
    if only is not None and only not in (names := [options.name for options in read]):
        raise ConfigurationError(f"{path}: there is no receiver {only!r}; there are: {', '.join(names)}")
    surroundings = Surroundings(clock, environment, pictures)
    return {options.name: _opened(path, options, surroundings) for options in read if only in (None, options.name)}


def read_watch(path: Path) -> Watch:
    """Read from receivers.yaml who watches the deliveries; ConfigurationError as for the receivers."""
    read = read_yaml(path, Receivers)
    beat, one = read.heartbeat, timedelta(microseconds=1)
    if beat is None:
        return Watch(read.operators)
    return Watch(read.operators, beat.receiver, beat.interval // one, beat.stuck_after // one)


def _opened(path: Path, options: ReceiverOptions, surroundings: Surroundings) -> Receiver:
    try:
        sink = options.sink.open(surroundings)
    except (ConfigurationError, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{path}: receiver {options.name!r}: {reason}") from error
    own: dict[str, Any] = {name: getattr(options, name) for name in ("max_attempts", "fallback", "send_resolved")}
    own |= {name: getattr(options, name) for name in ("min_severity", "concurrency")}
    own |= {
        name: getattr(options, name) // timedelta(microseconds=1)
        for name in ("give_up_after", "alert_after", "backoff", "backoff_max")
    }
    return Receiver(options.name, sink, **own)
