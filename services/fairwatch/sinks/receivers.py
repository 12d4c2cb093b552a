"""The file receivers.yaml: who is told, how, and how persistently."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration
from fairwatch.sinks.sink import Sink
from fairwatch.sinks.webhook import Webhook

Severity = Literal["UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"]


class Strict(BaseModel):
    """A model in which a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WebhookOptions(Strict):
    """Where a webhook goes. `url_env: NAME` reads the variable NAME or the file that NAME_FILE names."""

    url: str | None = None
    url_file: Path | None = None
    url_env: str | None = None
    secret_file: Path | None = None
    secret_env: str | None = None
    timeout: Duration = timedelta(seconds=5)
    ca_file: Path | None = None
    allow_plain_http: bool = Field(default=False, description="http:// to other machines than this one")

    @model_validator(mode="after")
    def _says_each_once(self) -> "WebhookOptions":
        if sum(value is not None for value in (self.url, self.url_file, self.url_env)) != 1:
            raise ValueError("exactly one of url, url_file and url_env must be given")
        if (self.secret_file is None) == (self.secret_env is None):
            raise ValueError("exactly one of secret_file and secret_env must be given")
        return self


class ReceiverOptions(Strict):
    """One receiver."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    webhook: WebhookOptions
    max_attempts: int | None = Field(default=None, ge=1, le=1_000_000)
    give_up_after: Duration = timedelta(hours=72)
    fallback: str | None = Field(default=None, description="who is told what this one did not take in time")
    send_resolved: bool = Field(default=True, description="whether it is told of ends")
    min_severity: Severity = "UNKNOWN"
    backoff: Duration = timedelta(seconds=1)
    backoff_max: Duration = timedelta(minutes=5)
    concurrency: int = Field(default=8, ge=1, le=256)


class Receivers(Strict):
    """The file."""

    receivers: tuple[ReceiverOptions, ...]

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
    send_resolved: bool = True
    min_severity: Severity = "UNKNOWN"
    backoff: int = 1_000_000
    backoff_max: int = 300_000_000
    concurrency: int = 8


def read_receivers(path: Path, clock: Clock, environment: Mapping[str, str] = os.environ) -> dict[str, Receiver]:
    """Read receivers.yaml and open each sink.

    Raises:
        ConfigurationError: Names file, receiver and what is missing; never an address or a secret.
    """
    receivers = {}
    for options in read_yaml(path, Receivers).receivers:
        try:
            sink = _webhook(options.webhook, clock, environment)
        except (ConfigurationError, OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigurationError(f"{path}: receiver {options.name!r}: {reason}") from error
        receivers[options.name] = Receiver(
            name=options.name,
            sink=sink,
            max_attempts=options.max_attempts,
            give_up_after=options.give_up_after // timedelta(microseconds=1),
            fallback=options.fallback,
            send_resolved=options.send_resolved,
            min_severity=options.min_severity,
            backoff=options.backoff // timedelta(microseconds=1),
            backoff_max=options.backoff_max // timedelta(microseconds=1),
            concurrency=options.concurrency,
        )
    return receivers


def _webhook(options: WebhookOptions, clock: Clock, environment: Mapping[str, str]) -> Webhook:
    return Webhook(
        options.url or _look_up("webhook.url", options.url_file, options.url_env, environment),
        _look_up("webhook.secret", options.secret_file, options.secret_env, environment),
        clock,
        timeout_s=options.timeout.total_seconds(),
        ca_file=options.ca_file,
        allow_plain_http=options.allow_plain_http,
    )


def _look_up(what: str, file: Path | None, variable: str | None, environment: Mapping[str, str]) -> str:
    if variable and not environment.get(variable):
        twin = environment.get(f"{variable}_FILE")
        file = Path(twin) if twin else None
    text = environment.get(variable or "", "") if file is None else _content(what, file)
    if not text.strip():
        raise ConfigurationError(
            f"{what}: set {variable} or {variable}_FILE" if variable else f"{what}: {file} is empty"
        )
    return text.strip()


def _content(what: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{what}: cannot read {file}") from error
